"""The list of collections, newest first, two lines each."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import OptionList
from textual.widgets.option_list import Option

from webtune_tui.domain import clock
from webtune_tui.domain.records import Collection
from webtune_tui.tui.presentation.collections import board_row


class CollectionBoard(OptionList):
    """Keeps its cursor on the same collection while rows come and change."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._shown: list[Collection] = []

    @property
    def current(self) -> Collection | None:
        """The collection under the cursor."""
        place = self.highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    def show(self, collections: Sequence[Collection], current_id: str | None = None) -> None:
        """Shows these collections; the cursor goes to ``current_id`` or stays."""
        wanted = current_id or (self.current.collection_id if self.current else None)
        is_same_order = [c.collection_id for c in collections] == [c.collection_id for c in self._shown]
        self._shown = list(collections)
        if is_same_order and current_id is None:
            self.redraw()
            return
        now, width = clock.now(), self._row_width
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            self.add_options([Option(board_row(shown, width, now), id=shown.collection_id) for shown in collections])
        ids = [shown.collection_id for shown in collections]
        if ids:
            self.highlighted = ids.index(wanted) if wanted in ids else 0
        self.call_after_refresh(self.redraw)  # the width is known once it is laid out

    def redraw(self) -> None:
        """Draws the rows anew: ages move, widths change."""
        now, width = clock.now(), self._row_width
        for place, shown in enumerate(self._shown):
            self.replace_option_prompt_at_index(place, board_row(shown, width, now))
        self.refresh()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    @property
    def _row_width(self) -> int:
        return max(self.scrollable_content_region.width, 20)
