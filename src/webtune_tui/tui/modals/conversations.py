"""Kept conversations, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures

Conversation = tuple[str, str, str]


class Conversations(Dialog[str]):
    """Answers the id of the conversation to open."""

    DEFAULT_CSS = """
    Conversations OptionList { height: auto; max-height: 14; }
    """

    def __init__(self, kept: Sequence[Conversation]) -> None:
        super().__init__("Conversations")
        self.kept = kept

    def compose_content(self) -> ComposeResult:
        if not self.kept:
            yield Static("Nothing has been asked yet.", classes="muted")
        yield OptionList(*(Option(_line(*one)) for one in self.kept), id="conversations-list", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="conversations-close")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.display = bool(self.kept)
        (options if self.kept else self.query_one(Button)).focus()

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Ends with the chosen one."""
        self.dismiss(self.kept[event.option_index][0])

    @on(Button.Pressed)
    def close(self) -> None:
        """Ends without one."""
        self.dismiss(None)


def _line(_: str, when: str, words: str) -> Content:
    return Content.assemble((f"{figures.local_date(when)}  ", "$text-muted"), display_line(words, limit=60))
