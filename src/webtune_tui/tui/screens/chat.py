"""The screen Chat."""

from __future__ import annotations

from textual.app import ComposeResult

from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.empty_state import EmptyState


class ChatScreen(StageScreen):
    """The stage Chat of the path."""

    TITLE = "Chat"
    KEY = "5"
    ORDER = 5
    HELP = "Base and tuned model answer side by side here. Fine-tune a model first."
    CSS_PATH = "chat.tcss"

    def compose_body(self) -> ComposeResult:
        yield EmptyState(
            "No model to talk to yet",
            "Base and tuned model answer side by side here. Fine-tune a model first.",
            [("?", "help for this screen")],
        )


SCREEN = ChatScreen
