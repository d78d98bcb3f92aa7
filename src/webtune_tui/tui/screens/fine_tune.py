"""The screen Fine-tune."""

from __future__ import annotations

from textual.app import ComposeResult

from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.empty_state import EmptyState


class FineTuneScreen(StageScreen):
    """The stage Fine-tune of the path."""

    TITLE = "Fine-tune"
    KEY = "4"
    ORDER = 4
    HELP = "A job trains a base model on the dataset's examples. Prepare a dataset first."
    CSS_PATH = "fine_tune.tcss"

    def compose_body(self) -> ComposeResult:
        yield EmptyState(
            "No fine-tuning job yet",
            "A job trains a base model on the dataset's examples. Prepare a dataset first.",
            [("?", "help for this screen")],
        )


SCREEN = FineTuneScreen
