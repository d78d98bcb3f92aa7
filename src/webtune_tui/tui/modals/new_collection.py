"""The dialogue of every new collection: a source's form, its price at most, what is sent, and a confirmation."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.errors import TryLater, UsageError
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.services.money import Balance
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import LOW, Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import sandbox_label
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.source_forms.base import SourceForm
from webtune_tui.tui.widgets.steady_footer import SteadyFooter

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services

_PAUSE_SECONDS = 0.05
_SHOWN_BYTES = 6000


class NewCollection(Dialog[CollectPlan]):
    """Answers a plan that the person saw, priced, and confirmed. Any change of the form voids the confirmation."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "confirm_or_start", "Confirm/start", priority=True),
        Binding("ctrl+n", "form('switch')", "Switch", tooltip="The next choice of the form", priority=True),
        Binding("ctrl+f", "form('load_file')", "File", tooltip="Inputs from a CSV or JSON file", priority=True),
        Binding("ctrl+o", "show_wire", "Sent", priority=True),
        Binding("ctrl+g", "copy_command", "Command", priority=True),
        Binding("ctrl+l", "copy_curl", "curl", priority=True),
    ]
    DEFAULT_CSS = """
    NewCollection > .dialog-box {
        width: 130; max-width: 100%; height: 1fr; max-height: 100%; padding: 0 1;
    }
    NewCollection #form-columns { height: 1fr; }
    NewCollection #form-fields { width: 3fr; height: 1fr; padding: 1 1 0 1; }
    NewCollection #form-wire { width: 2fr; height: 1fr; padding: 1 1 0 2; border-left: solid $border-blurred; }
    NewCollection .wire-heading { color: $primary; text-style: bold; }
    NewCollection .wire-text { margin-bottom: 1; }
    NewCollection #form-price {
        height: auto; min-height: 3; max-height: 6; padding: 0 1; border-top: solid $border-blurred;
    }
    NewCollection .dialog-buttons { margin-top: 0; }
    NewCollection.-narrow #form-wire { display: none; border-left: none; width: 1fr; padding: 0 1; }
    NewCollection.-narrow.-wire #form-wire { display: block; }
    NewCollection.-narrow.-wire #form-fields { display: none; }
    NewCollection.-short #form-fields { padding-top: 0; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-regular")]  # noqa: RUF012 - Textual's own form
    VERTICAL_BREAKPOINTS = [(0, "-short"), (LOW, "-tall")]  # noqa: RUF012 - Textual's own form

    def __init__(self, form: SourceForm, services: Services, title: str) -> None:
        super().__init__(f"New collection {GLYPHS.step} {title}" if title else "New collection")
        self.form = form
        self._money = services.money
        self._balance: Balance | None = None
        self._plan: CollectPlan | None = None
        self._planned: Hashable = None
        self._is_confirmed = False
        self._is_over = False

    def compose(self) -> ComposeResult:
        with VerticalGroup(classes="dialog-box") as box:
            box.border_title = Content(f" {display_line(self.dialog_title, limit=60)} ")
            with Horizontal(id="form-columns"):
                with VerticalGroup(id="form-fields"):
                    yield self.form
                with VerticalScroll(id="form-wire", can_focus=True):
                    for name, heading in (
                        ("request", "Sent, byte for byte"), ("body", "Body"), ("command", "The same as a command"),
                        ("curl", "As curl"),
                    ):  # fmt: skip
                        yield Static(heading, classes="wire-heading", markup=False)
                        yield Static(figures.UNKNOWN, id=f"wire-{name}", classes="wire-text", markup=False)
            yield Static("", id="form-price", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel", id="form-cancel")
                yield Button("Confirm", id="form-confirm", disabled=True)
                yield Button("Start", id="form-start", variant="primary", disabled=True)
        yield SteadyFooter(show_command_palette=False, compact=True)

    def on_resize(self) -> None:
        is_low = self.size.height < LOW
        self.form.set_class(is_low, "-low")
        for button in self.query(".dialog-buttons Button").results(Button):
            button.compact = is_low

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hides what the form does not offer."""
        if action == "form":
            return hasattr(self.form, f"action_{parameters[0]}")
        return super().check_action(action, parameters)

    def action_form(self, what: str) -> None:
        """Does what the form offers, wherever the focus is."""
        getattr(self.form, f"action_{what}")()

    # Price, what is sent, confirmation

    @on(SourceForm.Changed)
    def form_changed(self) -> None:
        """Each change voids the confirmation and prices anew."""
        state = self.form.state()
        if state == self._planned:
            return
        was_confirmed, self._is_confirmed = self._is_confirmed, False
        self._plan, self._planned = None, state
        self._set_buttons()
        if was_confirmed:
            self._show_price(Content.styled("The form changed, so the confirmation is void.", "$warning"))
        self._price(state)

    @work(group="price", exclusive=True, exit_on_error=False)
    async def _price(self, state: Hashable) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)
        if (gap := self.form.gap()) is not None:
            self._show_wire(None)
            symbol, colour = (GLYPHS.attention, "$warning") if gap.is_fault else (GLYPHS.todo, "$text-muted")
            self._show_price(Content.styled(f"{symbol} {display_line(gap.words, limit=300)}", colour))
            return
        try:
            plan = await self.form.plan()
            self._balance = await self._money.balance()
        except (UsageError, TryLater) as error:
            self._show_wire(None)
            self._show_price(Content.styled(f"{GLYPHS.attention} {error_display.words(error)}", "$warning"))
            return
        if state != self.form.state():
            return  # typed on meanwhile: the next round prices that
        self._plan = plan
        self._show_wire(plan)
        self._show_price(self._price_words(plan))
        self._set_buttons()

    def _price_words(self, plan: CollectPlan) -> Content:
        cost, basis = figures.money(plan.estimated_cost), display_line(plan.basis, limit=200)
        lines = [Content.assemble("At most ", (cost, "bold $accent"), "  ", (basis, "$text-muted"))]
        where = Content.assemble("Sent to ", display_line(plan.address, limit=80)) if plan.address else Content("")
        lines.append(Content.assemble(where, "  ", sandbox_label()) if plan.is_sandbox else where)
        if plan.earlier:
            words = f"The same was asked for as {display_line(plan.earlier, limit=40)}; this pays again."
            lines.append(Content.styled(f"{GLYPHS.attention} {words}", "$warning"))
        lines.append(Content.assemble(self._cap_words(), "   ", self._next_words(plan)))
        return Content("\n").join([line for line in lines if line.plain.strip()])

    def _cap_words(self) -> Content:
        balance = self._balance
        if balance is None or balance.cap is None or balance.left is None:
            return Content.styled("No cap is set for this workspace", "$text-muted")
        return Content.styled(f"Cap {figures.money(balance.cap)}, {figures.money(balance.left)} left", "$text-muted")

    def _next_words(self, plan: CollectPlan) -> Content:
        if self._is_above_cap(plan):
            return Content.styled("Above what is left of the cap: ask for less, or raise cap_usd.", "$error")
        if self._is_confirmed:
            return Content.styled("Confirmed. Start sends it, once.", "$success")
        return Content("Confirm it, then start.")

    def _is_above_cap(self, plan: CollectPlan) -> bool:
        left = self._balance.left if self._balance else None
        return left is not None and plan.estimated_cost > left + 1e-9

    def _show_price(self, words: Content) -> None:
        self.query_one("#form-price", Static).update(words)

    def _show_wire(self, plan: CollectPlan | None) -> None:
        query = "&".join(f"{name}={value}" for name, value in plan.query.items()) if plan else ""
        texts = {"request": "", "body": "", "command": "", "curl": ""}
        if plan is not None:
            target = f"{plan.path}?{query}" if query else plan.path
            texts = {
                "request": f"POST {target}" if plan.path else "",
                "body": plan.body,
                "command": plan.command,
                "curl": plan.curl,
            }
        for name, text in texts.items():
            self.query_one(f"#wire-{name}", Static).update(_shown_in_part(text) if text else figures.UNKNOWN)

    def _set_buttons(self) -> None:
        may_confirm = self._plan is not None and not self._is_above_cap(self._plan)
        self.query_one("#form-confirm", Button).disabled = not may_confirm or self._is_confirmed
        self.query_one("#form-start", Button).disabled = not (may_confirm and self._is_confirmed)

    @on(Button.Pressed, "#form-confirm")
    def confirm(self) -> None:
        """The person agrees to exactly this plan."""
        plan = self._plan
        if plan is not None and not self._is_above_cap(plan) and self.form.state() == self._planned:
            self._is_confirmed = True
            self._show_price(self._price_words(plan))
            self._set_buttons()
            self.query_one("#form-start").focus()

    @on(Button.Pressed, "#form-start")
    def start(self) -> None:
        """Ends with the confirmed plan, once however often it is pressed."""
        if self._plan is None or not self._is_confirmed or self._is_over:
            return
        if self.form.state() == self._planned:
            self._is_over = True
            self.dismiss(self._plan)

    def action_confirm_or_start(self) -> None:
        """One key for both steps."""
        if self._is_confirmed:
            self.start()
        else:
            self.confirm()

    @on(Button.Pressed, "#form-cancel")
    def action_leave(self) -> None:
        """Leaves without collecting."""
        if not self._is_over:
            self._is_over = True
            self.dismiss(None)

    # What is sent

    def action_show_wire(self) -> None:
        """What is sent instead of the form where there is no room for both, else the focus goes there."""
        is_shown = self.has_class("-wire") or self.query_one("#form-wire").has_focus
        self.set_class(not is_shown, "-wire")
        if is_shown:
            self.form.focus_first()
        else:
            self.query_one("#form-wire").focus()

    def action_copy_command(self) -> None:
        """Copies the plan as a ``webtune`` command."""
        self._copy("command", self._plan.command if self._plan else "")

    def action_copy_curl(self) -> None:
        """Copies the plan as a ``curl`` command; the key stays in the environment."""
        self._copy("curl command", self._plan.curl if self._plan else "")

    def _copy(self, what: str, text: str) -> None:
        if not text:
            self.notify("There is nothing to copy yet." if self._plan is None else f"It has no {what}.")
            return
        clean = display(text).replace("\n", " ").strip()
        self.app.copy_to_clipboard(clean)
        changed = "; characters that could act on a terminal were replaced" if clean != text else ""
        self.notify(f"The {what} is copied{changed}.")


def _shown_in_part(text: str) -> Content:
    rest = len(text) - _SHOWN_BYTES
    if rest <= 0:
        return Content(display(text))
    return Content.assemble(
        display(text[:_SHOWN_BYTES]), (f"\n… and {rest:,} more characters, all of which are sent", "$text-muted")
    )
