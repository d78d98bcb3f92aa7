"""Fine-tuning: estimate, start once, watch, cancel; jobs outlive the program."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.costs import Estimate, OperationState
from webtune_tui.domain.errors import (
    CapExceeded,
    InvalidInput,
    NotFound,
    Offline,
    OutcomeUnknown,
    RateLimited,
    ServiceUnavailable,
    UsageError,
    WebtuneError,
)
from webtune_tui.domain.events import JobChanged, JobReported, Noted, Progressed, TrainEvent
from webtune_tui.domain.examples import Split
from webtune_tui.domain.jobs import (
    Checkpoint,
    Hyperparameters,
    Job,
    JobEvent,
    JobState,
    LossSummary,
    MetricPoint,
)
from webtune_tui.providers import local
from webtune_tui.providers.base import BaseModel, Capabilities, JobSpec, Provider, RemoteJob
from webtune_tui.services import base_models
from webtune_tui.services.curate import CurateService
from webtune_tui.services.edit_leaks import without_edit_leaks
from webtune_tui.services.export import ExportService
from webtune_tui.services.money import MoneyService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.services.stepwise import in_thread
from webtune_tui.services.upload_check import checked_for_upload
from webtune_tui.settings import Settings
from webtune_tui.storage.jobs import JobRepository
from webtune_tui.storage.workspace import Workspace

CREATE = "create_job"
DEFAULT_LOCAL_BASE = "smollm2-135m"
_LOCAL_POLL_SECONDS = 1.0
_HOSTED_POLL_SECONDS = 10.0
_LONGEST_WAIT = 60.0


def hyperparameters_from(values: Mapping[str, Any]) -> Hyperparameters:
    """Hyperparameters from names and loosely typed values.

    Raises:
        UsageError: a value is no number.
    """
    known = {field.name for field in dataclasses.fields(Hyperparameters)} - {"extra"}
    chosen: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        number = _number(name, value)
        if name in known and not isinstance(number, str) and not number > 0:
            raise UsageError(f"{name}={number} is no value above 0", hint=f"Example: --set {name}=4")
        (chosen if name in known else extra)[name] = number
    return Hyperparameters(**chosen, extra=extra)


class TrainService:
    """Jobs of a workspace."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        providers: ProviderCatalogue,
        curate: CurateService,
        export: ExportService,
        money: MoneyService,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._providers = providers
        self._curate = curate
        self._export = export
        self._money = money
        self._jobs = JobRepository(workspace.database)

    async def bases(self, provider: str) -> Sequence[BaseModel]:
        """Base models of a provider; for ``local`` also those that can be added."""
        if self._providers.describe(provider).is_local:
            folder = self._providers.models_folder
            present = await asyncio.to_thread(base_models.cached, folder)
            return [*present, *await asyncio.to_thread(base_models.addable, folder)]
        return await (await self._providers.get(provider)).bases()

    async def add_base(self, model: str) -> AsyncGenerator[TrainEvent]:
        """Downloads and converts a base model for local training; ends with Noted."""
        async for event in base_models.add(model, self._providers.models_folder):
            yield event

    async def estimate_as_set(self, version: str | None = None) -> Estimate:
        """The estimate for a version with the provider and the base of the settings, and the usual epochs."""
        provider, base = self._settings.provider, self._settings.base_model
        if not base and self._providers.describe(provider).is_local:
            base = DEFAULT_LOCAL_BASE
        return await self.estimate(provider, base, Hyperparameters(), version)

    async def estimate(
        self, provider: str, base_model: str, hyperparameters: Hyperparameters, version: str | None = None
    ) -> Estimate:
        """Tokens, money, time and memory of a run, with their basis."""
        capabilities = self._providers.describe(provider)
        dataset = await self._curate.version(version)
        per_split = await self._curate.tokens_per_split(dataset.content_hash)
        tokens = per_split.get(Split.TRAIN.value, 0) or dataset.tokens
        examples = dataset.splits.get(Split.TRAIN.value, 0)
        epochs = hyperparameters.epochs or _usual_epochs(examples)
        trained = tokens * epochs
        if hyperparameters.max_steps:
            batch = hyperparameters.batch_size or 4
            share = hyperparameters.max_steps * batch / max(1, examples * epochs)
            trained = int(trained * min(1.0, share))
        if capabilities.is_local:
            return await asyncio.to_thread(self._estimate_here, provider, base_model, trained, epochs, hyperparameters)
        price = self._providers.training_price(provider, base_model)
        return Estimate(
            provider=provider,
            base_model=base_model,
            tokens=trained,
            epochs=epochs,
            cost=trained / 1e6 * price.per_million_tokens if price else None,
            seconds=None,
            memory_bytes=None,
            disk_bytes=None,
            basis=f"tokens x epochs x {price.per_million_tokens} USD per million ({price.source})"
            if price
            else "no price is known for this base",
            prices_dated=price.dated if price else None,
        )

    async def start(
        self,
        *,
        provider: str,
        base_model: str,
        version: str | None = None,
        suffix: str = "",
        seed: int = 0,
        hyperparameters: Hyperparameters | None = None,
    ) -> AsyncGenerator[TrainEvent]:
        """Exports, uploads and creates the job once; ends with JobChanged as soon as the provider has it.

        The very same start that was interrupted, or whose outcome is unknown, is taken up instead of a second one.

        Raises:
            InvalidInput: too few examples, the base is not there, an edit made the test leak, or personal data would
                leave this machine.
            CapExceeded: the estimate goes beyond the cap; nothing was sent.
            OutcomeUnknown: the create's reply was lost; the job stands in the list as unknown.
        """
        capabilities = self._providers.describe(provider)
        chosen = hyperparameters or Hyperparameters()
        dataset = await self._curate.version(version)
        await self._require_trainable(capabilities, base_model, dict(dataset.splits))
        estimate = await self.estimate(provider, base_model, chosen, dataset.content_hash)
        job = Job(
            job_id=f"job-{secrets.token_hex(4)}",
            provider=provider,
            state=JobState.DRAFT,
            base_model=base_model,
            created_at=clock.now(),
            dataset_version=dataset.dataset_version,
            suffix=suffix,
            seed=seed,
            hyperparameters=chosen.chosen(),
            estimated_cost=estimate.cost,
        )
        unfinished = await self._same_start(job)
        if unfinished is not None:
            yield Noted(f"Going on with {unfinished.job_id}, the same start, which is {unfinished.state.value}")
            if await self._was_sent(unfinished):
                yield JobChanged(unfinished)
                yield JobChanged(await self._look_up(unfinished))
                return
            job = unfinished
        await self._require_allowed(estimate)
        await self._providers.get(provider)  # without its key no job is begun
        async with aclosing(in_thread(without_edit_leaks(self._workspace, dataset))) as looking:
            async for compared in looking:
                yield compared
        if not capabilities.is_local:
            async with aclosing(in_thread(checked_for_upload(self._workspace, dataset, provider))) as looking:
                async for seen in looking:
                    yield seen
        await self._save(job)
        async for event in self.resume_start(job.job_id):
            yield event

    async def _require_allowed(self, estimate: Estimate) -> None:
        """Refuses what the cap forbids before anything is sent. Raises CapExceeded."""
        if estimate.cost is None and (cap := (await self._money.balance()).cap) is not None:
            raise CapExceeded(
                f"{estimate.base_model} at {estimate.provider} has no price that is known here, "
                f"and the workspace has a cap of ${cap:,.2f}",
                hint=f"Choose a base with a known price, or remove cap_usd in {self._workspace.settings_path}",
                fields={"estimated_cost": None, "cap": cap},
            )
        await self._money.require_allowed(
            estimate.cost or 0.0, f"Training {estimate.base_model} at {estimate.provider}"
        )

    async def _same_start(self, job: Job) -> Job | None:
        """An earlier start with the same choices that no provider has confirmed yet; ``None`` where there is none."""

        def choices(one: Job) -> tuple[object, ...]:
            asked = dict(one.hyperparameters)
            return (one.provider, one.base_model, one.dataset_version, one.suffix, one.seed, asked)

        for earlier in await self.jobs():
            is_open = earlier.provider_job_id is None and not earlier.state.is_final
            if is_open and choices(earlier) == choices(job):
                return earlier
        return None

    async def resume_start(self, job_id: str) -> AsyncGenerator[TrainEvent]:
        """Goes on with a start that was interrupted; what is done is not done again. Ends with JobChanged."""
        job = await self.job(job_id)
        yield JobChanged(job)
        if job.provider_job_id is not None:
            return
        provider = await self._providers.get(job.provider)
        exported = await self._export.export(version=job.dataset_version)
        job = await self._save(dataclasses.replace(job, state=JobState.UPLOADING))
        yield JobChanged(job)
        for split in (Split.TRAIN.value, Split.VALIDATION.value):
            path = exported.paths.get(split)
            if path is None or split in job.files or not exported.examples.get(split):
                continue
            yield Progressed("uploading", len(job.files), 2, "files", path.name)
            file_id = await self._upload(provider, job, path)
            job = await self._save(dataclasses.replace(job, files={**job.files, split: file_id}))
        job = await self._create(provider, job)
        yield JobChanged(job)

    async def watch(self, job_id: str) -> AsyncGenerator[TrainEvent]:
        """First what is stored, then live until the job is final; an unknown job is looked up first.

        Leaving the iteration leaves the job running. Network faults are told and waited out.
        """
        job = await self.job(job_id)
        yield JobChanged(job)
        stored = await asyncio.to_thread(self._stored_report, job.job_id)
        if stored.events or stored.points or stored.checkpoints:
            yield stored
        if job.provider_job_id is None and not job.state.is_final:
            if await self._was_sent(job):
                job = await self._look_up(job)
                yield JobChanged(job)
            else:
                async for event in self.resume_start(job.job_id):
                    if isinstance(event, JobChanged):
                        job = event.job
                    yield event
        known = {event.event_id for event in stored.events}
        # a job can end before it is polled for the first time; its report is fetched all the same
        is_reported = bool(known) or job.provider_job_id is None
        failures = 0
        while not (job.state.is_final and is_reported):
            try:
                job, fresh = await self._poll(job, frozenset(known))
            except (Offline, ServiceUnavailable, RateLimited) as error:
                failures += 1
                yield Noted(f"{error.message}. The job goes on; trying again.", "warn")
                wait = getattr(error, "retry_after", None) or min(_LONGEST_WAIT, 2.0**failures)
                await asyncio.sleep(min(wait, _LONGEST_WAIT))
                continue
            failures, is_reported = 0, True
            known.update(event.event_id for event in fresh.events)
            if fresh.events or fresh.points or fresh.checkpoints:
                yield fresh
            yield JobChanged(job)
            if not job.state.is_final:
                await asyncio.sleep(self._poll_seconds(job.provider))
        if job.cost is None:
            job = await self._settle(job)
            yield JobChanged(job)

    async def cancel(self, job_id: str) -> Job:
        """Stops a job at its provider; answers its true state."""
        job = await self.job(job_id)
        if job.state.is_final:
            return job
        if job.provider_job_id is None:
            if await self._was_sent(job):
                job = await self._look_up(job)
            else:
                return await self._save(
                    dataclasses.replace(
                        job, state=JobState.CANCELLED, finished_at=clock.now(), message="Cancelled before it was sent"
                    )
                )
        provider = await self._providers.get(job.provider)
        remote = await provider.cancel(str(job.provider_job_id))
        return await self._save(_merged(job, remote))

    async def pause(self, job_id: str) -> Job:
        """Asks the provider to save a checkpoint and stop. Raises UsageError where it can't."""
        return await self._switch(job_id, "pause")

    async def resume(self, job_id: str) -> Job:
        """Goes on with a paused job, or with an interrupted start; one that was sent is looked up, never sent again."""
        job = await self.job(job_id)
        if job.provider_job_id is None and not job.state.is_final:
            if await self._was_sent(job):
                return await self._look_up(job)
            async for event in self.resume_start(job_id):
                if isinstance(event, JobChanged):
                    job = event.job
            return job
        return await self._switch(job_id, "resume")

    async def _switch(self, job_id: str, verb: str) -> Job:
        job = await self.job(job_id)
        capabilities = self._providers.describe(job.provider)
        if not capabilities.pause:
            raise UsageError(f"{capabilities.title} can't {verb} jobs", hint="Cancel it, or let it run.")
        if job.provider_job_id is None or job.state.is_final:
            raise UsageError(f"{job.job_id} is {job.state.value}", hint="Only a running or paused job can do this.")
        provider = await self._providers.get(job.provider)
        remote = await (provider.pause if verb == "pause" else provider.resume)(job.provider_job_id)
        return await self._save(_merged(job, remote))

    async def jobs(self) -> Sequence[Job]:
        """Every job, newest first."""
        return await asyncio.to_thread(self._jobs.all)

    async def job(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        return await asyncio.to_thread(self._jobs.get, job_id)

    async def events(self, job_id: str) -> Sequence[JobEvent]:
        """A job's stored events, oldest first."""
        job = await self.job(job_id)
        return await asyncio.to_thread(self._jobs.events, job.job_id)

    async def points(self, job_id: str) -> Sequence[MetricPoint]:
        """A job's stored metric points by step."""
        job = await self.job(job_id)
        return await asyncio.to_thread(self._jobs.points, job.job_id)

    async def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """A job's checkpoints by step."""
        job = await self.job(job_id)
        return await asyncio.to_thread(self._jobs.checkpoints, job.job_id)

    async def losses(self, job_id: str) -> tuple[LossSummary, LossSummary]:
        """The summaries of the training and of the validation loss."""
        points = await self.points(job_id)
        named: dict[str, list[MetricPoint]] = {}
        for point in points:
            named.setdefault(point.name, []).append(point)
        # the series with more points says more of the curve; the one on the whole split wins a tie
        valid = max(named.get("full_valid_loss", []), named.get("valid_loss", []), key=len)
        return LossSummary.of(named.get("train_loss", [])), LossSummary.of(valid)

    async def _require_trainable(self, capabilities: Capabilities, base_model: str, splits: Mapping[str, int]) -> None:
        examples = splits.get(Split.TRAIN.value, 0)
        if examples < capabilities.minimum_examples:
            raise InvalidInput(
                f"{examples} training examples are too few: {capabilities.title} needs "
                f"at least {capabilities.minimum_examples}",
                hint="Collect or import more records, then run: webtune prepare",
            )
        if not base_model:
            raise UsageError("No base model is chosen", hint="Name one with --base; see: webtune bases")
        if capabilities.is_local:
            local.require_extra()
        if capabilities.is_local and not Path(base_model).is_absolute():
            present = await asyncio.to_thread(base_models.cached, self._providers.models_folder)
            if base_model not in {model.model for model in present}:
                raise InvalidInput(
                    f"The base model {base_model!r} is not on this machine",
                    hint=f"Add it: webtune bases add {base_model}",
                )

    async def _upload(self, provider: Provider, job: Job, path: Path) -> str:
        """Uploads once; a lost reply is settled by looking for the file before sending it again."""
        name = f"{job.job_id}-{path.name}"
        named = await asyncio.to_thread(_linked_as, path, self._workspace.exports / "uploads" / name)
        found = await provider.find_upload(name, named.stat().st_size)
        return found or await provider.upload(named)

    async def _create(self, provider: Provider, job: Job) -> Job:
        created: list[RemoteJob] = []
        spec = JobSpec(
            run_id=job.job_id,
            base_model=job.base_model,
            training_file=job.files[Split.TRAIN.value],
            validation_file=job.files.get(Split.VALIDATION.value),
            suffix=job.suffix,
            seed=job.seed,
            hyperparameters=hyperparameters_from(job.hyperparameters),
        )

        async def send() -> str:
            created.append(await provider.create(spec))
            return created[0].provider_job_id

        try:
            operation = await self._money.perform(
                kind=CREATE,
                service=job.provider,
                address=provider.address,
                subject_id=job.job_id,
                fingerprint=_fingerprint(spec),
                estimate=job.estimated_cost,
                basis="estimate before the start" if job.estimated_cost else "your own hardware, or no price known",
                send=send,
            )
        except OutcomeUnknown as error:
            await self._save(dataclasses.replace(job, state=JobState.UNKNOWN, message=error.message))
            error.fields |= {"job_id": job.job_id, "state": JobState.UNKNOWN.value}
            raise
        except WebtuneError as error:
            if not error.retryable:
                await self._save(
                    dataclasses.replace(job, state=JobState.FAILED, finished_at=clock.now(), message=error.message)
                )
            error.fields |= {"job_id": job.job_id}
            raise
        job = dataclasses.replace(
            job, operation_id=operation.operation_id, provider_job_id=operation.remote_id, state=JobState.QUEUED
        )
        return await self._save(_merged(job, created[0]) if created else job)

    async def _was_sent(self, job: Job) -> bool:
        operation = await self._money.of_subject(job.job_id, CREATE)
        return operation is not None and operation.state in (OperationState.UNKNOWN, OperationState.CONFIRMED)

    async def _look_up(self, job: Job) -> Job:
        """Settles an unknown create by our run id in the provider's own list.

        Raises:
            OutcomeUnknown: the provider does not (yet) show the job; nothing is sent again.
        """
        operation = await self._money.of_subject(job.job_id, CREATE)
        if operation is None:
            raise NotFound(f"{job.job_id} was never sent", hint=f"Start it: webtune jobs resume {job.job_id}")
        provider = await self._providers.get(job.provider)
        if operation.state is OperationState.CONFIRMED and operation.remote_id:
            remote: RemoteJob | None = await provider.retrieve(operation.remote_id)
        else:
            remote = await provider.find(job.job_id, since=operation.sent_at or operation.created_at)
        if remote is None:
            raise OutcomeUnknown(
                f"{job.provider} shows no job with the tag {job.job_id}",
                hint="It may appear later. Look again with jobs watch, or settle it with jobs cancel.",
                fields={"job_id": job.job_id, "state": JobState.UNKNOWN.value},
            )
        if operation.state is not OperationState.CONFIRMED:
            await self._money.resolve(operation.operation_id, remote_id=remote.provider_job_id)
        job = dataclasses.replace(
            job, operation_id=operation.operation_id, provider_job_id=remote.provider_job_id, message=""
        )
        return await self._save(_merged(job, remote))

    async def _poll(self, job: Job, known: frozenset[str]) -> tuple[Job, JobReported]:
        provider = await self._providers.get(job.provider)
        remote = await provider.retrieve(str(job.provider_job_id))
        events = await provider.events(str(job.provider_job_id), known=known)
        points = await provider.metrics(str(job.provider_job_id), events)
        checkpoints = await provider.checkpoints(str(job.provider_job_id))
        merged = _progressed(_merged(job, remote), points, events)
        fresh = JobReported(job.job_id, tuple(events), tuple(points), tuple(checkpoints))
        if not self._workspace.read_only:
            await asyncio.to_thread(self._jobs.report, job.job_id, events, points, checkpoints)
            await self._save(merged)
        return merged, fresh

    async def _settle(self, job: Job) -> Job:
        """Records what the finished job cost."""
        if self._workspace.read_only or job.trained_tokens is None:
            return job
        price = self._providers.training_price(job.provider, job.base_model)
        if price is None:
            return job
        cost = job.trained_tokens / 1e6 * price.per_million_tokens
        await self._money.charge(job.job_id, cost, f"trained tokens at {price.source}", job.operation_id)
        return await self._save(dataclasses.replace(job, cost=cost))

    def _stored_report(self, job_id: str) -> JobReported:
        return JobReported(
            job_id,
            tuple(self._jobs.events(job_id)),
            tuple(self._jobs.points(job_id)),
            tuple(self._jobs.checkpoints(job_id)),
        )

    async def _save(self, job: Job) -> Job:
        if not self._workspace.read_only:
            await asyncio.to_thread(self._jobs.save, job)
        return job

    def _poll_seconds(self, provider: str) -> float:
        if self._settings.poll_seconds is not None:
            return self._settings.poll_seconds
        return _LOCAL_POLL_SECONDS if self._providers.describe(provider).is_local else _HOSTED_POLL_SECONDS

    def _estimate_here(
        self, provider: str, base_model: str, trained: int, epochs: int, hyperparameters: Hyperparameters
    ) -> Estimate:
        models = [*base_models.cached(self._providers.models_folder), *base_models.ADDABLE]
        parameters = next((model.parameters for model in models if model.model == base_model), None)
        speed, basis = self._speed(base_model, parameters)
        batch = hyperparameters.batch_size or 4
        length = hyperparameters.sequence_length or 512
        return Estimate(
            provider=provider,
            base_model=base_model,
            tokens=trained,
            epochs=epochs,
            cost=0.0,
            seconds=trained / speed + 20,
            memory_bytes=base_models.training_memory(parameters, min(1024, batch * length)),
            disk_bytes=300_000_000,
            basis=basis,
            prices_dated=None,
        )

    def _speed(self, base_model: str, parameters: int | None) -> tuple[float, str]:
        """Tokens per second: from this workspace's own finished jobs, else scaled from a measured machine."""
        for job in self._jobs.all():
            seconds = clock.seconds_between(job.started_at, job.finished_at)
            if job.base_model == base_model and job.state is JobState.SUCCEEDED and job.trained_tokens and seconds:
                return job.trained_tokens / seconds, f"the speed of {job.job_id} on this machine"
        cores = os.cpu_count() or 2
        speed = base_models.TOKENS_PER_SECOND_135M * cores / 2 * 135_000_000 / (parameters or 135_000_000)
        return max(speed, 1.0), "350 tokens/s for 135M parameters on two cores (measured 2026-11-22), scaled"


def _merged(job: Job, remote: RemoteJob) -> Job:
    return dataclasses.replace(
        job,
        provider_job_id=remote.provider_job_id,
        state=remote.state,
        raw_state=remote.raw_state,
        tuned_model=remote.tuned_model or job.tuned_model,
        trained_tokens=remote.trained_tokens if remote.trained_tokens is not None else job.trained_tokens,
        hyperparameters={**job.hyperparameters, **remote.hyperparameters},
        system_prompt=str(remote.hyperparameters.get("system_prompt") or job.system_prompt),
        estimated_finish=remote.estimated_finish,
        started_at=remote.started_at or job.started_at,
        finished_at=remote.finished_at,
        message=remote.message or ("" if not job.state.is_final else job.message),
    )


def _progressed(job: Job, points: Sequence[MetricPoint], events: Sequence[JobEvent]) -> Job:
    step = max((point.step for point in points), default=job.step)
    totals = [event.data.get("total_steps") for event in events]
    total = next((t for t in reversed(totals) if isinstance(t, int)), job.total_steps)
    return dataclasses.replace(job, step=max(step, job.step), total_steps=total)


def _linked_as(path: Path, name: Path) -> Path:
    """The exported file under the name by which an upload of this job is recognised."""
    from webtune_tui.storage.files import make_folder

    make_folder(name.parent)
    name.unlink(missing_ok=True)
    try:
        name.hardlink_to(path)
    except OSError:  # another file system, or one without links
        name.write_bytes(path.read_bytes())
        name.chmod(0o600)
    return name


def _fingerprint(spec: JobSpec) -> str:
    text = json.dumps(dataclasses.asdict(spec), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _usual_epochs(examples: int) -> int:
    """OpenAI's published rule for the number of epochs, capped at 3 for what a laptop does in minutes."""
    if examples and 3 * examples < 100:
        return min(25, 100 // examples)
    return 3


def _number(name: str, value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value)
    if text == "auto":
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise UsageError(f"{name}={text} is no number", hint=f"Example: --set {name}=4")
