"""Asks for a name of one line."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from webtune_tui.tui.modals.dialog import Dialog, shown


class AskName(Dialog[str]):
    """Answers what was typed, or ``None``. What can be a name is said by who asked."""

    DEFAULT_CSS = """
    AskName #name-why { color: $text-muted; margin-bottom: 1; }
    """

    def __init__(self, title: str, why: str, *, go: str = "Name it") -> None:
        super().__init__(title)
        self._why = why
        self._go = go

    def compose_content(self) -> ComposeResult:
        yield Static(shown(self._why), id="name-why", markup=False)
        yield Input(placeholder="letters, digits, - _ .", id="name-typed")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="name-cancel")
        yield Button(shown(self._go), id="name-go", variant="primary")

    @on(Input.Submitted)
    @on(Button.Pressed, "#name-go")
    def answer(self) -> None:
        """Ends with the name, where something was typed."""
        if typed := self.query_one(Input).value.strip():
            self.dismiss(typed)

    @on(Button.Pressed, "#name-cancel")
    def cancel(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)
