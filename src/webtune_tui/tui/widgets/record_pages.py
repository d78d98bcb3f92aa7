"""What has been read of a list of records, page by page, and which rows to ask for next.

Rows are asked for by position and never by how many come before them: the end of a long list costs what its beginning
costs. Positions may have gaps, so a page far from all that is known is a guess; a page that is read beside a known
one joins it without a gap or a row twice, and a page that does not join its neighbour is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from webtune_tui.domain.records import BEHIND_ALL, Record

PAGE = 100
_KEPT_PAGES = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """At most ``limit`` rows: the first ones after a position, or with ``before`` the last ones before another."""

    limit: int = PAGE
    after: int = -1
    before: int | None = None


class RecordPages:
    """A few pages around where one looks."""

    def __init__(self) -> None:
        self._pages: dict[int, Sequence[Record]] = {}

    def __contains__(self, page: int) -> bool:
        return page in self._pages

    def __iter__(self) -> Iterator[Record]:
        return (record for page in sorted(self._pages) for record in self._pages[page])

    def record(self, row: int) -> Record | None:
        """The record of a row, where it has been read."""
        page = self._pages.get(row // PAGE, ())
        place = row % PAGE
        return page[place] if place < len(page) else None

    def clear(self, first: int = 0) -> None:
        """Forgets the pages from one on."""
        self._pages = {page: records for page, records in self._pages.items() if page < first}

    def wanted(self, page: int, row_count: int) -> Asked:
        """The rows of a page of a list with so many rows."""
        if page == 0:
            return Asked()
        if below := self._pages.get(page - 1):
            return Asked(after=below[-1].position)
        if above := self._pages.get(page + 1):
            return Asked(before=above[0].position)
        rest = row_count - page * PAGE
        if 0 < rest <= PAGE:
            return Asked(limit=rest, before=BEHIND_ALL)
        return Asked(after=self._guess(page * PAGE) - 1)

    def take(self, page: int, asked: Asked, records: Sequence[Record]) -> bool:
        """Keeps what was answered; false where the page below came meanwhile and these rows do not join it."""
        below = self._pages.get(page - 1)
        if below and asked.after != below[-1].position:
            return False
        self._pages[page] = records
        above = self._pages.get(page + 1)
        if above and asked.before != above[0].position:
            del self._pages[page + 1]
        while len(self._pages) > _KEPT_PAGES:
            del self._pages[max(self._pages, key=lambda kept: abs(kept - page))]
        return True

    def _guess(self, row: int) -> int:
        """The position of a row, as far as the known ones tell."""
        known = {0: 0} | {page * PAGE: records[0].position for page, records in self._pages.items() if records}
        low = max(one for one in known if one <= row)
        high = min((one for one in known if one > row), default=None)
        if high is None:
            return known[low] + row - low
        return known[low] + (row - low) * (known[high] - known[low]) // (high - low)
