"""Leaving: what goes on without the app, and what would stop with it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog


class Quit(Dialog[bool]):
    """Asked only when work is under way; answers true to leave."""

    BINDINGS = [("ctrl+q", "quit_now", "Quit")]  # noqa: RUF012 - Textual's own form of class attribute
    DEFAULT_CSS = """
    Quit .quit-heading { color: $primary; text-style: bold; }
    Quit .quit-stops { color: $warning; text-style: bold; margin-top: 1; }
    """

    def __init__(self, goes_on: Sequence[str], stops: Sequence[str]) -> None:
        super().__init__("Leave webtune?")
        self.goes_on = goes_on
        self.stops = stops

    def compose_content(self) -> ComposeResult:
        if self.goes_on:
            yield Static("Goes on without the app", classes="quit-heading", markup=False)
            yield Static(_lines(self.goes_on), markup=False)
            yield Static("Open webtune again to see how it stands. Quitting cancels nothing.", classes="muted")
        if self.stops:
            yield Static("Stops when you leave", classes="quit-stops", markup=False)
            yield Static(_lines(self.stops), markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Stay", id="quit-stay")
        yield Button("Quit", id="quit-yes", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#quit-yes").focus()

    def action_leave(self) -> None:
        self.dismiss(False)

    def action_quit_now(self) -> None:
        """The same key again means yes."""
        self.dismiss(True)

    @on(Button.Pressed)
    def answer(self, event: Button.Pressed) -> None:
        """Ends with the pressed button's meaning."""
        self.dismiss(event.button.id == "quit-yes")


def _lines(items: Sequence[str]) -> Content:
    return Content("\n").join([Content(f"· {display_line(item, limit=200)}") for item in items])
