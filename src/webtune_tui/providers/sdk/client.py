"""One adapter for every address that speaks OpenAI's fine-tuning API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import openai

from webtune_tui.domain import clock
from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import (
    ClosedForTuning,
    InvalidInput,
    TryLater,
    WorkFailed,
)
from webtune_tui.domain.examples import Message
from webtune_tui.domain.jobs import Checkpoint, JobEvent, JobState, MetricPoint
from webtune_tui.providers.base import (
    BaseModel,
    Capabilities,
    ChatDelta,
    ChatEnd,
    HeldOutLoss,
    JobSpec,
    RemoteJob,
)
from webtune_tui.providers.sdk.errors import translate, translate_paid, unknown_outcome

RUN_ID = "webtune_job"  # the metadata key under which a job carries our own id
_STATES = {
    "validating_files": JobState.VALIDATING,
    "queued": JobState.QUEUED,
    "running": JobState.RUNNING,
    "paused": JobState.PAUSED,
    "pausing": JobState.PAUSED,
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
}
_METRICS = (
    "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy",
    "full_valid_loss", "full_valid_mean_token_accuracy", "learning_rate",
)  # fmt: skip
_PAGE = 100
_MOST_PAGES = 200


class OpenAICompatibleProvider:
    """A provider over the openai SDK. Reading calls are retried by the SDK, paid ones never.

    Sources: the SDK's own types (3.54.0) and OpenAI's OpenAPI document.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        base_url: str,
        secret: Secret,
        *,
        select_bases: Callable[[Sequence[BaseModel]], Sequence[BaseModel]] = tuple,
    ) -> None:
        self.capabilities = capabilities
        self._select_bases = select_bases
        self.address = base_url
        self._client = openai.AsyncOpenAI(
            api_key=secret.reveal(),
            base_url=base_url,
            max_retries=2,
            timeout=httpx2.Timeout(120, connect=10),
        )
        self._once = self._client.with_options(max_retries=0)

    async def check(self) -> str:
        """Lists the models: proves key and address, costs nothing."""
        with self._translated():
            models = await self._client.models.list()
        return f"{len(models.data)} models"

    async def bases(self) -> Sequence[BaseModel]:
        """Every model of the account that is no tuned one, with its shut-down date where the provider gives it."""
        with self._translated():
            models = await self._client.models.list()
        found = [
            BaseModel(model=model.id, title=model.id, shutdown_date=_extra(model, "shutdown_date"))
            for model in models.data
            if not model.id.startswith("ft:")
        ]
        return self._select_bases(found)

    async def upload(self, path: Path) -> str:
        """Uploads a JSONL file once and waits until it is processed.

        Raises:
            InvalidInput: the provider can't read the file; its words are in the message.
        """
        with self._translated():
            with path.open("rb") as stream:
                sent = await self._once.files.create(file=(path.name, stream), purpose="fine-tune")
            done = await self._client.files.wait_for_processing(sent.id, poll_interval=1, max_wait_seconds=30 * 60)
        if done.status == "error":
            details = _extra(done, "status_details") or "no reason given"
            raise WorkFailed(
                f"{self.capabilities.title} refused {path.name}: {details}",
                hint=f"Check the file: webtune validate {path}",
            )
        return sent.id

    async def find_upload(self, name: str, size: int) -> str | None:
        """An uploaded file of this name and size."""
        with self._translated():
            files = await self._client.files.list(purpose="fine-tune", limit=_PAGE, order="desc")
        return next((file.id for file in files.data if file.filename == name and file.bytes == size), None)

    async def create(self, spec: JobSpec) -> RemoteJob:
        """Sends the create call exactly once; an unreadable reply is an unknown outcome."""
        with self._translated_paid():
            reply = await self._once.fine_tuning.jobs.with_raw_response.create(**self._create_body(spec))
            text = reply.text
        try:
            body = json.loads(text)
            return self._job(body)
        except (ValueError, KeyError, TypeError) as error:
            raise unknown_outcome(self.capabilities.title, f"unreadable reply: {text[:200]!r}") from error

    async def find(self, run_id: str, *, since: str) -> RemoteJob | None:
        """Walks the account's jobs from the newest back to a little before ``since``."""
        earliest = clock.parse_rfc3339(since).timestamp() - 600
        with self._translated():
            pages = await self._client.fine_tuning.jobs.list(limit=_PAGE, metadata={RUN_ID: run_id})
            for _ in range(_MOST_PAGES):
                for job in pages.data:
                    if (job.metadata or {}).get(RUN_ID) == run_id:
                        return self._job(job.model_dump())
                oldest = min((job.created_at for job in pages.data), default=0)
                if not pages.has_next_page() or oldest < earliest:
                    return None
                pages = await pages.get_next_page()
        return None

    async def retrieve(self, provider_job_id: str) -> RemoteJob:
        """The job's present state."""
        with self._translated():
            job = await self._client.fine_tuning.jobs.retrieve(provider_job_id)
        return self._job(job.model_dump())

    async def events(self, provider_job_id: str, *, known: frozenset[str]) -> Sequence[JobEvent]:
        """Reads pages, newest first, until one holds nothing new."""
        fresh: list[JobEvent] = []
        seen: set[str] = set()
        with self._translated():
            page = await self._client.fine_tuning.jobs.list_events(provider_job_id, limit=_PAGE)
            for _ in range(_MOST_PAGES):
                new = [event for event in page.data if event.id not in known and event.id not in seen]
                seen.update(event.id for event in new)
                fresh += [_event(event) for event in new]
                if len(new) < len(page.data) or not new or not page.has_next_page():
                    break
                page = await page.get_next_page()
        return list(reversed(fresh))

    async def metrics(self, provider_job_id: str, events: Sequence[JobEvent]) -> Sequence[MetricPoint]:
        """OpenAI sends measured points inside the events' data."""
        return [point for event in events for point in _points(event.data)]

    async def checkpoints(self, provider_job_id: str) -> Sequence[Checkpoint]:
        """The job's checkpoints by step."""
        with self._translated():
            page = await self._client.fine_tuning.jobs.checkpoints.list(provider_job_id, limit=_PAGE)
        found = [
            Checkpoint(
                checkpoint_id=item.id,
                step=item.step_number,
                model=item.fine_tuned_model_checkpoint,
                metrics={
                    name: value
                    for name, value in item.metrics.model_dump().items()
                    if name != "step" and value is not None
                },
            )
            for item in page.data
        ]
        return sorted(found, key=lambda checkpoint: checkpoint.step)

    async def cancel(self, provider_job_id: str) -> RemoteJob:
        """Asks to cancel; a job that ended meanwhile answers with its true end."""
        try:
            with self._translated():
                job = await self._once.fine_tuning.jobs.cancel(provider_job_id)
            return self._job(job.model_dump())
        except (InvalidInput, TryLater):  # it may have ended at this moment, or the reply was lost
            remote = await self.retrieve(provider_job_id)
            if remote.state.is_final:
                return remote
            raise

    async def pause(self, provider_job_id: str) -> RemoteJob:
        """Asks to pause."""
        with self._translated():
            job = await self._once.fine_tuning.jobs.pause(provider_job_id)
        return self._job(job.model_dump())

    async def resume(self, provider_job_id: str) -> RemoteJob:
        """Asks to go on."""
        with self._translated():
            job = await self._once.fine_tuning.jobs.resume(provider_job_id)
        return self._job(job.model_dump())

    async def chat(
        self, model: str, messages: Sequence[Message], *, max_tokens: int, temperature: float
    ) -> AsyncGenerator[ChatDelta | ChatEnd]:
        """Streams; a stream that stops without a finish reason ends with ``ChatEnd(None)``."""
        finish_reason: str | None = None
        usage: dict[str, int] = {}
        received = False
        try:
            with self._translated():
                body: dict[str, Any] = {
                    "model": model,
                    "messages": [{"role": message.role, "content": message.content} for message in messages],
                    "max_tokens": max_tokens,
                    "temperature": temperature,
                    "stream": True,
                    "stream_options": {"include_usage": True},
                }
                async with await self._once.chat.completions.create(**body) as stream:
                    async for chunk in stream:
                        if chunk.usage is not None:
                            usage = {
                                "prompt_tokens": chunk.usage.prompt_tokens,
                                "completion_tokens": chunk.usage.completion_tokens,
                                "total_tokens": chunk.usage.total_tokens,
                            }
                        for choice in chunk.choices:
                            finish_reason = choice.finish_reason or finish_reason
                            if choice.delta.content:
                                received = True
                                yield ChatDelta(choice.delta.content)
        except httpx2.TransportError:
            if not received:
                raise
        yield ChatEnd(finish_reason, usage)

    async def held_out_losses(
        self, model: str, examples: Sequence[Sequence[Message]], *, sequence_length: int | None = None
    ) -> Sequence[HeldOutLoss]:
        """Hosted providers give no losses for a text of one's own."""
        raise WorkFailed(
            f"{self.capabilities.title} does not measure the loss of given answers",
            hint="Compare the answers instead.",
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

    def _create_body(self, spec: JobSpec) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": spec.base_model,
            "training_file": spec.training_file,
            "seed": spec.seed,
            "metadata": {RUN_ID: spec.run_id},
        }
        if spec.validation_file:
            body["validation_file"] = spec.validation_file
        if spec.suffix:
            body["suffix"] = spec.suffix
        if hyperparameters := self._hyperparameters(spec):
            body["method"] = {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}}
        return body

    def _hyperparameters(self, spec: JobSpec) -> dict[str, Any]:
        """Our names in the provider's words; values that were not chosen are left to it."""
        chosen = spec.hyperparameters.chosen()
        if "epochs" in chosen:
            chosen["n_epochs"] = chosen.pop("epochs")
        return chosen

    def _job(self, body: Mapping[str, Any]) -> RemoteJob:
        raw_state = str(body.get("status") or "")
        error = body.get("error")
        method = body.get("method") or {}
        supervised = (method.get("supervised") or {}) if isinstance(method, Mapping) else {}
        used = {
            **_plain(body.get("hyperparameters")),
            **_plain(supervised.get("hyperparameters")),
        }
        return RemoteJob(
            provider_job_id=str(body["id"]),
            state=_STATES.get(raw_state, JobState.UNKNOWN),
            raw_state=raw_state,
            base_model=str(body.get("model") or ""),
            tuned_model=body.get("fine_tuned_model") or None,
            trained_tokens=body.get("trained_tokens"),
            hyperparameters=used,
            estimated_finish=_time(body.get("estimated_finish")),
            started_at=_time(body.get("created_at")),
            finished_at=_time(body.get("finished_at")),
            message=str(error.get("message") or "") if isinstance(error, Mapping) else "",
        )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except openai.OpenAIError as error:
            raise translate(error, title=self.capabilities.title, key_name=self.capabilities.key_name) from error

    @contextlib.contextmanager
    def _translated_paid(self) -> Iterator[None]:
        try:
            yield
        except openai.PermissionDeniedError as error:
            raise self._closed(error) from error
        except openai.OpenAIError as error:
            raise translate_paid(error, title=self.capabilities.title, key_name=self.capabilities.key_name) from error

    def _closed(self, error: openai.PermissionDeniedError) -> ClosedForTuning:
        words = translate(error, title=self.capabilities.title, key_name=self.capabilities.key_name).message
        return ClosedForTuning(
            f"{words}. {self.capabilities.note}".strip(),
            hint="Nothing was charged. Train here instead: webtune train --provider local",
        )


def _event(event: Any) -> JobEvent:
    data = event.data if isinstance(event.data, Mapping) else {}
    return JobEvent(
        event_id=event.id,
        time=clock.rfc3339(event.created_at),
        level=str(event.level or "info"),
        message=str(event.message or ""),
        data=dict(data),
    )


def _points(data: Mapping[str, Any]) -> Iterator[MetricPoint]:
    step = data.get("step")
    if not isinstance(step, int):
        return
    for name in _METRICS:
        if name in data:
            value = data[name]
            yield MetricPoint(step, name, float(value) if isinstance(value, int | float) else None)


def _plain(values: object) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v is not None} if isinstance(values, Mapping) else {}


def _time(seconds: object) -> str | None:
    return clock.rfc3339(seconds) if isinstance(seconds, int | float) and seconds > 0 else None


def _extra(model: Any, name: str) -> Any:
    """A field that the SDK's type may not declare."""
    return getattr(model, name, None) or (model.model_extra or {}).get(name)
