"""The search of a viewed file: what is looked for, from where, and how far it has come."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from textual.timer import Timer
from textual.worker import Worker

from webtune_tui.domain.terminal_text import display_line

if TYPE_CHECKING:
    from webtune_tui.domain.events import Progressed
    from webtune_tui.services.row_order import RowOrder
    from webtune_tui.tui.viewing.screen import FileScreen

Outcome = TypeVar("Outcome")

_PAUSE_SECONDS = 0.15
_DRAW_SECONDS = 0.1


class Searching:
    """Looks for a text while it is typed, and goes to the next place or the one before. One search at a time."""

    def __init__(self, screen: FileScreen) -> None:
        self._screen = screen
        self.text = ""
        self._origin = 0
        self._pause: Timer | None = None
        self._work: Worker[None] | None = None
        self._number = 0
        self._drawn_at = 0.0
        self.is_running = False

    def begin(self) -> None:
        """What is typed from now on is looked for from the row under the cursor on."""
        current, table = self._screen.table.current, self._screen.table
        if table.order is not None:
            self._origin = table.cursor
        else:
            self._origin = current.offset if current is not None else self._screen.viewed.file.begin

    def typed(self, text: str) -> None:
        """Looks for the text as soon as the person pauses."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self._screen.set_timer(_PAUSE_SECONDS, partial(self.use, text))

    def use(self, text: str) -> None:
        """Looks for the text now, unless that is what was looked for."""
        if self._pause is not None:
            self._pause.stop()
        if text == self.text:
            return
        self.text = text
        self.stop()
        self._screen.table.search_shown(text)
        self._screen.show_detail()
        if text:
            self._look(self._origin, backwards=False)
        else:
            self._screen.say("")

    def next(self, *, backwards: bool) -> None:
        """The next row with the text, or the one before, in the order of the list."""
        current, table = self._screen.table.current, self._screen.table
        if not self.text or current is None:
            self._screen.say("Nothing is looked for: / begins", "-care")
        elif table.order is not None:
            self._look(table.cursor + (not backwards), backwards=backwards)
        elif backwards:
            self._look(current.offset, backwards=True)
        else:
            self._look(current.offset + current.size + 1, backwards=False)

    def stop(self) -> bool:
        """Ends a running search at once; whether there was one."""
        was_running = self.is_running
        if self._work is not None:
            self._work.cancel()
        self._ended()
        return was_running

    def _ended(self) -> None:
        self.is_running = False
        self._work = None
        self._screen.show_keys()

    def _look(self, origin: int, *, backwards: bool) -> None:
        self.stop()
        self._number += 1
        self._drawn_at = time.monotonic()
        self.is_running = True
        self._work = self._screen.launch(partial(self._search, origin, backwards, self._number), "view-search")
        self._screen.show_keys()

    async def _search(self, origin: int, backwards: bool, number: int) -> None:
        try:
            await self._find(self.text, origin, backwards)
        finally:
            if number == self._number and self._screen.is_attached:
                self._ended()

    async def _find(self, text: str, origin: int, backwards: bool) -> None:
        screen, shown, order = self._screen, _quoted(text), self._screen.table.order
        if order is not None:
            await self._find_listed(order, text, origin, backwards)
            return
        from webtune_tui.services.file_search import Found, searching  # the first frame does not need it

        events = searching(screen.viewed.file, text, origin, backwards=backwards)
        found = await self._last(events, Found(), shown)
        if screen.table.order is not order:
            return  # other rows are listed by now
        if found.place is None:
            screen.say(f"{shown} is nowhere in the file", "-care")
            return
        await screen.table.go_to_offset(found.line)
        end = f"the {'beginning' if backwards else 'end'} of the file" if found.is_around else ""
        self._show_found(shown, found.place, end)

    async def _find_listed(self, order: RowOrder, text: str, origin: int, backwards: bool) -> None:
        from webtune_tui.services.listed_search import FoundRow, searching_listed

        screen, shown = self._screen, _quoted(text)
        events = searching_listed(screen.viewed.file, order, text, origin, backwards=backwards)
        found = await self._last(events, FoundRow(), shown)
        if screen.table.order is not order:
            return  # other rows are listed by now
        if found.place is None:
            screen.say(f"{shown} is in none of the rows that are listed", "-care")
            return
        await screen.table.go_to_row(found.place)
        end = f"the {'beginning' if backwards else 'end'} of the list" if found.is_around else ""
        self._show_found(shown, found.byte, end)

    async def _last(self, events: AsyncGenerator[Progressed | Outcome], nothing: Outcome, shown: str) -> Outcome:
        """How a search ended, whose progress is shown meanwhile."""
        from webtune_tui.domain.events import Progressed  # the first frame does not need it

        found = nothing
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Progressed):
                    self._show_progress(event, shown)
                else:
                    found = event
        return found

    def _show_progress(self, event: Progressed, shown: str) -> None:
        if time.monotonic() - self._drawn_at >= _DRAW_SECONDS:
            self._drawn_at = time.monotonic()
            share = 100 * event.done // max(event.total or 1, 1)
            self._screen.say(f"Looking for {shown}: {share} %  ·  esc stops")

    def _show_found(self, shown: str, byte: int, passed: str) -> None:
        table = self._screen.table
        label = table.label(table.cursor)
        row = f"Row {label}: " if label[:1].isdigit() else ""  # else it isn't counted yet
        around = f"  ·  passed {passed}" if passed else ""
        self._screen.say(f"{row}{shown} at byte {byte:,}{around}  ·  n next, N before")


def _quoted(text: str) -> str:
    return f"“{display_line(text, limit=30)}”"
