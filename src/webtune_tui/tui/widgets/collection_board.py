"""The table of collections: what is under way on top, then the newest; drawn only where it is visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.content import Content

from webtune_tui.domain import clock
from webtune_tui.domain.records import Collection
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.collections import board_header, board_row
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part
from webtune_tui.tui.widgets.row_view import RowView


class CollectionBoard(RowView):
    """Keeps its cursor on the same collection while rows come and change. ``typical`` tells usual durations."""

    HEADER_LINES: ClassVar[int] = 1

    def __init__(
        self,
        typical: Callable[[Collection], float | None] = lambda _: None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._typical = typical
        self._shown: list[Collection] = []
        self._now = ""
        self._count = ""
        self.border_title = "Collections"

    @property
    def current(self) -> Collection | None:
        """The collection under the cursor."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    @property
    def shown(self) -> Sequence[Collection]:
        """What it lists, from top to bottom."""
        return self._shown

    def show(self, collections: Sequence[Collection], current_id: str | None = None) -> None:
        """Shows these collections; the cursor goes to ``current_id`` or stays on its collection."""
        wanted = current_id or (self.current.collection_id if self.current else None)
        self._shown = list(collections)
        self._now = clock.now()
        places = [place for place, shown in enumerate(self._shown) if shown.collection_id == wanted]
        self.set_row_count(len(self._shown))
        if places:
            self.cursor = places[0]

    def tell_count(self, fitting: int, every: int, *, is_narrowed: bool) -> None:
        """Says in the border how many collections there are, and of how many they are picked."""
        count = f"{fitting:,} of {every:,}" if is_narrowed else figures.count(every)
        if count != self._count:  # setting it draws the whole panel
            self._count = count
            self.border_subtitle = Content(f"{count} {GLYPHS.dot} / filters")

    def header(self, width: int) -> Sequence[Part]:
        return board_header(width)

    def row(self, index: int, width: int) -> Sequence[Part]:
        collection = self._shown[index]
        return board_row(collection, width, self._now, self._typical(collection))


def in_order(collections: Sequence[Collection]) -> list[Collection]:
    """What is under way or waits for the person first, then the newest."""
    newest_first = sorted(collections, key=lambda shown: (shown.created_at, shown.collection_id), reverse=True)
    return sorted(newest_first, key=lambda shown: shown.state.is_final)
