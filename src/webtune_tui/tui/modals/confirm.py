"""Asks before something that costs, deletes or can't be undone."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog, shown


class Confirm(Dialog[bool]):
    """A question; answers true only when the person chose to go on. The safe button has the focus."""

    def __init__(self, title: str, question: str, *, yes: str, no: str = "Keep", danger: bool = False) -> None:
        super().__init__(title)
        self.question = question
        self.yes = yes
        self.no = no
        self.set_class(danger, "-danger")
        self.danger = danger

    def compose_content(self) -> ComposeResult:
        yield Static(shown(self.question), markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button(shown(display_line(self.no)), id="confirm-no")
        yield Button(shown(display_line(self.yes)), id="confirm-yes", variant="error" if self.danger else "primary")

    def action_leave(self) -> None:
        self.dismiss(False)

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Ends with the pressed button's meaning."""
        self.dismiss(event.button.id == "confirm-yes")


class HarmlessConfirm(Confirm):
    """A question before something that can be set back: the button that goes on has the focus."""

    AUTO_FOCUS = "#confirm-yes"
