"""What stands on the Collect screen while there is no collection."""

from __future__ import annotations

from webtune_tui.domain.events import Progressed
from webtune_tui.tui.presentation.collections import progress_words
from webtune_tui.tui.widgets.empty_state import EmptyState

_EMPTY = (
    "No records yet",
    "A model learns from records. Collect them with a scraper, from pages or a search, or import files that you "
    "have. Before anything is sent you see its price at most. The loopback sandbox costs nothing: "
    "webtune sandbox prints its address, and WEBTUNE_BRIGHTDATA_URL takes it.",
    [("n", "new collection"), ("i", "import files"), ("a", "adopt a snapshot by its id")],
)


class NoRecords(EmptyState):
    """Says how to begin, or how far the first import is."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(*_EMPTY, id=id)

    def show_beginning(self) -> None:
        """Says how to begin."""
        self.show(*_EMPTY)

    def show_import(self, progress: Progressed) -> None:
        """Says how far an import is."""
        self.show("Importing", progress_words(progress))
