"""Questions for texts without one, written by a model: priced, capped, each asked once and stored for good."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.costs import OperationState
from webtune_tui.domain.errors import (
    CapExceeded,
    CredentialMissing,
    CredentialRefused,
    InvalidInput,
    NotFound,
    RateLimited,
    Unreachable,
    UsageError,
    WebtuneError,
)
from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.build_plan import GENERATED
from webtune_tui.pipeline.generated import MOST_ANSWER_TOKENS, PROMPT_VERSION, question_in, request_for
from webtune_tui.pipeline.tokens import count_examples
from webtune_tui.providers.base import ChatDelta, ChatEnd, Provider
from webtune_tui.services.money import MoneyService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.services.question_texts import TextToAsk, text_of, texts_to_ask
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.token_child import child_counter
from webtune_tui.settings import Settings, models_folder
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.question_file import QuestionFile, QuestionKey, QuestionLine, QuestionState
from webtune_tui.storage.workspace import Workspace

OPERATION = "generate_questions"
_REQUESTS_AT_ONCE = 4
_MOST_FAULTS = 3  # in a row, before the run ends
_NEVER_PAID = (Unreachable, RateLimited, CredentialMissing, CredentialRefused, InvalidInput, NotFound)
_CLOSED = (QuestionState.DONE, QuestionState.UNUSABLE)
_OPEN = (QuestionState.SENT, QuestionState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """USD for a million tokens that a model reads and writes."""

    reading: float
    writing: float

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost."""
        return (input_tokens * self.reading + output_tokens * self.writing) / 1_000_000


@dataclass(frozen=True, slots=True)
class QuestionPlan:
    """What a run would ask. ``cost`` is USD at most, ``None`` where no price is known; ``unknown`` were sent before.

    ``documents`` are the texts of the version that have no question of their own, ``stored`` those that have one.
    """

    provider: str
    model: str
    is_paid: bool
    prices: TokenPrices | None
    resend_unknown: bool
    texts: Sequence[TextToAsk]
    documents: int
    stored: int
    unknown: int
    input_tokens: int
    cost: float | None
    basis: str
    revision: Revision


@dataclass(slots=True)
class _Chosen:
    """The texts to ask for, without their words, and how many there are of each kind."""

    texts: list[TextToAsk] = field(default_factory=list)
    tokens: int = 0
    documents: int = 0
    stored: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class QuestionsWritten:
    """The last event of a run. ``stored`` counts all questions of this model by now; ``cost`` is what this run cost.

    ``fault`` is the error that ended it early; what was written stays.
    """

    asked: int
    written: int
    unusable: int
    refused: int
    unknown: int
    stored: int
    cost: float | None
    path: Path
    recipe_changed: bool
    fault: WebtuneError | None = None


class QuestionsService:
    """The questions of a workspace."""

    def __init__(
        self, workspace: Workspace, settings: Settings, providers: ProviderCatalogue, money: MoneyService
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._providers = providers
        self._money = money
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)
        self._file = QuestionFile(workspace.root)

    async def plan(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        limit: int | None = None,
        prices: TokenPrices | None = None,
        resend_unknown: bool = False,
    ) -> QuestionPlan:
        """What a run would ask and cost; nothing leaves this machine.

        Raises:
            NotFound: there is no dataset or no such provider. UsageError: no model is named.
            InvalidInput: the recipe has templates of its own, which ask already.
        """
        capabilities = self._providers.describe(provider or self._settings.provider)
        chosen = model or self._settings.base_model
        if not chosen:
            raise UsageError("No model is named", hint="Give one: webtune dataset questions --model M")
        recipe = await asyncio.to_thread(self._recipes.recipe)
        if recipe.templates is not None:
            raise InvalidInput(
                "The recipe has a template of its own, whose prompts are used",
                hint="Remove [template] from recipe.toml to have questions written.",
            )
        revision = await asyncio.to_thread(self._revision)
        known = await asyncio.to_thread(self._file.latest)
        found = await asyncio.to_thread(
            self._chosen, revision, known, (capabilities.name, chosen), limit, resend_unknown or capabilities.is_local
        )
        texts, tokens = found.texts, found.tokens
        priced = TokenPrices(0.0, 0.0) if capabilities.is_local else prices
        return QuestionPlan(
            provider=capabilities.name,
            model=chosen,
            is_paid=not capabilities.is_local,
            prices=priced,
            resend_unknown=resend_unknown,
            texts=texts,
            documents=found.documents,
            stored=found.stored,
            unknown=found.unknown,
            input_tokens=tokens,
            cost=priced.of(tokens, MOST_ANSWER_TOKENS * len(texts)) if priced else None,
            basis=_basis(len(texts), tokens, priced, capabilities.is_local),
            revision=revision,
        )

    async def run(self, plan: QuestionPlan) -> AsyncGenerator[Progressed | Noted | QuestionsWritten]:
        """Asks for each text of the plan once; ends with QuestionsWritten, and the recipe then uses the questions.

        Raises:
            CapExceeded: the estimate goes beyond the cap, or there is a cap and no price; nothing was sent.
            CredentialMissing: the provider's key is not there.
        """
        await self._settle_earlier()
        await self._require_allowed(plan)
        provider = await self._providers.get(plan.provider)
        run_id = f"questions-{secrets.token_hex(6)}"
        if plan.is_paid and plan.texts:
            await self._money.perform(
                kind=OPERATION,
                service=plan.provider,
                address=provider.address,
                subject_id=run_id,
                fingerprint=f"{plan.model} {len(plan.texts)} {PROMPT_VERSION}",
                estimate=plan.cost,
                basis=plan.basis,
                send=_nothing_yet,
            )
        asking = _Asking(plan, provider, self._file, self._store, run_id)
        try:
            async with aclosing(asking.events()) as events:
                async for event in events:
                    yield event
        finally:
            if plan.is_paid and plan.texts and plan.prices is not None:
                await asyncio.shield(self._money.charge(run_id, asking.cost, plan.basis))
        stored = await asyncio.to_thread(self._stored, plan)
        changed = False
        if stored:
            changed = bool(await asyncio.to_thread(self._recipes.set_values, {"build.documents": GENERATED}))
        yield QuestionsWritten(
            asked=asking.asked,
            written=asking.counts[QuestionState.DONE],
            unusable=asking.counts[QuestionState.UNUSABLE],
            refused=asking.counts[QuestionState.REFUSED],
            unknown=asking.counts[QuestionState.UNKNOWN],
            stored=stored,
            cost=asking.cost if plan.prices is not None else None,
            path=self._file.path,
            recipe_changed=changed,
            fault=asking.fault,
        )

    async def question_of(self, example_id: str) -> QuestionLine | None:
        """The newest stored question of an example, with the model that wrote it."""

        def find() -> QuestionLine | None:
            found = None
            for line in self._file.lines():
                if line.example_id == example_id and line.state is QuestionState.DONE:
                    found = line
            return found

        return await asyncio.to_thread(find)

    def _revision(self) -> Revision:
        head = self._store.head()
        if head is None:
            raise NotFound("There is no dataset yet", hint="Make one with: webtune prepare")
        return head

    def _chosen(
        self,
        revision: Revision,
        known: dict[QuestionKey, QuestionLine],
        asked_of: tuple[str, str],
        limit: int | None,
        resend_unknown: bool,
    ) -> _Chosen:
        """The texts to ask for, without their words, with the tokens that they make a model read."""
        counter = child_counter("", models_folder())
        chosen = _Chosen()
        for batch in texts_to_ask(self._store, self._records, revision):
            wanted: list[TextToAsk] = []
            for text in batch:
                chosen.documents += 1
                line = known.get((text.example_id, text.record_hash, *asked_of, PROMPT_VERSION))
                state = line.state if line else None
                chosen.stored += state is QuestionState.DONE
                chosen.unknown += state in _OPEN
                is_wanted = state not in _CLOSED and (resend_unknown or state not in _OPEN)
                if is_wanted and (limit is None or len(chosen.texts) + len(wanted) < limit):
                    wanted.append(text)
            if wanted:
                chosen.tokens += sum(count_examples([request_for(one.text, one.title) for one in wanted], counter))
            chosen.texts += [replace(one, text="") for one in wanted]
        return chosen

    def _stored(self, plan: QuestionPlan) -> int:
        asked_of = (plan.provider, plan.model, PROMPT_VERSION)
        latest = self._file.latest().values()
        return sum(line.state is QuestionState.DONE and line.key[2:] == asked_of for line in latest)

    async def _require_allowed(self, plan: QuestionPlan) -> None:
        cap = (await self._money.balance()).cap
        if plan.is_paid and plan.texts and plan.cost is None and cap is not None:
            raise CapExceeded(
                f"{plan.model} at {plan.provider} has no price that is known here, and the workspace has a cap of "
                f"{usd(cap)}",
                hint="Give its price in USD per million tokens: --input-price and --output-price",
                fields={"estimated_cost": None, "cap": cap},
            )
        await self._money.require_allowed(plan.cost or 0.0, f"Writing questions with {plan.model}")

    async def _settle_earlier(self) -> None:
        """Charges runs that ended before they could: each line says what it cost. A charge is written once."""
        spent: dict[str, dict[QuestionKey, float]] = defaultdict(dict)
        for line in await asyncio.to_thread(lambda: list(self._file.lines())):
            spent[line.run_id][line.key] = line.cost
        for run_id, costs in spent.items():
            operation = await self._money.of_subject(run_id, OPERATION)
            if operation is not None and operation.state is OperationState.CONFIRMED:
                await self._money.charge(run_id, sum(costs.values()), "as its lines say", operation.operation_id)
        for operation in await self._money.unknown():
            if operation.kind == OPERATION:  # only the agreement was being written: nothing had left
                await self._money.resolve(operation.operation_id, remote_id=await _nothing_yet())


class _Asking:
    """One run: what is asked, with each step on disk before the next."""

    def __init__(
        self, plan: QuestionPlan, provider: Provider, file: QuestionFile, store: DatasetStore, run_id: str
    ) -> None:
        self._plan = plan
        self._provider = provider
        self._file = file
        self._store = store
        self._run_id = run_id
        self._waiting = iter(plan.texts)
        self._faults_in_a_row = 0
        self._costs: dict[str, float] = {}
        self.counts: dict[QuestionState, int] = defaultdict(int)
        self.asked = 0
        self.fault: WebtuneError | None = None

    @property
    def cost(self) -> float:
        """What the run cost so far, USD; a question of unknown end counts with its estimate."""
        return sum(self._costs.values())

    async def events(self) -> AsyncGenerator[Progressed | Noted]:
        """Progress, and a word on each question that went wrong."""
        told: asyncio.Queue[Noted | None] = asyncio.Queue()
        lanes = _REQUESTS_AT_ONCE if self._plan.is_paid else 1
        workers = [asyncio.ensure_future(self._work(told)) for _ in range(min(lanes, len(self._plan.texts)))]
        done = 0
        try:
            yield Progressed("asking", 0, len(self._plan.texts), "questions")
            left = len(workers)
            while left:
                note = await told.get()
                if note is None:
                    left -= 1
                    continue
                done += 1
                if note.message:
                    yield note
                yield Progressed("asking", done, len(self._plan.texts), "questions")
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, told: asyncio.Queue[Noted | None]) -> None:
        try:
            for text in self._waiting:
                if self.fault is not None:
                    return
                told.put_nowait(await self._ask(text))
        finally:
            told.put_nowait(None)

    async def _ask(self, text: TextToAsk) -> Noted:
        """Asks once and keeps what came; the answer is a word for the person, empty where all is well."""
        words = await asyncio.to_thread(text_of, self._store, self._plan.revision, text.example_id)
        line = self._line(text)
        try:
            await self._keep(line)
        except asyncio.CancelledError:
            await self._keep(replace(line, state=QuestionState.REFUSED, message="cancelled before it was sent", cost=0))
            raise
        self.asked += 1
        try:
            answer, end = await self._answer(request_for(words, text.title))
        except WebtuneError as error:
            is_unpaid = not self._plan.is_paid or isinstance(error, _NEVER_PAID)
            state = QuestionState.REFUSED if is_unpaid else QuestionState.UNKNOWN
            await self._keep(
                replace(line, state=state, message=error.message[:300], cost=0.0 if is_unpaid else line.cost)
            )
            self._faults_in_a_row += 1
            is_for_all = isinstance(error, _NEVER_PAID) and not isinstance(error, InvalidInput)
            if is_for_all or self._faults_in_a_row >= _MOST_FAULTS:
                self.fault = self.fault or error
            return Noted(f"{text.example_id}: {error.message}", level="warn")
        self._faults_in_a_row = 0
        return await self._keep_answer(line, answer, end)

    async def _keep_answer(self, line: QuestionLine, answer: str, end: ChatEnd) -> Noted:
        question = question_in(answer)
        if end.finish_reason is None:
            state, told = QuestionState.UNKNOWN, "the answer broke off"
        elif not question:
            state, told = QuestionState.UNUSABLE, "the answer is no question"
        else:
            state, told = QuestionState.DONE, ""
        reading, writing = end.usage.get("prompt_tokens"), end.usage.get("completion_tokens")
        cost = line.cost
        if reading is not None and writing is not None and self._plan.prices is not None:
            cost = self._plan.prices.of(reading, writing)
        kept = question if state is QuestionState.DONE else ""
        await self._keep(
            replace(
                line,
                state=state,
                question=kept,
                message=told,
                input_tokens=reading or 0,
                output_tokens=writing or 0,
                cost=cost,
            )
        )
        return Noted(f"{line.example_id}: {told}" if told else "", level="warn")

    async def _answer(self, request: Sequence[Message]) -> tuple[str, ChatEnd]:
        pieces: list[str] = []
        end = ChatEnd(None)
        stream = self._provider.chat(self._plan.model, request, max_tokens=MOST_ANSWER_TOKENS, temperature=0.0)
        async with aclosing(stream):
            async for piece in stream:
                if isinstance(piece, ChatDelta):
                    pieces.append(piece.text)
                else:
                    end = piece
        return "".join(pieces), end

    def _line(self, text: TextToAsk) -> QuestionLine:
        plan = self._plan
        estimate = plan.cost / len(plan.texts) if plan.cost else 0.0
        return QuestionLine(
            example_id=text.example_id,
            record_key=text.record_key,
            record_hash=text.record_hash,
            provider=plan.provider,
            model=plan.model,
            prompt_version=PROMPT_VERSION,
            run_id=self._run_id,
            state=QuestionState.SENT,
            time=clock.now(),
            cost=estimate,
        )

    async def _keep(self, line: QuestionLine) -> None:
        if line.state is not QuestionState.SENT:
            self.counts[line.state] += 1
            line = replace(line, time=clock.now())
        self._costs[line.example_id] = line.cost
        writing = asyncio.ensure_future(asyncio.to_thread(self._file.append, line))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            raise


def _basis(count: int, tokens: int, prices: TokenPrices | None, is_local: bool) -> str:
    asked = f"{count:,} questions of at most {MOST_ANSWER_TOKENS} tokens, {tokens:,} tokens to read"
    if is_local:
        return f"{asked}, on your own hardware"
    if prices is None:
        return f"{asked}; no price is known"
    return f"{asked}, at ${prices.reading:g} and ${prices.writing:g} per million tokens read and written"


async def _nothing_yet() -> str:
    """The journal's answer for a run whose requests are on record one by one."""
    return "questions.jsonl"
