"""The table of examples: any number of rows, of which only the pages in sight are fetched and kept."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.message import Message
from textual.reactive import reactive
from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.services.example_listing import ExamplePage
from webtune_tui.tui.presentation.examples import ExampleRow, common_lead, row_of, split_word
from webtune_tui.tui.presentation.text_layout import Part, fit, fit_right
from webtune_tui.tui.widgets.row_view import RowView, highlighted

PAGE_ROWS = 128
KEPT_PAGES = 12

PageSource = Callable[[int, int], Awaitable[ExamplePage]]
"""Gives the examples from an offset on, at most so many, in an order that does not change."""


class ExampleTable(RowView):
    """Examples of one dataset version, a page at a time.

    Pages are fetched for the rows in sight alone and the least recently seen ones are forgotten, so that a million
    examples open as fast as ten and take as little memory.
    """

    HEADER_LINES = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False),
        Binding("shift+down,J", "mark_range(1)", "Mark down", show=False),
        Binding("shift+up,K", "mark_range(-1)", "Mark up", show=False),
    ]

    marks: reactive[frozenset[str]] = reactive(frozenset())

    class Loaded(Message):
        """A listing's first rows are there; ``total`` counts all that match."""

        def __init__(self, total: int) -> None:
            super().__init__()
            self.total = total

    class Failed(Message):
        """A page could not be fetched."""

        def __init__(self, error: WebtuneError) -> None:
            super().__init__()
            self.error = error

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
        self._has_flags = False
        self._wide_number = 3
        self._wide_tokens = 6

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
        if self._fetching is not None:
            await self._fetching.wait()

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

    @property
    def chosen(self) -> tuple[str, ...]:
        """The marked examples, or the one under the cursor where none is marked."""
        if self.marks:
            return tuple(sorted(self.marks))
        return (self.current.example_id,) if self.current else ()

    def clear_marks(self) -> None:
        """Takes every mark away."""
        self.marks = frozenset()

    def watch_marks(self) -> None:
        """Tells the screen."""
        self.post_message(self.Marked())

    def action_mark(self) -> None:
        """Marks or unmarks the row and goes to the next."""
        if self.current:
            self.marks = self.marks ^ {self.current.example_id}
            self.cursor += 1

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

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Fetches what came into sight."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._fetch_visible()

    def on_resize(self, event: Resize) -> None:
        """A taller table shows more rows."""
        super().on_resize(event)
        self._fetch_visible()

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
        self._has_flags = self._has_flags or any(row.flags for row in rows)
        self._wide_tokens = max(self._wide_tokens, *(len(f"{row.tokens:,}") for row in rows), 0)

    def _take_total(self, total: int) -> None:
        self._wide_number = max(3, len(f"{total:,}"))
        self.set_row_count(total)
        self._follow_cursor()
        self.post_message(self.Loaded(total))

    # Drawing

    def header(self, width: int) -> Sequence[Part]:
        """The names of the columns."""
        widths = self._widths(width)
        cells = ["  ", fit_right("#", widths.number), " ", fit("split", 5), fit_right("tokens", widths.tokens)]
        cells += ["  ", fit("prompt", widths.prompt), "  ", fit("answer", widths.answer)]
        if widths.flags:
            cells += ["  ", fit("flags", widths.flags)]
        return [("".join(cells), "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One example on one line."""
        widths = self._widths(width)
        number = fit_right(f"{index + 1:,}", widths.number)
        example = self.example_row(index)
        if example is None:
            return [("  ", ""), (number, "muted"), ("  ·", "muted")]
        is_marked = example.example_id in self.marks
        parts: list[Part] = [
            ("▌ " if is_marked else "  ", "accent"),
            (number, "accent" if is_marked else "muted"),
            (" ", ""),
            (fit(split_word(example.split), 5), _SPLIT_STYLES.get(example.split, "")),
            (fit_right(f"{example.tokens:,}", widths.tokens), "muted"),
            ("  ", ""),
            *highlighted(example.prompt, self._needle, widths.prompt),
            ("  ", ""),
            *highlighted(example.answer, self._needle, widths.answer),
        ]
        if widths.flags:
            parts += [("  ", ""), (fit(" ".join(example.flags), widths.flags), "warn")]
        return parts

    def _widths(self, width: int) -> _Widths:
        return _Widths.of(width, self._wide_number, self._wide_tokens + 1, has_flags=self._has_flags)


_SPLIT_STYLES = {"train": "muted", "validation": "second", "test": "accent"}


class _Widths:
    """How the columns share a line: fixed ones first, then two parts prompt and three parts answer."""

    __slots__ = ("answer", "flags", "number", "prompt", "tokens")

    def __init__(self, number: int, tokens: int, prompt: int, answer: int, flags: int) -> None:
        self.number = number
        self.tokens = tokens
        self.prompt = prompt
        self.answer = answer
        self.flags = flags

    @classmethod
    def of(cls, width: int, number: int, tokens: int, *, has_flags: bool) -> _Widths:
        flags = min(24, max(width // 8, 6)) if has_flags and width >= 60 else 0
        fixed = 2 + number + 1 + 5 + tokens + 2 + 2 + (2 + flags if flags else 0)
        free = max(width - fixed, 8)
        prompt = free * 2 // 5
        return cls(number, tokens, prompt, free - prompt, flags)


def _rows_of(page: ExamplePage, needle: str, lead: str | None) -> tuple[str, list[ExampleRow]]:
    """The rows of a page, and what its prompts begin with where that was not known yet."""
    if lead is None:
        lead = common_lead([example.prompt for example in page.examples])
    return lead, [row_of(example, needle, lead) for example in page.examples]
