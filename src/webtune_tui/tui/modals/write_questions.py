"""Lets a model write the questions of texts that have none: counted and priced first, agreed to, then asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.suggester import SuggestFromList
from textual.widgets import Button, Checkbox, Input, Select, Static

from webtune_tui.domain.errors import UsageError, WebtuneError
from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.domain.options import Option, convert
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.providers.base import BaseModel, Capabilities
from webtune_tui.services.generate_questions import QuestionPlan, QuestionsService, QuestionsWritten, TokenPrices
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.confirm import Confirm
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.progress import progress_line
from webtune_tui.tui.presentation.question_words import agreement_words, plan_words, written_words

_DRAW_SECONDS = 0.1
_STATE_CELLS = 66
_LIMIT = Option("limit", "At most", "", None, int, (), 1, 10_000_000)
_PRICE = Option("price", "Price", "", None, float, (), 0, 1_000_000)
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the fields say."""

    provider: str
    model: str
    limit: int | None
    prices: TokenPrices | None
    resend_unknown: bool


class WriteQuestions(Dialog[bool]):
    """Answers true where the recipe is to run again with the questions.

    ``first`` are the provider and the model to begin with; ``bases`` lists what a provider on this machine has.
    """

    DEFAULT_CSS = """
    WriteQuestions > .dialog-box { width: 76; padding: 0 2; }
    WriteQuestions .question-row { height: 1; }
    WriteQuestions .question-name { width: 24; color: $text-muted; }
    WriteQuestions .question-row Input { width: 1fr; }
    WriteQuestions #questions-provider { width: 1fr; }
    WriteQuestions #questions-state { height: auto; min-height: 4; max-height: 8; margin-top: 1; }
    WriteQuestions #questions-state.-failed { color: $text-error; }
    WriteQuestions .dialog-buttons { margin-top: 0; }
    """

    def __init__(
        self,
        service: QuestionsService,
        providers: Sequence[Capabilities],
        first: tuple[str, str],
        bases: Callable[[str], Awaitable[Sequence[BaseModel]]],
    ) -> None:
        super().__init__("Questions by a model")
        self._service = service
        self._providers = {one.name: one for one in providers}
        self._first = first
        self._bases = bases
        self._plan: QuestionPlan | None = None
        self._planned: _Wanted | None = None
        self._is_running = False

    def compose_content(self) -> ComposeResult:
        names = [(Content(display_line(one.title, limit=60)), one.name) for one in self._providers.values()]
        chosen = self._first[0] if self._first[0] in self._providers else next(iter(self._providers))
        yield _row("Who answers", Select(names, value=chosen, id="questions-provider", compact=True, allow_blank=False))
        yield _row("Model", Input(self._first[1], id="questions-model", compact=True, placeholder="its name there"))
        yield _row("At most so many", Input(id="questions-limit", compact=True, placeholder="all that have none"))
        yield _row(
            "Price per million read", Input(id="questions-reading", compact=True, placeholder="USD, such as 0.4")
        )
        yield _row("and written", Input(id="questions-writing", compact=True, placeholder="USD, such as 1.6"))
        yield _row("Ask again", Checkbox("where an answer was lost", id="questions-resend", compact=True))
        yield Static("", id="questions-state", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="questions-close", compact=True)
        yield Button("Count", id="questions-count", compact=True, tooltip="What would be asked, and what it costs")
        yield Button("Ask", id="questions-ask", compact=True, variant="primary", disabled=True)
        yield Button("Prepare again", id="questions-prepare", compact=True, variant="primary")

    def on_mount(self) -> None:
        self.query_one("#questions-prepare").display = False
        self.query_one("#questions-model").focus()
        self._begin()

    @work(group="questions", exclusive=True, exit_on_error=False)
    async def _begin(self) -> None:
        """Offers the models of this machine, and counts where one is known."""
        await self._offer_models()
        if self.query_one("#questions-model", Input).value:
            await self._count()
        else:
            self._say("Texts whose title is no question get one by a model. Name the model; enter counts and prices.")

    async def _offer_models(self) -> None:
        provider = self._provider
        is_here = self._providers[provider].is_local
        for name in ("reading", "writing"):
            self._field(name).disabled = is_here
        if not is_here:
            self._field("model").suggester = None
            return
        try:
            names = [one.model for one in await self._bases(provider) if one.is_present]
        except WebtuneError:  # no more than an offer
            names = []
        self._field("model").suggester = SuggestFromList(names, case_sensitive=False)
        if not self._field("model").value and names:
            self._field("model").value = names[0]

    # The plan

    @on(Select.Changed, "#questions-provider")
    def _provider_changed(self) -> None:
        self._changed()
        self._offer()

    @work(group="questions-offer", exclusive=True, exit_on_error=False)
    async def _offer(self) -> None:
        await self._offer_models()

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _changed(self) -> None:
        ask = self.query_one("#questions-ask", Button)
        if self._planned is not None and not ask.disabled and self._read(quietly=True) != self._planned:
            ask.disabled = True
            self._say("Enter counts and prices it anew.")

    @on(Input.Submitted)
    @on(Button.Pressed, "#questions-count")
    def count(self) -> None:
        """Tells what would be asked and what it costs; nothing leaves this machine."""
        if not self._is_running:
            self._recount()

    @work(group="questions", exclusive=True, exit_on_error=False)
    async def _recount(self) -> None:
        await self._count()

    async def _count(self) -> None:
        wanted = self._read()
        ask = self.query_one("#questions-ask", Button)
        ask.disabled = True
        if wanted is None:
            return
        self._say("Counting the texts …")
        try:
            plan = await self._service.plan(
                provider=wanted.provider,
                model=wanted.model,
                limit=wanted.limit,
                prices=wanted.prices,
                resend_unknown=wanted.resend_unknown,
            )
        except WebtuneError as error:
            self._say(error_display.words(error), failed=True)
            return
        self._plan, self._planned = plan, wanted
        self._say(plan_words(plan))
        ask.disabled = not plan.texts
        self.query_one("#questions-prepare").display = False

    def _read(self, *, quietly: bool = False) -> _Wanted | None:
        try:
            prices = [self._number(_PRICE, name, float) for name in ("reading", "writing")]
            reading, writing = (None, None) if self._providers[self._provider].is_local else prices
            if (reading is None) != (writing is None):
                raise UsageError("One price is missing", hint="Give both, or neither.")
            return _Wanted(
                self._provider,
                self._field("model").value.strip(),
                self._number(_LIMIT, "limit", int),
                None if reading is None or writing is None else TokenPrices(reading, writing),
                self.query_one("#questions-resend", Checkbox).value,
            )
        except UsageError as error:
            if not quietly:
                self._say(error_display.words(error), failed=True)
            return None

    def _number(self, declared: Option, name: str, kind: type[_Number]) -> _Number | None:
        typed = self._field(name).value.strip()
        return kind(convert(declared, typed, where=declared.label)) if typed else None

    # The run

    @on(Button.Pressed, "#questions-ask")
    @work(group="questions", exclusive=True, exit_on_error=False)
    async def ask(self) -> None:
        """Asks for what was counted, after a yes where it costs."""
        plan = self._plan
        if plan is None or self._is_running:
            return
        if plan.is_paid:
            question = Confirm("Ask for questions", agreement_words(plan), yes="Ask", no="Not now")
            if not await self.app.push_screen_wait(question):
                return
        self._set_running(True)
        try:
            written = await self._written(plan)
        except WebtuneError as error:
            self._say(error_display.words(error), failed=True)
            return
        except asyncio.CancelledError:
            if self.is_attached:
                self._say("Stopped. What was written stays; enter counts what is left.")
            raise
        finally:
            self._set_running(False)
        self._say(written_words(written), failed=written.fault is not None)
        prepare = self.query_one("#questions-prepare", Button)
        prepare.display = bool(written.stored)
        (prepare if written.stored else self.query_one("#questions-close")).focus()

    async def _written(self, plan: QuestionPlan) -> QuestionsWritten:
        pace, drawn_at, note = Pace(), 0.0, ""
        async with aclosing(self._service.run(plan)) as events:
            async for event in events:
                match event:
                    case QuestionsWritten():
                        return event
                    case Noted(message=message):
                        note = message
                    case Progressed() if time.monotonic() - drawn_at >= _DRAW_SECONDS:
                        drawn_at = time.monotonic()
                        words = pace.words(event.stage, event.done, event.total, event.unit)
                        self._show(progress_line(event, words, _STATE_CELLS, key="esc"), note)
        raise AssertionError("a run ends with what was written")

    def _set_running(self, is_running: bool) -> None:
        self._is_running = is_running
        if self.is_attached:
            self.query_one("#questions-ask", Button).disabled = True
            self.query_one("#questions-count", Button).disabled = is_running

    def action_leave(self) -> None:
        """Stops a run; without one, leaves."""
        if self._is_running:
            self.workers.cancel_group(self, "questions")
        else:
            self.dismiss(None)

    @on(Button.Pressed, "#questions-close")
    def close(self) -> None:
        """Stops a run; without one, leaves."""
        self.action_leave()

    @on(Button.Pressed, "#questions-prepare")
    def prepare(self) -> None:
        """Ends with the wish to run the recipe again."""
        self.dismiss(True)

    # Fields and words

    @property
    def _provider(self) -> str:
        return str(self.query_one("#questions-provider", Select).value)

    def _field(self, name: str) -> Input:
        return self.query_one(f"#questions-{name}", Input)

    def _show(self, line: Content, note: str) -> None:
        told = Content.assemble(line, (f"\n{display_line(note, limit=200)}" if note else "", "$text-muted"))
        state = self.query_one("#questions-state", Static)
        state.remove_class("-failed")
        state.update(told)

    def _say(self, words: str, *, failed: bool = False) -> None:
        state = self.query_one("#questions-state", Static)
        state.set_class(failed, "-failed")
        state.update(Content(display(words, limit=900)))


def _row(name: str, widget: Select[str] | Input | Checkbox) -> Horizontal:
    return Horizontal(Static(name, classes="question-name", markup=False), widget, classes="question-row")
