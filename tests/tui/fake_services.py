"""Small stand-ins for the services that the screens Fine-tune and Chat call, driven by the tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from textual import work
from textual.css.query import NoMatches
from textual.pilot import Pilot

from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import NotFound, WebtuneError
from webtune_tui.domain.events import JobChanged, JobReported, Noted, Overview, Progressed, StageState, TrainEvent
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.jobs import Checkpoint, Hyperparameters, Job, JobEvent, JobState, LossSummary, MetricPoint
from webtune_tui.providers.base import BaseModel, Capabilities, ChatDelta, ChatEnd
from webtune_tui.services.chat import ChatModel, ChatTurn
from webtune_tui.services.evaluate import Evaluation, MetricComparison
from webtune_tui.services.example_listing import ExamplePage
from webtune_tui.settings import Settings
from webtune_tui.tui import app as shell
from webtune_tui.tui.app import WebtuneApp

DEADLINE_SECONDS = 20.0
LOCAL = Capabilities(
    "local", "This machine", True, None, 1, None, held_out_loss=True, pause=True, note="Free; needs no account."
)
HOSTED = Capabilities("openai", "OpenAI", False, "openai", 10, 512_000_000, closes_on="2027-01-06", note="Paid.")
CLOSED = Capabilities("gone", "Gone Tuning", False, "gone", 10, None, closes_on="2026-01-06")
BASE = BaseModel(
    "HuggingFaceTB/SmolLM2-135M-Instruct", "SmolLM2-135M-Instruct", 269_000_000, 135_000_000, "Apache-2.0", 8192
)
BASE_TO_ADD = BaseModel("big/model", "A bigger one", 980_000_000, 500_000_000, "MIT", 32768, is_present=False)
VERSION = DatasetVersion(
    "3f2a91c0d2ef",
    "3f" * 32,
    1,
    0,
    180,
    {"train": 144, "validation": 18, "test": 18},
    27_000,
    "o200k_base",
    "2026-11-22T13:00:00.000Z",
    is_working=True,
)
ESTIMATE = Estimate(
    "local", BASE.model, 81_000, 3, 0.0, 240, 1_800_000_000, 90_000_000, "measured on this machine", None
)
WHEN = "2026-11-22T13:05:00.000Z"


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Lets the app run until the condition holds; fails after a deadline. A widget that is not there yet is a no."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            await pilot.pause()
            with contextlib.suppress(NoMatches):
                if condition():
                    return
            await asyncio.sleep(0.01)


def job(job_id: str = "job-1", state: JobState = JobState.RUNNING, **changes: Any) -> Job:
    """A job on this machine."""
    values: dict[str, Any] = {
        "provider": "local", "base_model": BASE.model, "created_at": WHEN, "started_at": WHEN, "suffix": "shop",
        "dataset_version": VERSION.dataset_version, "total_steps": 60, "step": 12,
    } | changes  # fmt: skip
    return Job(job_id=job_id, state=state, **values)


class FakeTrainService:
    """Jobs that report what a test puts into them: their start, their estimates, their book and their steering."""

    def __init__(self, *known: Job) -> None:
        self.known = {one.job_id: one for one in known}
        self.reports: dict[str, list[JobReported]] = {}
        self.live: dict[str, asyncio.Queue[TrainEvent | WebtuneError]] = {}
        self.watches: list[str] = []
        self.unwatched: list[str] = []
        self.cancelled: list[str] = []
        self.started: list[dict[str, Any]] = []
        self.added: list[str] = []
        self.estimates: list[Hyperparameters] = []
        self.bases_known: list[BaseModel] = [BASE, BASE_TO_ADD]
        self.estimate_error: WebtuneError | None = None
        self.start_error: WebtuneError | None = None
        self.estimated = replace(ESTIMATE)

    def tell(self, job_id: str, event: TrainEvent | WebtuneError) -> None:
        self.live.setdefault(job_id, asyncio.Queue()).put_nowait(event)

    async def bases(self, provider: str) -> Sequence[BaseModel]:
        if provider == "local" and self.estimate_error is not None:
            raise self.estimate_error
        return self.bases_known

    async def add_base(self, model: str) -> AsyncIterator[TrainEvent]:
        self.added.append(model)
        for done in (0, 50, 100):
            yield Progressed("Downloading", done, 100, "bytes")
        self.bases_known = [
            *[b for b in self.bases_known if b.model != model],
            replace(BASE_TO_ADD, model=model, is_present=True),
        ]
        yield Noted(f"{model} is ready")

    async def estimate(
        self, provider: str, base_model: str, hyperparameters: Hyperparameters, version: str | None = None
    ) -> Estimate:
        self.estimates.append(hyperparameters)
        if self.estimate_error is not None:
            raise self.estimate_error
        return replace(self.estimated, provider=provider, epochs=hyperparameters.epochs or 3)

    async def start(self, **request: Any) -> AsyncIterator[TrainEvent]:
        self.started.append(request)
        yield Progressed("Writing the training files", 1, 2)
        if self.start_error is not None:
            raise self.start_error
        new = job(
            f"job-new-{len(self.started)}",
            JobState.QUEUED,
            provider=request["provider"],
            step=0,
            suffix=request["suffix"],
        )
        self.known = {new.job_id: new, **self.known}
        yield JobChanged(new)

    async def watch(self, job_id: str) -> AsyncIterator[TrainEvent]:
        self.watches.append(job_id)
        try:
            yield JobChanged(self.known[job_id])
            for report in self.reports.get(job_id, []):
                yield report
            while not self.known[job_id].state.is_final:
                event = await self.live.setdefault(job_id, asyncio.Queue()).get()
                if isinstance(event, WebtuneError):
                    raise event
                if isinstance(event, JobChanged):
                    self.known[job_id] = event.job
                if isinstance(event, JobReported):
                    self.reports.setdefault(job_id, []).append(event)
                yield event
        finally:
            self.unwatched.append(job_id)

    async def cancel(self, job_id: str) -> Job:
        self.cancelled.append(job_id)
        self.known[job_id] = replace(self.known[job_id], state=JobState.CANCELLED)
        return self.known[job_id]

    async def all(self) -> Sequence[Job]:
        return list(self.known.values())

    async def get(self, job_id: str) -> Job:
        return self.known[job_id]

    async def events(self, job_id: str) -> Sequence[JobEvent]:
        return [event for report in self.reports.get(job_id, []) for event in report.events]

    async def points(self, job_id: str) -> Sequence[MetricPoint]:
        return [point for report in self.reports.get(job_id, []) for point in report.points]

    async def losses(self, job_id: str) -> tuple[LossSummary, LossSummary]:
        found = await self.points(job_id)
        names = ("train_loss", "valid_loss")
        train, valid = (LossSummary.of([point for point in found if point.name == name]) for name in names)
        return train, valid

    async def pause(self, job_id: str) -> Job:
        self.known[job_id] = replace(self.known[job_id], state=JobState.PAUSED)
        return self.known[job_id]

    async def resume(self, job_id: str) -> Job:
        self.known[job_id] = replace(self.known[job_id], state=JobState.RUNNING)
        return self.known[job_id]

    async def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        return [one for report in self.reports.get(job_id, []) for one in report.checkpoints]


class FakeCurateService:
    """A dataset of a few test examples, or none."""

    def __init__(self, versions: Sequence[DatasetVersion] = (VERSION,), examples: Sequence[Example] = ()) -> None:
        self.known = list(versions)
        self.examples = list(examples)

    async def versions(self) -> Sequence[DatasetVersion]:
        return self.known

    async def version(self, name: str | None = None) -> DatasetVersion:
        if not self.known:
            raise NotFound("There is no dataset yet", hint="Run: webtune prepare")
        return self.known[0]

    async def page(
        self, version: str | None = None, *, text: str = "", split: str = "", offset: int = 0, limit: int = 100
    ) -> ExamplePage:
        found = [one for one in self.examples if not split or one.split == split]
        return ExamplePage(found[offset : offset + limit], offset, len(found))


def held_out(number: int) -> Example:
    """An example of the test split."""
    question = Message("user", f"Describe item {number}")
    messages = (Message("system", "You write for a shop."), question, Message("assistant", "Good."))
    return Example(f"ex-{number}", Split.TEST, messages)


@dataclass
class Answer:
    """What a fake model says: pieces, each after its turn of the gate, then the end or an error."""

    pieces: Sequence[str] = ("Hello", " there")
    end: ChatEnd | WebtuneError | None = field(
        default_factory=lambda: ChatEnd("stop", {"completion_tokens": 12, "prompt_tokens": 20})
    )
    gate: asyncio.Event | None = None


class FakeChatService:
    """Models that say what a test gave them; one answers after the other where ``in_turn`` is set."""

    def __init__(self, models: Sequence[ChatModel], *, in_turn: bool = False) -> None:
        self.known = list(models)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, Sequence[Message]]] = []
        self.stopped: list[str] = []
        self.turns: dict[str, list[ChatTurn]] = {}
        self._turn = asyncio.Lock() if in_turn else None

    async def models(self) -> Sequence[ChatModel]:
        return self.known

    async def answer(
        self,
        model: ChatModel,
        messages: Sequence[Message],
        *,
        conversation: str,
        max_tokens: int = 256,
        temperature: float = 0.0,
    ) -> AsyncIterator[ChatDelta | ChatEnd]:
        self.asked.append((model.model, tuple(messages)))
        if self._turn is not None:
            async with self._turn:
                async for item in self._say(model, conversation, messages):
                    yield item
        else:
            async for item in self._say(model, conversation, messages):
                yield item

    async def _say(
        self, model: ChatModel, conversation: str, messages: Sequence[Message]
    ) -> AsyncIterator[ChatDelta | ChatEnd]:
        planned = self.answers.get(model.model, Answer())
        said, reason = "", None
        try:
            for piece in planned.pieces:
                said += piece
                yield ChatDelta(piece)
            if planned.gate is not None:
                await planned.gate.wait()
            if isinstance(planned.end, WebtuneError):
                raise planned.end
            if planned.end is not None:
                reason = planned.end.finish_reason
                yield planned.end
        finally:
            if reason is None:
                self.stopped.append(model.model)
            kept = self.turns.setdefault(conversation, [])
            question = ChatTurn(conversation, "", "user", messages[-1].content, WHEN)
            if not any(turn.role == "user" and turn.content == question.content for turn in kept):
                kept.append(question)
            kept.append(ChatTurn(conversation, model.model, "assistant", said, WHEN, reason, 1.5))

    async def prefer(self, conversation: str, model: str) -> bool:
        kept = self.turns[conversation]
        is_marked = not any(turn.model == model and turn.is_preferred for turn in kept)
        self.turns[conversation] = [
            replace(turn, is_preferred=(turn.model == model) if is_marked else None)
            if turn.role == "assistant"
            else turn
            for turn in kept
        ]
        return is_marked

    async def history(self, conversation: str) -> Sequence[ChatTurn]:
        return self.turns.get(conversation, [])

    async def conversations(self, limit: int = 50) -> Sequence[tuple[str, str, str]]:
        return [(name, turns[0].created_at, turns[0].content[:60]) for name, turns in self.turns.items()][:limit]


class FakeEvaluateService:
    """Kept evaluations."""

    def __init__(self, kept: Sequence[Evaluation] = ()) -> None:
        self.kept = list(kept)

    async def evaluations(self) -> Sequence[Evaluation]:
        return self.kept

    async def run(self, *, model: str) -> AsyncIterator[Progressed | Evaluation]:
        yield Progressed("measuring", 9, 36, "answers")
        loss = MetricComparison("loss", 2.2, 1.1, -1.1, (-1.2, -1.0), "tuned")
        yield Evaluation("ev-1", model, BASE.model, "v", 18, Path("cases.jsonl"), (loss,), "better", WHEN)


class FakeOverviewService:
    """A path on which everything is to do."""

    async def read(self) -> Overview:
        stages = tuple(
            StageState(name, name, "todo", "") for name in ("credentials", "collect", "dataset", "fine_tune", "chat")
        )
        return Overview(stages, "Set up a job", "fine_tune")


class FakeProviders:
    """Which providers there are."""

    def __init__(self, *known: Capabilities) -> None:
        self.known = known or (LOCAL, HOSTED, CLOSED)

    def capabilities(self) -> Sequence[Capabilities]:
        return self.known


class FakeAccounts:
    """No keys at all."""

    async def states(self) -> Sequence[Any]:
        return ()


class FakeWorkspace:
    """A workspace that may be written to."""

    read_only = False
    holder = None


def fake_services(**parts: Any) -> Any:
    """The services that a test gives, the others with their plain fakes."""
    train = parts.get("train") or FakeTrainService()
    defaults: Mapping[str, Any] = {
        "workspace": FakeWorkspace(),
        "settings": Settings(),
        "accounts": FakeAccounts(),
        "providers": FakeProviders(),
        "train": train,
        "estimates": train,
        "jobs": train,
        "job_book": train,
        "curate": FakeCurateService(),
        "chat": FakeChatService([]),
        "evaluate": FakeEvaluateService(),
        "overview": FakeOverviewService(),
    }
    return SimpleNamespace(**{**defaults, **parts})


class AppOnFakes(WebtuneApp):
    """The real app on one screen, with the services of a test."""

    CSS_PATH = Path(shell.__file__).with_name("app.tcss")

    def __init__(self, stage: str, services: Any, folder: Path) -> None:
        super().__init__(folder, services.settings)
        self._stage = stage
        self._given = services

    @work(group="services", exit_on_error=False)
    async def _open_services(self) -> None:
        self.overview = await self._given.overview.read()
        self.services = self._given
        await self.switch_mode(self._stage)
