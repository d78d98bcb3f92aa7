"""The examples that fulfil a condition, in an order: the first at once, the others as they are found.

Numbers of rows are kept (8 bytes each), the examples themselves are read a page at a time.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, chain

from webtune_tui.domain.examples import Example
from webtune_tui.services.body_facts import BodyFactsService
from webtune_tui.services.body_facts_run import Looked
from webtune_tui.services.stepwise import in_thread, to_the_end
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.example_conditions import Where
from webtune_tui.storage.example_scans import ExampleScans, Wanted

_QUICK = 2_000  # rows that are asked for without the numbers of all
_TOLD_EVERY = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class ExamplePage:
    """Some examples of a version from ``offset`` on; ``total`` counts all that match, as far as they are found.

    ``numbers`` are their places in the version from 1: they stay when others are dropped.
    """

    examples: Sequence[Example]
    offset: int
    total: int
    numbers: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """How many examples a listing has found so far; ``is_complete`` says that these are all.

    ``looked`` tells how far the messages are looked at, where a condition needs it.
    """

    count: int
    is_complete: bool
    looked: Looked | None = None


class ExampleListing:
    """One listing. Call :meth:`find` once and take its values beside the pages, until it ends.

    ``facts`` finds out what a condition asks of messages, where it can be kept.
    """

    def __init__(self, scans: ExampleScans, wanted: Wanted, facts: BodyFactsService | None = None) -> None:
        self.wanted = wanted
        self._scans = scans
        self._facts = facts
        self._looked: Looked | None = None
        self._searched = 0
        self._where: Where | None = None
        self._places: _Places | None = None
        self._ids: array[int] = array("q")
        self._count = wanted.revision.totals.content.count if wanted.is_everything else 0
        self._is_complete = False
        self._stopped = threading.Event()
        self._grown = asyncio.Event()

    @property
    def found(self) -> Found:
        """What is known of its length."""
        return Found(self._count, self._is_complete, self._looked)

    async def find(self) -> AsyncGenerator[Found, None]:
        """Finds all examples; tells about ten times a second how many there are, and at the end.

        Closing it, or :meth:`stop`, ends the search.

        Raises:
            UsageError: the condition asks what examples don't have.
        """
        if self._in_place:
            self._is_complete = True
            yield self.found
            return
        try:
            async with aclosing(self._look()) as looked:
                async for self._looked in looked:
                    yield self.found
            self._looked = None
            async with aclosing(in_thread(self._pieces())) as pieces:
                async for ids in pieces:
                    self._take(ids)
                    yield self.found
            self._is_complete = not self._stopped.is_set()
            self._count = len(self._ids) if self._is_complete else self._count
            yield self.found
        finally:
            self._stopped.set()  # whoever waits for a page gets what there is
            self._grown.set()

    def stop(self) -> None:
        """Ends the search; what is found stays."""
        self._stopped.set()

    async def page(self, offset: int, limit: int) -> ExamplePage:
        """Examples from an offset on. Waits for what is being searched, until some are there or the search has ended.

        Raises:
            UsageError: the condition asks what examples don't have.
        """
        if self._in_place:
            rows = await to_the_end(lambda: _read(self._rows_in_place(offset, limit)))
        else:
            rows = await self._rows(offset, limit)
        return ExamplePage([one for one, _ in rows], offset, self._count, [number for _, number in rows])

    async def row_ids(self) -> array[int]:
        """The numbers of all rows, once they are found."""
        while not self._is_complete and not self._stopped.is_set():
            self._grown.clear()  # else the wait is none, and the loop would never come to the search
            await self._grown.wait()
        return self._ids

    async def place_of(self, example_id: str) -> int | None:
        """The place of an example in the list from 0, once all are found; ``None`` where it is not in it."""
        row = await to_the_end(lambda: self._scans.row_of(self.wanted.revision, example_id))
        if row is None:
            return None
        if self._in_place:
            place = await to_the_end(lambda: self._known_places().of(row[1]))
            return self._count - 1 - place if self.wanted.is_descending else place
        ids = await self.row_ids()
        try:
            return await to_the_end(lambda: ids.index(row[0]))
        except ValueError:
            return None

    @property
    def _in_place(self) -> bool:
        """Whether the places in the build tell the rows: nothing need be searched."""
        return self.wanted.is_everything and self.wanted.sort == "index"

    async def _rows(self, offset: int, limit: int) -> list[tuple[Example, int]]:
        end = offset + limit
        where = await to_the_end(self._condition)
        while not self._is_complete and not self._stopped.is_set() and len(self._ids) < end:
            if (asked := self._quickly(where, offset, limit)) is not None:
                return await to_the_end(partial(self._rows_of, where, *asked))
            if len(self._ids) > offset:
                break  # some of the page is there; the rest comes with the next look
            self._grown.clear()
            await self._grown.wait()
        some = self._ids[offset:end]
        return await to_the_end(lambda: _read(self._scans.rows(some)))

    def _quickly(self, where: Where, offset: int, limit: int) -> tuple[Wanted, int, int] | None:
        """How rows are asked for before the search has come to them: from the beginning, or from the end backwards."""
        if where.may_read_texts or self.wanted.reads_texts:
            return None
        if offset + limit <= _QUICK:
            return self.wanted, offset, limit
        if not self.wanted.is_everything:
            return None
        limit = min(limit, self._count - offset)
        after = self._count - offset - limit
        if limit <= 0 or after + limit > _QUICK:
            return None
        return replace(self.wanted, is_descending=not self.wanted.is_descending), after, limit

    def _rows_of(self, where: Where, wanted: Wanted, offset: int, limit: int) -> list[tuple[Example, int]]:
        ids = self._scans.first(wanted, where, limit, offset)
        return _read(self._scans.rows(ids if wanted is self.wanted else ids[::-1]))

    async def _look(self) -> AsyncGenerator[Looked, None]:
        """Has messages looked at that the condition asks of and nobody looked at yet, and takes the rows meanwhile."""
        where = await to_the_end(self._condition)
        if not where.lacks_facts or self._facts is None or self._stopped.is_set():
            return
        looking = self._facts.find_out(self.wanted.revision, with_languages=where.asks_language)
        async with aclosing(looking) as looked:
            async for one in looked:
                if self.wanted.sort == "index" and not self.wanted.is_descending and one.place > self._searched:
                    places = replace(self.wanted, places=(self._searched, one.place))
                    self._take(await to_the_end(partial(self._row_ids, places, where)))
                    self._searched = one.place
                yield one
                if self._stopped.is_set():
                    return
        self._where = None  # it is asked more simply now

    def _row_ids(self, wanted: Wanted, where: Where) -> array[int]:
        return array("q", chain.from_iterable(self._scans.row_ids(wanted, where, self._stopped)))

    def _take(self, ids: array[int]) -> None:
        self._ids.extend(ids)
        self._count = max(self._count, len(self._ids))
        self._grown.set()

    def _condition(self) -> Where:
        if self._where is None:
            self._where = self._scans.where(self.wanted)
        return self._where

    def _pieces(self) -> Generator[array[int], None, None]:
        where = self._condition()
        ids: array[int] = array("q")
        told = 0.0
        wanted = replace(self.wanted, places=(self._searched, sys.maxsize)) if self._searched else self.wanted
        for some in self._scans.row_ids(wanted, where, self._stopped):
            ids.extend(some)
            if time.monotonic() - told >= _TOLD_EVERY:
                yield ids
                ids, told = array("q"), time.monotonic()
        yield ids

    def _rows_in_place(self, offset: int, limit: int) -> list[StoredExample]:
        revision = self.wanted.revision
        if not self.wanted.is_descending:
            return self._at(revision, offset, limit)
        first = max(self._count - offset - limit, 0)
        return self._at(revision, first, self._count - offset - first)[::-1]

    def _at(self, revision: Revision, offset: int, limit: int) -> list[StoredExample]:
        ordinal, before = self._known_places().at(offset)
        return self._scans.in_order(revision, ordinal, before + max(limit, 0))[before:]

    def _known_places(self) -> _Places:
        if self._places is None:
            self._places = _Places(self._scans.unlike_built(self.wanted.revision), self._count)
        return self._places


def _read(rows: Sequence[StoredExample]) -> list[tuple[Example, int]]:
    """The examples, each with its place from 1; in a thread, since reading their messages takes its time."""
    return [(row.to_example(), row.ordinal + 1) for row in rows]


class _Places:
    """Where the rows of a revision lie among the places of its build, of which one may have none or several."""

    def __init__(self, unlike: Sequence[tuple[int, int]], count: int) -> None:
        self._ordinals = [ordinal for ordinal, _ in unlike]
        # how many rows lie before and at each of these places
        added = accumulate(rows - 1 for _, rows in unlike)
        self._ends = [ordinal + 1 + more for ordinal, more in zip(self._ordinals, added, strict=True)]
        self._count = count

    def of(self, ordinal: int) -> int:
        """The offset of the first row of a place."""
        number = bisect_left(self._ordinals, ordinal)
        return ordinal + (self._ends[number - 1] - self._ordinals[number - 1] - 1 if number else 0)

    def at(self, offset: int) -> tuple[int, int]:
        """The place of the row at an offset, and how many rows of that place come before it."""
        number = bisect_right(self._ends, offset)
        ordinal = offset - (self._ends[number - 1] if number else 0) + (self._ordinals[number - 1] + 1 if number else 0)
        if number < len(self._ordinals) and ordinal > self._ordinals[number]:
            return self._ordinals[number], ordinal - self._ordinals[number]
        return ordinal, 0
