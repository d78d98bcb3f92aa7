"""The records of a collection as a list that reads a page where one looks, however many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from webtune_tui.domain.records import Record
from webtune_tui.tui.presentation.collections import record_parts
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part
from webtune_tui.tui.widgets.record_pages import PAGE, Asked, RecordPages
from webtune_tui.tui.widgets.row_view import RowView

if TYPE_CHECKING:
    from textual.worker import WorkType

Read = Callable[[Asked], Awaitable[Sequence[Record]]]


class RecordList(RowView):
    """A given count is believed until a page shows where the list really ends."""

    DEFAULT_CSS = "RecordList { height: 1fr; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._read: Read | None = None
        self._pages = RecordPages()
        self._asked: set[int] = set()
        self._told = 0

    def open(self, read: Read | None, count: int, *, keeps_place: bool = False) -> None:
        """Begins another list from its first row on, or where one was; without ``read`` it stays empty."""
        self._read = read
        self._told = count
        self._forget()
        self.set_row_count(count)
        if not keeps_place:
            self.cursor = 0
            self.scroll_home(animate=False)
        self._ask(self.cursor // PAGE)

    def grow(self, count: int) -> None:
        """More records have come: rows are added, and what was read of the end is read anew where it is in sight."""
        if self._read is None or count <= self._told:
            return
        self._told = count
        last = self.row_count // PAGE
        self._pages.clear(last)
        self.set_row_count(max(count, self.row_count))  # drawing asks for what is missing: far pages are slow to read

    @property
    def current(self) -> Record | None:
        """The record under the cursor, where it has been read."""
        return self._pages.record(self.cursor)

    @property
    def records(self) -> Sequence[Record]:
        """What has been read of it, in order."""
        return list(self._pages)

    def row(self, index: int, width: int) -> Sequence[Part]:
        record = self._pages.record(index)
        if record is None:
            self._ask(index // PAGE)
            return [(f"{index:>6} {GLYPHS.ellipsis}", "muted")]
        return record_parts(record, width)

    def _forget(self) -> None:
        self._pages.clear()
        self._asked.clear()

    def _ask(self, page: int) -> None:
        read = self._read
        if read is None or page in self._asked or page in self._pages:
            return
        self._asked.add(page)
        work = cast("WorkType[None]", partial(self._load, read, page))
        self.run_worker(work, group=f"page {page}", exclusive=True, exit_on_error=False)

    async def _load(self, read: Read, page: int) -> None:
        asked = self._pages.wanted(page, self.row_count)
        try:
            records = await read(asked)
        finally:
            self._asked.discard(page)
        if read is not self._read:
            return  # another list is open by now
        if not self._pages.take(page, asked, records):
            self._ask(page)
        elif asked.before is not None:
            self._end_at_the_top(page * PAGE + asked.limit - len(records), asked.limit - len(records))
        else:
            known = page * PAGE + len(records)
            if len(records) < PAGE:
                self.set_row_count(min(self.row_count, known))
            if known > self.row_count:
                self.set_row_count(known)
        self.refresh()

    def _end_at_the_top(self, excess: int, missing: int) -> None:
        """Upwards the rows came to their end before the first one: there are fewer of them than was told."""
        if missing:
            self._forget()
            cursor = self.cursor - excess
            self.set_row_count(self.row_count - excess)
            self.cursor = cursor
