"""The rows of a viewed file: any number of them, of which only those near the ones in sight are read and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.services.file_sort_plan import ANSWER, BYTES, FILE, PROMPT, TURNS
from webtune_tui.services.viewed_file import Span, ViewedFile
from webtune_tui.tui.presentation.file_rows import ShownRow, glimpse
from webtune_tui.tui.presentation.text_layout import Part, fit, fit_right, short_number
from webtune_tui.tui.viewing.reading_rows import read_end, read_rows
from webtune_tui.tui.widgets.fetched_rows import FetchedRows
from webtune_tui.tui.widgets.row_view import RowView, highlighted

if TYPE_CHECKING:
    from textual.worker import WorkType

    from webtune_tui.services.row_order import RowOrder

_READ_ROWS = 96
_MARGIN = 24  # rows above those in sight that are read with them
_KEPT_ROWS = 1000
_UNSORTED = (FILE, False)
_NEAR_END = 40  # rows to the end of a span from which on it is continued


class ViewTable(FetchedRows):
    """The rows of a file, by number as far as they are counted.

    Before that the end, and any place that a search found, are shown as a span of lines: their numbers count from the
    end (``-1`` is the last line) or are left out, and become those of the file once they are known.
    """

    HEADER_LINES = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False),
        Binding("right_square_bracket", "next_mark(1)", "Next mark", key_display="]", show=False),
        Binding("left_square_bracket", "next_mark(-1)", "Mark before", key_display="[", show=False),
    ]

    marks: reactive[frozenset[int]] = reactive(frozenset())
    sorted_by: reactive[tuple[str, bool]] = reactive(_UNSORTED)

    class Changed(Message):
        """Other rows are listed, or a row under the cursor has come."""

    class SortWanted(Message):
        """The rows shall be sorted by a column; by the one that they are sorted by: the other way round."""

        def __init__(self, sort: str) -> None:
            super().__init__()
            self.sort = sort

    class MarkWanted(Message):
        """A marked line shall be gone to, by where it begins."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    def __init__(self, viewed: ViewedFile, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.needle = ""
        self._viewed = viewed
        self._span: Span | None = None
        self.order: RowOrder | None = None
        self._rows: dict[int, ShownRow] = {}
        self._fetching: Worker[None] | None = None
        self._listing = 0
        self._is_stale = False
        self._has_flags = False
        self._wide_number = 4

    def on_mount(self) -> None:
        """The first rows are there already."""
        self._rows = {number: glimpse(line) for number, line in enumerate(self._viewed.first)}
        self._count_changed()

    # What is listed

    def view(self, viewed: ViewedFile) -> None:
        """Lists another file, or the same one read anew."""
        self._viewed = viewed
        self._span = self.order = None
        self.sorted_by = _UNSORTED
        self.marks = frozenset()
        self.cursor = 0
        self.read_again()

    @property
    def is_counted(self) -> bool:
        """Whether the rows in sight have their numbers."""
        return self._span is None

    @property
    def current(self) -> ShownRow | None:
        """The row under the cursor, where it is read."""
        return self._rows.get(self.cursor)

    def label(self, row: int) -> str:
        """The number of a row: from 1, from the end as ``-1``, or a dot where neither is known."""
        if self.order is not None:
            found = self._rows.get(row)
            return "·" if found is None or found.number is None else f"{found.number + 1:,}"
        if self._span is None or self._span.starts[0] <= self._viewed.file.begin:
            return f"{row + 1:,}"
        return f"{row - len(self._span.starts):,}" if self._span.is_at_end else "·"

    def search_shown(self, needle: str) -> None:
        """Marks the text in the rows, which are cut anew around it."""
        if needle != self.needle:
            self.needle = needle
            self.read_again()

    async def counted(self) -> None:
        """More lines are counted: the list grows, and rows get their numbers."""
        if self.order is not None:
            self.post_message(self.Changed())
            if any(row in self._rows and self._rows[row].number is None for row in self.visible_rows):
                self.read_again()
            return
        if self._span is None:
            self._count_changed()
            self._fetch_visible()
            return
        span = self._span
        known = self._viewed.index.is_whole or self._viewed.index.bytes_known > span.starts[-1]
        if not known:
            return
        base = await asyncio.to_thread(self._viewed.row_at, span.starts[0])
        if base is None or self._span is not span:
            return
        self._span = None
        self._shift(base, self._viewed.rows_known)

    def read_again(self) -> None:
        """Reads the rows in sight anew; they stay there until then."""
        self._listing += 1
        self._is_stale = True
        self._count_changed()
        self._fetch_visible()

    @property
    def is_listing(self) -> bool:
        """Whether other rows than those of the file in its order are listed."""
        return self.order is not None

    async def show_order(self, order: RowOrder | None, sorted_by: tuple[str, bool]) -> None:
        """Lists rows in an order of their own, from the first on; all of the file again with the cursor on its row."""
        here, span, place = self.current, None, 0
        if order is None and here is not None:
            span, place = await self._place_of(here.offset)
        self.sorted_by = sorted_by
        await self._show_at(span, place, order, is_elsewhere=True)

    async def go_to_offset(self, offset: int) -> bool:
        """Puts the cursor on the line that begins there; whether it is listed."""
        if self.order is None:
            await self._show_at(*await self._place_of(offset))
            return True
        places = await asyncio.to_thread(self.order.places_of, [offset])
        if places:
            await self.go_to_row(places[offset])
        return bool(places)

    async def _place_of(self, offset: int) -> tuple[Span | None, int]:
        row = await asyncio.to_thread(self._viewed.row_at, offset)
        if row is not None and row < self._viewed.rows_known:
            return None, row
        return await asyncio.to_thread(self._viewed.around, offset)

    async def go_to_row(self, row: int) -> None:
        """Puts the cursor on a row by its place in the list, where all before it are known."""
        await self._show_at(None, row, self.order)

    def action_first(self) -> None:
        """Goes to the first row of the file."""
        self._jump(partial(self.go_to_row, 0))

    def action_last(self) -> None:
        """Goes to the last row of the file, counted or not."""
        self._jump(self._go_to_end)

    def _jump(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.run_worker(cast("WorkType[None]", work), group="view-jump", exclusive=True)

    async def _go_to_end(self) -> None:
        if self.order is not None or self._viewed.index.is_whole:
            await self.go_to_row(self._count(None, self.order) - 1)
            return
        height = max(self._page_height, 1)
        try:
            span, found = await asyncio.to_thread(read_end, self._viewed, self.needle, height)
        except WebtuneError as error:
            self.post_message(self.Failed(error))
            return
        rows = len(span.starts)
        if rows:
            self._take_place(span, max(rows - height, 0), rows - 1, found)

    def _count(self, span: Span | None, order: RowOrder | None) -> int:
        if order is not None:
            return order.count
        return len(span.starts) if span is not None else self._viewed.rows_known

    async def _show_at(
        self, span: Span | None, cursor: int, order: RowOrder | None = None, *, is_elsewhere: bool = False
    ) -> None:
        """Puts the cursor on a row. The rows around it are read before it moves, so that all come in one frame."""
        if cursor < 0 or (span is not None and not span.starts):
            return  # there is nothing: somebody cut the file meanwhile
        rows = self._count(span, order)
        here, height = range(0), max(self._page_height, 1)
        if span is self._span and not is_elsewhere:
            here = range(round(self.scroll_y), round(self.scroll_y) + height)
        top = here.start if cursor in here else max(min(cursor - height // 2, rows - height), 0)
        try:
            found = await asyncio.to_thread(read_rows, self._viewed, order or span, top, self.needle, height)
        except WebtuneError as error:
            self.post_message(self.Failed(error))
            return
        self._take_place(span, top, cursor, found, order)

    def _take_place(
        self, span: Span | None, top: int, cursor: int, found: Sequence[ShownRow], order: RowOrder | None = None
    ) -> None:
        if span is not self._span or order is not self.order:
            self._span, self.order, self._rows = span, order, {}
        self._listing += 1
        self._rows |= {top + number: row for number, row in enumerate(found)}
        self._forget_far_ones(top)
        self._note_flags()
        self._count_changed()
        self.scroll_to(y=top, animate=False, force=True)
        if cursor == self.cursor:
            self.post_message(self.Moved(self, cursor))
        self.cursor = cursor
        self.refresh()
        self._fetch_visible()
        self.post_message(self.Changed())

    def _count_changed(self) -> None:
        rows = self._count(self._span, self.order)
        self._wide_number = max(self._wide_number, len(f"{max(rows, self._viewed.rows_known):,}"))
        if rows != self.row_count:
            self.set_row_count(rows)
        self.post_message(self.Changed())

    def _shift(self, rows: int, count: int) -> None:
        """The rows in sight stand so many rows further down in the list now; nothing moves on the screen."""
        self._listing += 1
        self._rows = {number + rows: row for number, row in self._rows.items()}
        self._wide_number = max(self._wide_number, len(f"{count:,}"))
        cursor, top = self.cursor + rows, round(self.scroll_y) + rows
        self.set_row_count(max(count, self.row_count))
        self.set_reactive(RowView.cursor, cursor)
        self.scroll_to(y=top, animate=False, force=True)
        self.set_row_count(count)
        self._fetch_visible()
        self.refresh()
        self.post_message(self.Changed())

    # Marks

    def action_mark(self) -> None:
        """Marks or unmarks the row and goes to the next."""
        if self.current is not None:
            self.marks = self.marks ^ {self.current.offset}
            self.cursor += 1

    def action_next_mark(self, direction: int) -> None:
        """Goes to the next marked row, or the one before, and around."""
        if not self.marks or self.current is None:
            return
        if self.order is not None:
            self._jump(partial(self._go_to_listed_mark, self.order, direction))
            return
        here, ordered = self.current.offset, sorted(self.marks, reverse=direction < 0)
        further = [one for one in ordered if (one - here) * direction > 0]
        self.post_message(self.MarkWanted((further or ordered)[0]))

    async def _go_to_listed_mark(self, order: RowOrder, direction: int) -> None:
        places = await asyncio.to_thread(order.places_of, self.marks)
        ordered = sorted(places.values(), reverse=direction < 0)
        further = [one for one in ordered if (one - self.cursor) * direction > 0]
        if ordered and order is self.order:
            await self.go_to_row((further or ordered)[0])

    def watch_marks(self) -> None:
        """Tells how many there are."""
        self.post_message(self.Changed())

    def clicked(self, row: int, x: int, event: Click) -> None:
        """A click on the margin marks."""
        if x < 2 and (here := self._rows.get(row)):
            self.marks = self.marks ^ {here.offset}

    # Reading

    def watch_cursor(self, before: int, after: int) -> None:
        """Reads what came into sight."""
        super().watch_cursor(before, after)
        self._fetch_visible()

    def _fetch_visible(self) -> None:
        if self._fetching is None and self.is_attached and (self._missing() is not None or self._is_near_edge()):
            self._fetching = self.run_worker(self._fetch, group="view-rows")

    def _missing(self) -> int | None:
        if self._is_stale:
            return self.visible_rows[0] if self.visible_rows else None
        return next((row for row in self.visible_rows if row not in self._rows), None)

    def _is_near_edge(self) -> bool:
        span, rows = self._span, self.visible_rows
        if span is None or not rows or not span.starts:
            return False
        begins = span.starts[0] <= self._viewed.file.begin
        return (rows[0] < _NEAR_END and not begins) or (rows[-1] >= len(span.starts) - _NEAR_END and not span.is_at_end)

    async def _fetch(self) -> None:
        try:
            while True:
                first = self._missing()
                if first is not None:
                    if not await self._fetch_from(first):
                        return
                elif self._is_near_edge():
                    await self._continue_span()
                else:
                    return
        except WebtuneError as error:
            self.post_message(self.Failed(error))
        finally:
            self._fetching = None

    async def _fetch_from(self, missing: int) -> bool:
        """Reads the rows from a missing one on; whether anything came."""
        listing, listed, needle = self._listing, self.order or self._span, self.needle
        first = missing if missing - 1 in self._rows else max(missing - _MARGIN, 0)
        found = await asyncio.to_thread(read_rows, self._viewed, listed, first, needle, _READ_ROWS)
        if listing != self._listing:
            return True
        if self._is_stale:
            self._rows, self._is_stale = {}, False
        self._rows |= {first + number: row for number, row in enumerate(found)}
        self._forget_far_ones(first)
        self._note_flags()
        self.refresh()
        if first <= self.cursor < first + len(found):
            self.post_message(self.Moved(self, self.cursor))
            self.post_message(self.Changed())
        return first + len(found) > missing

    def _forget_far_ones(self, here: int) -> None:
        if len(self._rows) > _KEPT_ROWS:
            near = sorted(self._rows, key=lambda row: abs(row - here))[: _KEPT_ROWS // 2]
            self._rows = {row: self._rows[row] for row in near}

    def _note_flags(self) -> None:
        self._has_flags = self._has_flags or any(row.flags for row in self._rows.values())

    async def _continue_span(self) -> None:
        span = self._span
        assert span is not None
        above = self.visible_rows[0] < _NEAR_END and span.starts[0] > self._viewed.file.begin
        if above:
            longer, more = await asyncio.to_thread(self._viewed.more_before, span)
        else:
            longer, more = await asyncio.to_thread(self._viewed.more_behind, span), 0
        if self._span is not span:
            return
        self._span = longer
        self._shift(more, len(longer.starts))

    # Drawing

    def header(self, width: int) -> Sequence[Part]:
        """The names of the columns."""
        w = _Widths.of(width, self._wide_number, has_flags=self._has_flags)
        parts: list[Part] = [("  ", "")]
        for title, sort, cells, gap, fitted in w.columns:
            shown, style = title, ""
            if sort == self.sorted_by[0] and self.sorted_by != _UNSORTED:
                arrow, style = "↓" if self.sorted_by[1] else "↑", "accent"
                shown = f"{title} {arrow}" if len(title) + 2 < cells else f"{title[: cells - 1]}{arrow}"
            parts += [(fitted(shown, cells), style), (" " * gap, "")]
        return parts

    def watch_sorted_by(self) -> None:
        """Draws the arrow elsewhere."""
        self.refresh()

    def header_clicked(self, x: int) -> None:
        """A click on a title asks for that order."""
        start = 2
        w = _Widths.of(self.scrollable_content_region.width, self._wide_number, has_flags=self._has_flags)
        for _, sort, cells, gap, _ in w.columns:
            start += cells + gap
            if x < start:
                if sort:
                    self.post_message(self.SortWanted(sort))
                return

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One line of the file on one line."""
        w = _Widths.of(width, self._wide_number, has_flags=self._has_flags)
        number, found = fit_right(self.label(index), w.number), self._rows.get(index)
        if found is None:
            return [("  ", ""), (number, "muted"), ("  ·", "muted")]
        is_marked = found.offset in self.marks
        parts: list[Part] = [
            ("▌ " if is_marked else "  ", "accent"),
            (number, "accent" if is_marked else "muted"),
            (" ", ""),
            (fit_right(f"{found.turns}" if found.turns else "", 5), "muted"),
            (fit_right(short_number(found.size), 7), "muted"),
            ("  ", ""),
        ]
        if found.is_json:
            parts += [
                *highlighted(found.prompt, self.needle, w.prompt),
                ("  ", ""),
                *highlighted(found.answer, self.needle, w.answer),
            ]
        else:
            parts += highlighted(found.answer, self.needle, w.prompt + 2 + w.answer, "muted")
        if w.flags:
            parts += [("  ", ""), (fit(found.flags, w.flags), "bad" if found.is_refused else "warn")]
        return parts


@dataclass(frozen=True, slots=True)
class _Widths:
    """How the columns share a line: fixed ones first, then two parts prompt and three parts answer."""

    number: int
    prompt: int
    answer: int
    flags: int

    @classmethod
    def of(cls, width: int, number: int, *, has_flags: bool) -> _Widths:
        flags = min(28, max(width // 6, 8)) if has_flags and width >= 60 else 0
        fixed = 2 + number + 1 + 5 + 7 + 2 + 2 + (2 + flags if flags else 0)
        free = max(width - fixed, 8)
        prompt = free * 2 // 5
        return cls(number, prompt, free - prompt, flags)

    @property
    def columns(self) -> Sequence[tuple[str, str, int, int, Callable[[str, int], str]]]:
        """Title, what a click on it sorts by, cells, cells behind it, and how it is fitted; from the margin on."""
        return (
            ("#", FILE, self.number, 1, fit_right),
            ("turns", TURNS, 5, 0, fit_right),
            ("bytes", BYTES, 7, 2, fit_right),
            ("prompt", PROMPT, self.prompt, 2, fit),
            ("answer", ANSWER, self.answer, 2 if self.flags else 0, fit),
            ("flags", "", self.flags, 0, fit),
        )
