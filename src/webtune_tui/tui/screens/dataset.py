"""The screen Dataset."""

from __future__ import annotations

from textual.app import ComposeResult

from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.empty_state import EmptyState


class DatasetScreen(StageScreen):
    """The stage Dataset of the path."""

    TITLE = "Dataset"
    KEY = "3"
    ORDER = 3
    HELP = "Preparing turns records into chat examples, split for training and testing without leaks. Collect or import records first."
    CSS_PATH = "dataset.tcss"

    def compose_body(self) -> ComposeResult:
        yield EmptyState(
            "No examples yet",
            "Preparing turns records into chat examples, split for training and testing without leaks. Collect or import records first.",
            [("?", "help for this screen")],
        )


SCREEN = DatasetScreen
