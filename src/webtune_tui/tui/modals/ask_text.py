"""Asks for one line of text."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from webtune_tui.tui.modals.dialog import Dialog, shown


class AskText(Dialog[str]):
    """Answers the trimmed text, or ``None`` when the person left or typed nothing."""

    DEFAULT_CSS = "AskText .ask-why { color: $text-muted; margin-bottom: 1; }"

    def __init__(self, title: str, why: str, *, placeholder: str = "", go: str = "Go on") -> None:
        super().__init__(title)
        self.why = why
        self.placeholder = placeholder
        self.go = go

    def compose_content(self) -> ComposeResult:
        yield Static(shown(self.why), classes="ask-why", markup=False)
        yield Input(placeholder=self.placeholder, id="ask-value")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="ask-cancel")
        yield Button(shown(self.go), id="ask-go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#ask-value").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#ask-go")
    def answer(self) -> None:
        """Ends with what was typed."""
        self.dismiss(self.query_one("#ask-value", Input).value.strip() or None)

    @on(Button.Pressed, "#ask-cancel")
    def cancel(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)
