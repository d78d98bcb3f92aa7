"""The demo's journey: every stage once, on real services, each step picking up where an earlier run stopped."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.errors import InvalidInput, WorkFailed
from webtune_tui.domain.events import (
    CollectEvent,
    CollectionChanged,
    JobChanged,
    Noted,
    PrepareEvent,
    Progressed,
    TrainEvent,
)
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.jobs import Hyperparameters, Job, JobState
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.providers.base import ChatDelta
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.chat import ChatModel, ChatService
from webtune_tui.services.collect import CollectService
from webtune_tui.services.curate import CurateService
from webtune_tui.services.evaluate import EvaluateService, Evaluation
from webtune_tui.services.job_book import JobBook
from webtune_tui.services.jobs import JobsService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.services.train import TrainService
from webtune_tui.settings import Settings

SCRAPER = "gd_l7q7dkf244hwjntr0"
CATEGORY = "https://www.amazon.com/gp/bestsellers"
BASE_MODEL = "smollm2-135m"
SUFFIX = "demo"
_SEED = 42
_MOST_CASES = 24
_CONVERSATION = "demo"
# nearly one pass over some 200 short examples: minutes on two cores, and the validation loss falls well below the
# base's; dropout would cost a third of the time and buys nothing in a single pass
_HYPERPARAMETERS = Hyperparameters(
    max_steps=48, batch_size=4, sequence_length=384, learning_rate=1e-3, extra={"lora_dropout": 0.0}
)

JourneyEvent = CollectEvent | PrepareEvent | TrainEvent | Evaluation


@dataclass(frozen=True, slots=True)
class Answers:
    """What base and tuned said to the same held-out prompt; the last event of the journey's last step."""

    prompt: str
    base: str
    tuned: str


@dataclass(frozen=True, slots=True)
class JourneyStep:
    """One step for the person: where it can be watched and what it does."""

    name: str
    screen: str
    title: str
    explanation: str
    run: Callable[[], AsyncIterator[JourneyEvent | Answers]]


def demo_settings(settings: Settings, sandbox_address: str) -> Settings:
    """The person's settings with the sandbox as scraping service, which lists what it accepted at once."""
    return dataclasses.replace(settings, brightdata_url=sandbox_address, provider="local", listing_seconds=0.0)


class Journey:
    """The demo on one workspace. Every step may be run again: what is done already is shown, not done twice."""

    def __init__(
        self,
        accounts: AccountsService,
        collect: CollectService,
        prepare: PrepareService,
        curate: CurateService,
        train: TrainService,
        jobs: JobsService,
        job_book: JobBook,
        evaluate: EvaluateService,
        chat: ChatService,
    ) -> None:
        self._accounts = accounts
        self._collect = collect
        self._prepare = prepare
        self._curate = curate
        self._train = train
        self._jobs = jobs
        self._job_book = job_book
        self._evaluate = evaluate
        self._chat = chat

    def steps(self) -> Sequence[JourneyStep]:
        """The steps in order."""
        return (
            JourneyStep(
                "collect", "collect", "Collect",
                "The sandbox on this machine speaks Bright Data's API and delivers invented products, dirt included.",
                self.collect,
            ),
            JourneyStep(
                "prepare", "dataset", "Prepare",
                "The recipe cleans, de-duplicates, builds chat examples and splits them without leaks.",
                self.prepare,
            ),
            JourneyStep(
                "base", "fine_tune", "Base model",
                "SmolLM2 135M, an open instruct model, is fetched once (98 MB) and converted for training.",
                self.base,
            ),
            JourneyStep(
                "train", "fine_tune", "Fine-tune",
                "A LoRA adapter is really trained on this machine; the loss of the answers is what falls.",
                self.train,
            ),
            JourneyStep(
                "evaluate", "fine_tune", "Evaluate",
                "Base and tuned are measured on the frozen test split, which neither has seen.",
                self.evaluate,
            ),
            JourneyStep(
                "chat", "chat", "Chat",
                "Base and tuned answer the same held-out prompt.",
                self.answer,
            ),
        )  # fmt: skip

    async def is_done(self, step: str) -> bool:
        """Whether a step has its result already."""
        match step:
            case "collect":
                found = await self.collection()
                return found is not None and found.state is CollectionState.READY
            case "prepare":
                return await self._curate.report() is not None
            case "base":
                return BASE_MODEL in {model.model for model in await self._train.bases("local") if model.is_present}
            case "train":
                job = await self.job()
                return job is not None and job.state is JobState.SUCCEEDED
            case "evaluate":
                return await self.evaluation() is not None
            case _:
                return await self.answers() is not None

    async def collect(self) -> AsyncGenerator[CollectEvent]:
        """Collects once from the address of the settings; an interrupted collection goes on."""
        found = await self.collection()
        if found is not None and found.state is CollectionState.READY:
            yield CollectionChanged(found)
            return
        # any word opens the loopback sandbox; it is kept in memory alone
        await self._accounts.store("brightdata", Secret(f"sandbox-{secrets.token_hex(8)}"), session_only=True)
        if found is not None and not found.state.is_final:
            try:
                async for event in self._collect.resume(found.collection_id):
                    yield event
            except WorkFailed:
                if (await self._collect.collection(found.collection_id)).snapshot_id is not None:
                    raise
            found = await self._collect.collection(found.collection_id)
            if found.snapshot_id is not None:
                return  # without one it surely never reached the sandbox before the program was killed
        plan = await self._collect.plan(
            SCRAPER,
            [{"category_url": CATEGORY}],
            discover_by="best_sellers_url",
            limit_per_input=500,
            max_records=500,
        )
        async for event in self._collect.start(plan):
            yield event

    async def prepare(self) -> AsyncGenerator[PrepareEvent]:
        """Prepares once; afterwards the person's own edits are left alone."""
        if await self._curate.report() is not None:
            yield Noted("The dataset is prepared already")
            return
        async for event in self._prepare.run():
            yield event

    async def base(self) -> AsyncGenerator[TrainEvent]:
        """Adds the base model where it is missing."""
        if await self.is_done("base"):
            yield Noted(f"{BASE_MODEL} is on this machine already")
            return
        async for event in self._train.add_base(BASE_MODEL):
            yield event

    async def train(self) -> AsyncGenerator[TrainEvent]:
        """Trains one job; an interrupted one goes on."""
        job = await self.job()
        if job is None:
            started = self._train.start(
                provider="local",
                base_model=BASE_MODEL,
                suffix=SUFFIX,
                seed=_SEED,
                hyperparameters=_HYPERPARAMETERS,
            )
            async for event in started:
                if isinstance(event, JobChanged):
                    job = event.job
                yield event
        assert job is not None  # a start ends with its job
        async for event in self._jobs.watch(job.job_id):
            if isinstance(event, JobChanged):
                job = event.job
            yield event
        if job.state is not JobState.SUCCEEDED:
            raise WorkFailed(
                f"{job.job_id} is {job.state.value}: {job.message}", hint=f"See: webtune jobs events {job.job_id}"
            )

    async def evaluate(self) -> AsyncGenerator[Progressed | Noted | Evaluation]:
        """Compares base and tuned once."""
        found = await self.evaluation()
        if found is not None:
            yield found
            return
        async for event in self._evaluate.run(cases=_MOST_CASES):
            yield event

    async def answer(self) -> AsyncGenerator[Progressed | Noted | Answers]:
        """Asks both models the same held-out prompt."""
        found = await self.answers()
        if found is None:
            example = await self._held_out()
            tuned = await self._chat.find()
            base = await self._chat.find(tuned.model, base=True)
            texts = {}
            for index, model in enumerate((base, tuned)):
                yield Progressed("answering", index, 2, "answers", model.title)
                texts[model.model] = await self._ask(model, example)
            found = Answers(example.prompt, texts[base.model], texts[tuned.model])
        yield found

    async def collection(self) -> Collection | None:
        """The journey's collection that is whole or can go on; ``None`` before the first."""
        for collection in await self._collect.collections():
            if collection.state not in (CollectionState.FAILED, CollectionState.CANCELLED, CollectionState.EMPTY):
                return collection
        return None

    async def job(self) -> Job | None:
        """The journey's job that is done or can go on; ``None`` before the first."""
        for job in await self._job_book.all():
            if job.state not in (JobState.FAILED, JobState.CANCELLED):
                return job
        return None

    async def evaluation(self) -> Evaluation | None:
        """The newest comparison of the journey's job."""
        job = await self.job()
        found = await self._evaluate.evaluations()
        return next((e for e in found if job is not None and e.model == job.tuned_model), None)

    async def answers(self) -> Answers | None:
        """The kept answers of both models, or ``None`` while one is missing."""
        turns = await self._chat.history(_CONVERSATION)
        question = next((turn.content for turn in turns if turn.role == "user"), None)
        said = {turn.model: turn.content for turn in turns if turn.role == "assistant" and turn.finish_reason}
        job = await self.job()
        if question is None or job is None or not {job.base_model, job.tuned_model} <= set(said):
            return None
        return Answers(question, said[job.base_model], said[str(job.tuned_model)])

    async def _held_out(self) -> Example:
        page = await self._curate.page(split=Split.TEST.value, limit=1)
        if not page.examples:
            raise InvalidInput("The test split is empty", hint="Collect more records and run: webtune prepare")
        return page.examples[0]

    async def _ask(self, model: ChatModel, example: Example) -> str:
        messages = [Message(m.role, m.content) for m in example.messages if m.role != "assistant"]
        pieces = []
        stream = self._chat.answer(model, messages, conversation=_CONVERSATION, max_tokens=160)
        async with aclosing(stream):
            async for piece in stream:
                if isinstance(piece, ChatDelta):
                    pieces.append(piece.text)
        return "".join(pieces)
