"""The screen Collect."""

from __future__ import annotations

from textual.app import ComposeResult

from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.empty_state import EmptyState


class CollectScreen(StageScreen):
    """The stage Collect of the path."""

    TITLE = "Collect"
    KEY = "2"
    ORDER = 2
    HELP = "Records are what a model learns from. They come from a scraping service or from files on this machine."
    CSS_PATH = "collect.tcss"

    def compose_body(self) -> ComposeResult:
        yield EmptyState(
            "No records yet",
            "Records are what a model learns from. They come from a scraping service or from files on this machine.",
            [("?", "help for this screen")],
        )


SCREEN = CollectScreen
