"""A long list whose rows are fetched as they come into sight: what every such list has."""

from __future__ import annotations

from abc import abstractmethod

from textual.events import Resize
from textual.message import Message

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.tui.widgets.row_view import RowView


class FetchedRows(RowView):
    """Fetches whenever other rows may be in sight."""

    class Failed(Message):
        """Rows could not be fetched."""

        def __init__(self, error: WebtuneError) -> None:
            super().__init__()
            self.error = error

    @abstractmethod
    def _fetch_visible(self) -> None:
        """Begins to fetch what is in sight and not there."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Fetches what came into sight."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._fetch_visible()

    def on_resize(self, event: Resize) -> None:
        """A taller list shows more rows."""
        super().on_resize(event)
        self._fetch_visible()
