"""In which order the rows of a viewed file are listed, and which of them: sorted by a column, the rows of a bar."""

from __future__ import annotations

import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static
from textual.worker import Worker

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services import file_sort_plan as plan
from webtune_tui.tui.presentation import figures

if TYPE_CHECKING:
    from webtune_tui.domain.events import Progressed
    from webtune_tui.services.row_order import RowOrder
    from webtune_tui.tui.viewing.screen import FileScreen
    from webtune_tui.tui.viewing.statistics import BarRows, Kept

_DRAW_SECONDS = 0.1
_FALLING_FIRST = (plan.BYTES, plan.TURNS)
_UNSORTED = (plan.FILE, False)
_WORDS = {
    plan.FILE: ("in the file's order", "in the file's order, from its end"),
    plan.BYTES: ("by bytes, the smallest first", "by bytes, the largest first"),
    plan.TURNS: ("by turns, the fewest first", "by turns, the most first"),
    plan.PROMPT: ("by prompt", "by prompt, from the end of the alphabet"),
    plan.ANSWER: ("by answer", "by answer, from the end of the alphabet"),
}


class Ordering:
    """Sorts, and lists the rows of a bar. One piece of work at a time; what is listed stays until it is done."""

    def __init__(self, screen: FileScreen) -> None:
        self._screen = screen
        self._work: Worker[None] | None = None
        self._number = 0
        self._bar: BarRows | None = None
        self._sorted: dict[bool, tuple[BarRows | None, str, RowOrder]] = {}
        self._line = ""
        self._kept: Kept | None = None
        self.is_running = False

    @property
    def sorted_by(self) -> tuple[str, bool]:
        """The column, and whether the order falls."""
        return self._screen.table.sorted_by

    # What the person asks for

    def ask(self) -> None:
        """Asks by what to sort."""
        self._screen.launch(self._ask, "view-ask-sort")

    async def _ask(self) -> None:
        from webtune_tui.tui.viewing.pick_sort import PickFileSort  # dialogues load when they are first needed

        sort, is_descending = self.sorted_by
        chosen = await self._screen.app.push_screen_wait(PickFileSort(sort, is_descending=is_descending))
        if chosen is not None:
            self.by(chosen)

    def by(self, sort: str) -> None:
        """Sorts by a column; by the same again: the other way round."""
        before, is_descending = self.sorted_by
        self._arrange(self._bar, sort, not is_descending if sort == before else sort in _FALLING_FIRST)

    def look_at_statistics(self) -> None:
        """Shows what the file consists of, then the rows of the bar that was opened."""
        self._screen.launch(self._look_at_statistics, "view-statistics")

    async def _look_at_statistics(self) -> None:
        from webtune_tui.tui.viewing.statistics import FileStatistics, Kept

        viewed = self._screen.viewed
        kept = self._kept if self._kept is not None and self._kept.is_of(viewed) else Kept(viewed)
        self._kept = kept
        chosen = await self._screen.app.push_screen_wait(FileStatistics(kept))
        if chosen is not None and viewed is self._screen.viewed:
            self._arrange(chosen, *self.sorted_by)

    def leave_bar(self) -> bool:
        """Lists all rows again; whether only some were listed."""
        if self._bar is None:
            return False
        self._arrange(None, *self.sorted_by)
        return True

    def leave_sort(self) -> bool:
        """Lists the rows in the file's order again; whether they were in another."""
        if self.sorted_by == _UNSORTED:
            return False
        self._arrange(self._bar, *_UNSORTED)
        return True

    def reset(self) -> None:
        """Forgets all of it: it is another file now, or the same one read anew."""
        self.stop()
        self._bar = self._kept = None
        self._sorted.clear()

    def stop(self) -> bool:
        """Ends the work at once; whether there was any. What was listed before stays."""
        was_running = self.is_running
        if self._work is not None:
            self._work.cancel()
        self._ended()
        return was_running

    def _ended(self) -> None:
        self.is_running = False
        self._work = None
        self._screen.show_keys()

    # The work

    def _arrange(self, bar: BarRows | None, sort: str, is_descending: bool) -> None:
        self.stop()
        self._number += 1
        self.is_running = True
        work = partial(self._list, bar, sort, is_descending, self._number)
        self._work = self._screen.launch(work, "view-sort")
        self._screen.show_keys()

    async def _list(self, bar: BarRows | None, sort: str, is_descending: bool, number: int) -> None:
        screen = self._screen
        try:
            order = bar.order if bar is not None else None
            if sort != plan.FILE or (is_descending and bar is None):
                order = await self._in_order(bar, sort)
            if order is not None and is_descending:
                order = order.turned()
            await screen.table.show_order(order, (sort, is_descending))
            self._bar = bar
            self.show_line()
            screen.say(f"Sorted {_WORDS[sort][is_descending]}" if (sort, is_descending) != _UNSORTED else "")
        finally:
            if number == self._number and screen.is_attached:
                self._ended()

    async def _in_order(self, bar: BarRows | None, sort: str) -> RowOrder:
        from webtune_tui.services.file_sorting import Sorted, sorting  # the first frame does not need it

        file = self._screen.viewed.file
        known = self._sorted.get(bar is not None)
        if known is not None and known[:2] == (bar, sort) and (bar is not None or known[2].file_size == file.size):
            return known[2]
        drawn_at = 0.0
        self._screen.say(f"Sorting {_by(sort)}  ·  esc stops")
        async with aclosing(sorting(file, sort, bar.order if bar is not None else None)) as events:
            async for event in events:
                if isinstance(event, Sorted):
                    order = event.order
                elif time.monotonic() - drawn_at >= _DRAW_SECONDS:
                    drawn_at = time.monotonic()
                    self._screen.say(self._progress(sort, event))
        self._sorted[bar is not None] = bar, sort, order
        return order

    def _progress(self, sort: str, event: Progressed) -> str:
        share = 100 * event.done // max(event.total or 1, 1)
        told = (
            f"Sorting {_WORDS[sort][False].split(',')[0]}: {share} % {'read' if event.stage == 'sorting' else 'merged'}"
        )
        counted = "" if self._screen.viewed.index.is_whole else "  ·  rows get their numbers as they are counted"
        return f"{told}  ·  esc stops{counted}"

    # The line above the table

    def show_line(self) -> None:
        """Says what is listed where it isn't all of the file, behind the way back, which can be clicked on."""
        order, bar = self._screen.table.order, self._bar
        words = []
        if order is not None and bar is not None:
            words.append(f"{display_line(bar.title, limit=80)}: {figures.count(order.count, 'row')}{bar.note}")
        if order is not None and self._screen.viewed.file.size > order.file_size:
            words.append("rows came since" if bar is not None else "rows came since: s sorts them too")
        told = "  ·  ".join(words)
        if told == self._line:
            return
        self._line = told
        line = self._screen.query_one("#view-listed", Static)
        line.display = bool(told)
        back = "esc all rows" if bar is not None else "esc file order"
        # the markup is ours; what the file says comes in as a variable
        line.update(Content.from_markup("[@click=screen.back]$back[/]  ·  [$accent]$words[/]", words=told, back=back))


def _by(sort: str) -> str:
    return _WORDS[sort][False].split(",")[0]
