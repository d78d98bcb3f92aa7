"""The table of examples: any number of rows, of which only the pages in sight are fetched and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.worker import Worker, WorkerCancelled

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.example_fields import EDITED
from webtune_tui.services.example_listing import ExamplePage
from webtune_tui.tui.presentation.example_columns import Placed, TableLayout, placed
from webtune_tui.tui.presentation.examples import ExampleRow, common_lead, row_of, split_word
from webtune_tui.tui.presentation.text_layout import Part, fit, fit_right
from webtune_tui.tui.widgets.fetched_rows import FetchedRows
from webtune_tui.tui.widgets.row_view import RowView, highlighted

PAGE_ROWS = 128
KEPT_PAGES = 12

PageSource = Callable[[int, int], Awaitable[ExamplePage]]
"""Gives the examples from an offset on, at most so many, in an order that does not change."""


class ExampleTable(FetchedRows):
    """Examples of one dataset version, a page at a time.

    Pages are fetched for the rows in sight alone and the least recently seen ones are forgotten, so that a million
    examples open as fast as ten and take as little memory.
    """

    HEADER_LINES = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False),
        Binding("shift+down,J", "mark_range(1)", "Mark down", show=False),
        Binding("shift+up,K", "mark_range(-1)", "Mark up", show=False),
        Binding("a", "mark_all", "Mark all", show=False),
    ]

    marks: reactive[frozenset[str]] = reactive(frozenset())
    are_all_marked: reactive[bool] = reactive(False)
    layout_wanted: reactive[TableLayout] = reactive(TableLayout())
    empty_words: reactive[str] = reactive("")
    sorted_by: reactive[tuple[str, bool]] = reactive(("index", False))

    class SortWanted(Message):
        """The rows shall be sorted by a column; by the one that they are sorted by: the other way round."""

        def __init__(self, sort: str) -> None:
            super().__init__()
            self.sort = sort

    class Loaded(Message):
        """A listing's first rows are there; ``total`` counts all that match."""

        def __init__(self, total: int) -> None:
            super().__init__()
            self.total = total

    class Marked(Message):
        """Another set of examples is marked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source: PageSource | None = None
        self._needle = ""
        self._lead = ""
        self._pages: OrderedDict[int, Sequence[ExampleRow]] = OrderedDict()
        self._listing = 0
        self._fetching: Worker[None] | None = None
        self._is_stale = False
        self._wide = _Wide()
        self._placed: list[Placed] = []
        self._placed_for: tuple[int, TableLayout, _Wide, str] | None = None

    # What is listed

    def show(self, source: PageSource, *, needle: str = "", keep_place: bool = False) -> None:
        """Lists what ``source`` gives. The rows before stay in sight until the first new ones are there."""
        self._source = source
        self._needle = needle
        self._listing += 1
        self._is_stale = True
        if not keep_place:
            self.scroll_to(y=0, animate=False, force=True)
            self.set_reactive(RowView.cursor, 0)
        self._fetch_visible()

    async def reload(self, source: PageSource, *, needle: str = "") -> None:
        """Lists anew at the same place; returns when the rows in sight are there."""
        self.show(source, needle=needle, keep_place=True)
        await self.fetched()

    async def fetched(self) -> None:
        """Returns when the rows in sight are there."""
        if self._fetching is not None:
            with suppress(WorkerCancelled):  # the app is being left: nobody looks at the rows any more
                await self._fetching.wait()

    def grow(self, total: int) -> None:
        """Says that so many rows are found by now; pages that were not full are fetched again."""
        if self._is_stale or total == self.row_count:
            return
        for number in [number for number, page in self._pages.items() if _is_short(number, len(page), total)]:
            del self._pages[number]
        self._take_total(total)
        self._fetch_visible()

    @property
    def current(self) -> ExampleRow | None:
        """The example under the cursor, where its page is there."""
        return self.example_row(self.cursor)

    def example_row(self, index: int) -> ExampleRow | None:
        """A row by its place, where its page is there."""
        page = self._pages.get(index // PAGE_ROWS, ())
        place = index % PAGE_ROWS
        return page[place] if place < len(page) else None

    @property
    def lead(self) -> str:
        """The words with which the prompts in sight begin, all of them."""
        return self._lead

    @property
    def kept_rows(self) -> int:
        """How many rows are in memory."""
        return sum(len(page) for page in self._pages.values())

    def find(self, example_id: str) -> int | None:
        """The place of an example among the pages that are there."""
        for number, page in self._pages.items():
            for place, row in enumerate(page):
                if row.example_id == example_id:
                    return number * PAGE_ROWS + place
        return None

    # Marks

    def is_marked(self, example_id: str) -> bool:
        """Whether an example is marked, alone or with all that are listed."""
        return self.are_all_marked or example_id in self.marks

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked examples, or the one under the cursor where none is marked."""
        if self.marks:
            return tuple(sorted(self.marks))
        return (self.current.example_id,) if self.current else ()

    def clear_marks(self) -> None:
        """Takes every mark away."""
        self.are_all_marked = False
        self.marks = frozenset()

    def watch_are_all_marked(self) -> None:
        """Tells the screen."""
        self.post_message(self.Marked())

    def watch_marks(self) -> None:
        """Tells the screen."""
        self.post_message(self.Marked())

    def action_mark(self) -> None:
        """Marks or unmarks the row and goes to the next."""
        self.are_all_marked = False
        if self.current:
            self.marks = self.marks ^ {self.current.example_id}
            self.cursor += 1

    def action_mark_all(self) -> None:
        """Marks all that are listed, or takes all marks away."""
        is_any_marked = self.are_all_marked or bool(self.marks)
        self.clear_marks()
        self.are_all_marked = not is_any_marked and self.row_count > 0

    def action_mark_range(self, rows: int) -> None:
        """Marks the row and the one that the cursor goes to."""
        rows_here = [self.current]
        self.cursor += rows
        rows_here.append(self.current)
        self.marks = self.marks | {row.example_id for row in rows_here if row}

    def clicked(self, row: int, x: int, event: Click) -> None:
        """A click on the margin marks."""
        if x < 2 and (here := self.example_row(row)):
            self.marks = self.marks ^ {here.example_id}

    # Fetching

    def _fetch_visible(self) -> None:
        if self._source is None or self._fetching is not None or not self.is_attached:
            return
        if self._is_stale or self._next_missing() is not None:
            self._fetching = self.run_worker(self._fetch, group="example-pages")

    def _next_missing(self) -> int | None:
        rows = self.visible_rows
        if not rows:
            return None
        pages = range(rows[0] // PAGE_ROWS, rows[-1] // PAGE_ROWS + 1)
        return next((number for number in pages if number not in self._pages), None)

    async def _fetch(self) -> None:
        try:
            while (number := self._wanted_page()) is not None:
                await self._fetch_page(number)
        except WebtuneError as error:
            self._is_stale = False
            self.post_message(self.Failed(error))
        finally:
            self._fetching = None

    def _wanted_page(self) -> int | None:
        if self._is_stale:
            return round(self.scroll_y) // PAGE_ROWS
        return self._next_missing()

    async def _fetch_page(self, number: int) -> None:
        assert self._source is not None
        listing, needle, is_first = self._listing, self._needle, self._is_stale
        page = await self._source(number * PAGE_ROWS, PAGE_ROWS)
        known = None if is_first else self._lead
        lead, rows = await asyncio.to_thread(_rows_of, page, needle, known)
        if listing != self._listing:
            return
        self._lead = lead
        if is_first:
            self._pages.clear()
            self._is_stale = False
        self._keep(number, rows)
        if is_first:
            self._take_total(page.total)
        self.refresh()
        if self.cursor // PAGE_ROWS == number:
            self.post_message(self.Moved(self, self.cursor))

    def _keep(self, number: int, rows: Sequence[ExampleRow]) -> None:
        self._pages[number] = rows
        self._pages.move_to_end(number)
        while len(self._pages) > KEPT_PAGES:
            self._pages.popitem(last=False)
        self._wide = replace(
            self._wide,
            number=max(self._wide.number, *(len(f"{row.number:,}") for row in rows), 0),
            tokens=max(self._wide.tokens, *(len(f"{row.tokens:,}") for row in rows), 0),
            source=max(self._wide.source, *(cell_len(row.source) for row in rows), 0),
            has_flags=self._wide.has_flags or any(row.flags for row in rows),
        )

    def _take_total(self, total: int) -> None:
        self._wide = replace(self._wide, number=max(3, len(f"{total:,}"), self._wide.number))
        self.set_row_count(total)
        self._follow_cursor()
        self.post_message(self.Loaded(total))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One visible line; where nothing is listed the first one says why."""
        if not self.row_count and y == self.HEADER_LINES + 1 and self.empty_words:
            width = self.scrollable_content_region.width
            return self._strip([("  ", ""), (fit(self.empty_words, width - 2), "muted")], width, self.rich_style)
        return super().render_line(y)

    def header(self, width: int) -> Sequence[Part]:
        """The names of the columns, with the direction of the one that the rows are sorted by."""
        parts: list[Part] = [("  ", "")]
        for number, one in enumerate(self._columns(width)):
            title, arrow = one.column.title, ""
            if one.column.sort == self.sorted_by[0] and self.sorted_by != _UNSORTED:
                arrow = "↓" if self.sorted_by[1] else "↑"
                title = f"{title} {arrow}" if len(title) + 2 <= one.width else f"{title[: one.width - 1]}{arrow}"
            cell = fit_right(title, one.width) if one.column.is_right else fit(title, one.width)
            parts += [(_GAP, "")] if number else []
            parts.append((cell, "accent" if arrow else ""))
        return parts

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One example on one line."""
        columns = self._columns(width)
        example = self.example_row(index)
        if example is None:
            place = next((one.width for one in columns if one.column.name == "number"), 3)
            return [("  ", ""), (fit_right(f"{index + 1:,}", place), "muted"), ("  ·", "muted")]
        is_marked = self.is_marked(example.example_id)
        parts: list[Part] = [("▌ " if is_marked else "  ", "accent")]
        for number, one in enumerate(columns):
            parts += [(_GAP, "")] if number else []
            parts += self._cell(one.column.name, example, index, one.width, is_marked=is_marked)
        return parts

    def _cell(self, name: str, example: ExampleRow, index: int, width: int, *, is_marked: bool) -> Sequence[Part]:
        match name:
            case "number":
                shown = fit_right(f"{example.number or index + 1:,}", width)
                return [(shown, "accent" if is_marked else "muted")]
            case "edited":
                return [("✎" if EDITED in example.flags else " ", "second")]
            case "split":
                return [(fit(split_word(example.split), width), _SPLIT_STYLES.get(example.split, ""))]
            case "tokens":
                return [(fit_right(f"{example.tokens:,}", width), "muted")]
            case "prompt":
                return highlighted(example.prompt, self._needle, width)
            case "answer":
                return highlighted(example.answer, self._needle, width)
            case "source":
                return [(fit(example.source, width), "muted")]
            case "flags":
                return [(fit(" ".join(example.flags), width), "warn")]
        return [(fit(example.example_id, width), "muted")]

    def _columns(self, width: int) -> list[Placed]:
        pointed = "" if self.sorted_by == _UNSORTED else {"index": "number"}.get(self.sorted_by[0], self.sorted_by[0])
        if self._placed_for != (width, self.layout_wanted, self._wide, pointed):
            self._placed_for = (width, self.layout_wanted, self._wide, pointed)
            flags = min(24, max(width // 8, 6)) if self._wide.has_flags and width >= 60 else 0
            contents = {"number": self._wide.number, "tokens": self._wide.tokens, "flags": flags}
            contents |= {"source": self._wide.source}
            self._placed = placed(self.layout_wanted, width, contents, margin=2, gap=len(_GAP), pointed=pointed)
        return self._placed

    def column_at(self, x: int) -> Placed | None:
        """The column at a cell of a line."""
        columns = self._columns(self.scrollable_content_region.width)
        return next((one for one in reversed(columns) if x >= one.start), None)

    def width_of(self, name: str) -> int:
        """How wide a column is just now; 0 where there was no room for it."""
        columns = self._columns(self.scrollable_content_region.width)
        return next((one.width for one in columns if one.column.name == name), 0)

    def watch_layout_wanted(self) -> None:
        """Draws other columns."""
        self.refresh()

    def watch_sorted_by(self) -> None:
        """Draws the arrow elsewhere."""
        self.refresh()

    def header_clicked(self, x: int) -> None:
        """A click on a title asks for that order."""
        found = self.column_at(x)
        if found is not None and found.column.sort:
            self.post_message(self.SortWanted(found.column.sort))


def _is_short(number: int, rows: int, total: int) -> bool:
    """Whether a page has fewer rows than it could."""
    return rows < min(PAGE_ROWS, total - number * PAGE_ROWS)


_GAP = "  "
_UNSORTED = ("index", False)
_SPLIT_STYLES = {"train": "muted", "validation": "second", "test": "accent"}


@dataclass(frozen=True, slots=True)
class _Wide:
    """How wide the widest cells were that have been in sight."""

    number: int = 3
    tokens: int = 6
    source: int = 6
    has_flags: bool = False


def _rows_of(page: ExamplePage, needle: str, lead: str | None) -> tuple[str, list[ExampleRow]]:
    """The rows of a page, and what its prompts begin with where that was not known yet."""
    if lead is None:
        lead = common_lead([example.prompt for example in page.examples])
    numbers = page.numbers or [0] * len(page.examples)
    return lead, [row_of(example, needle, lead, number) for example, number in zip(page.examples, numbers, strict=True)]
