"""A failure or a longer message, with the next action and, folded, the details."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Collapsible, Static

from webtune_tui.tui.modals.dialog import Dialog, shown


class Message(Dialog[None]):
    """Words to read and close. ``hint`` is the next action, ``details`` are for a report."""

    DEFAULT_CSS = """
    Message .message-hint { margin-top: 1; color: $accent; }
    Message Collapsible { margin-top: 1; border: none; padding: 0; background: $surface; }
    Message .message-details { color: $text-muted; }
    """

    def __init__(self, title: str, text: str, *, hint: str = "", details: str = "") -> None:
        super().__init__(title)
        self.text = text
        self.hint = hint
        self.details = details

    def says_the_same_as(self, other: Message) -> bool:
        """Whether showing the other one too would tell nothing new."""
        return (self.text, self.hint) == (other.text, other.hint)

    def compose_content(self) -> ComposeResult:
        yield Static(shown(self.text), markup=False)
        if self.hint:
            yield Static(shown(self.hint), markup=False, classes="message-hint")
        if self.details:
            with Collapsible(title="Details", collapsed=True):
                yield Static(shown(self.details), markup=False, classes="message-details")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="message-close", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#message-close").focus()

    @on(Button.Pressed)
    def close(self) -> None:
        """Ends the message."""
        self.dismiss(None)
