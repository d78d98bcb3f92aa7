"""Help for the present screen: what it is for, and every key that works there."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.tui.modals.dialog import Dialog, shown

KeyLine = tuple[str, str]


class Help(Dialog[None]):
    """Plain words, then keys in two groups: of this screen and of the whole app."""

    BINDINGS = [("question_mark,f1", "leave", "Close")]  # noqa: RUF012 - Textual's own form of class attribute
    DEFAULT_CSS = """
    Help .help-heading { margin-top: 1; color: $primary; text-style: bold; }
    """

    def __init__(self, title: str, text: str, screen_keys: Sequence[KeyLine], app_keys: Sequence[KeyLine]) -> None:
        super().__init__(title)
        self.text = text
        self.screen_keys = screen_keys
        self.app_keys = app_keys

    def compose_content(self) -> ComposeResult:
        yield Static(shown(self.text), markup=False)
        for heading, keys in (("On this screen", self.screen_keys), ("Everywhere", self.app_keys)):
            if keys:
                yield Static(heading, classes="help-heading", markup=False)
                yield Static(_table(keys), markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="help-close", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#help-close").focus()

    @on(Button.Pressed)
    def close(self) -> None:
        """Ends the help."""
        self.dismiss(None)


def _table(keys: Sequence[KeyLine]) -> Content:
    width = max(len(key) for key, _ in keys)
    lines = [Content.assemble((f"{key:>{width}}", "$accent bold"), "  ", Content(words)) for key, words in keys]
    return Content("\n").join(lines)
