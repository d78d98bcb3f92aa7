"""Counts what a whole file consists of, and shows it as bars; a bar opens its rows."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from dataclasses import dataclass, field

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Button

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.statistics import DatasetStatistics
from webtune_tui.services.file_statistics import Tallied, tallying
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.row_notes import Bar
from webtune_tui.services.row_order import RowOrder
from webtune_tui.services.viewed_file import ViewedFile
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.file_statistics import bar_words, file_groups, head_words
from webtune_tui.tui.widgets.bar_chart import BarChart
from webtune_tui.tui.widgets.statistics_view import MeasureList, StatisticsView


@dataclass(frozen=True, slots=True)
class BarRows:
    """The rows of a bar. ``note`` tells what is missing among them, if anything is."""

    order: RowOrder
    title: str
    note: str


@dataclass(slots=True)
class Kept:
    """What was counted of a file, for the next look at it; ``measure`` is the one that was looked at."""

    viewed: ViewedFile
    size: int = field(init=False)
    counted: Tallied | None = None
    measure: int = 0

    def __post_init__(self) -> None:
        self.size = self.viewed.file.size

    def is_of(self, viewed: ViewedFile) -> bool:
        """Whether it is still what the file consists of."""
        return self.viewed is viewed and self.size == viewed.file.size

    @property
    def is_whole(self) -> bool:
        """Whether everything is counted."""
        return self.counted is not None and self.counted.done >= self.counted.total


class FileStatistics(Dialog[BarRows]):
    """Roles, turns, lengths and flags of a file. Closing it ends the count; answers the rows of a bar."""

    DEFAULT_CSS = """
    FileStatistics > .dialog-box { width: 110; height: 94%; padding: 0 1; }
    FileStatistics .dialog-content { height: 1fr; max-height: 100%; }
    FileStatistics .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, kept: Kept) -> None:
        super().__init__("Statistics")
        self._kept = kept

    def compose_content(self) -> ComposeResult:
        yield StatisticsView(id="tally")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="tally-close", compact=True)
        yield Button("Rows of the bar", id="tally-rows", compact=True)

    def on_mount(self) -> None:
        self.view.focus_chart()
        if self._kept.is_whole and self._kept.counted is not None:
            self._show(self._kept.counted)
            self.query_one(MeasureList).cursor = self._kept.measure
        else:
            self._count()

    @property
    def view(self) -> StatisticsView:
        """The measures and their bars."""
        return self.query_one(StatisticsView)

    def action_back(self) -> None:
        """Leaves without an answer."""
        self.action_leave()

    def action_leave(self) -> None:
        """Ends; a count under way is given up."""
        self._kept.measure = self.query_one(MeasureList).cursor
        self.dismiss(None)

    @on(Button.Pressed, "#tally-close")
    def close(self) -> None:
        """Ends."""
        self.action_leave()

    @on(Button.Pressed, "#tally-rows")
    def open_bar(self) -> None:
        """Lists the rows of the bar under the cursor."""
        self.query_one(BarChart).action_choose()

    @on(StatisticsView.RowsWanted)
    @work(group="tally-rows", exclusive=True, exit_on_error=False)
    async def _rows_wanted(self, event: StatisticsView.RowsWanted) -> None:
        counted, bar = self._kept.counted, Bar.named(event.condition)
        if counted is None:
            return
        try:
            order = await asyncio.to_thread(counted.notes.listed, bar)
            unsorted = await asyncio.to_thread(counted.notes.unsorted, bar)
        except WebtuneError as error:
            self._say(error_display.words(error), failed=True)
            return
        notes = []
        if not self._kept.is_whole:
            notes.append(f" of the {100 * counted.done // max(counted.total, 1)} % that are counted")
        if unsorted:
            notes.append(f", {unsorted:,} more were not looked through: they differ too much")
        if not order.count and not unsorted:
            self._say("There is no row in this bar")
            return
        self._kept.measure = self.query_one(MeasureList).cursor
        self.dismiss(BarRows(order, bar_words(bar.name, event.label), "".join(notes)))

    @on(StatisticsView.CountWanted)
    def _count_wanted(self) -> None:
        self._kept.counted = None
        self._count()

    @on(StatisticsView.CancelWanted)
    def _cancel_wanted(self) -> None:
        if not self._kept.is_whole:
            self.workers.cancel_group(self, "tally")
            self._say("Stopped: r counts again")

    @work(group="tally", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        self._say("Counting")
        try:
            await self._show_counts()
        except WebtuneError as error:
            self._say(error_display.words(error), failed=True)

    async def _show_counts(self) -> None:
        viewed = self._kept.viewed  # the file that is open: by its name there may be another one now
        file = await asyncio.to_thread(LineFile, viewed.path, os.dup(viewed.file.descriptor))
        file.size = min(file.size, self._kept.size)
        pace = Pace()
        try:
            async with aclosing(tallying(file)) as events:
                async for event in events:
                    self._kept.counted = event
                    self._show(event, pace)
        finally:
            file.close()

    def _show(self, event: Tallied, pace: Pace | None = None) -> None:
        counts = event.counts
        self.view.show(DatasetStatistics("", "", counts.rows, file_groups(counts), {}))
        told = head_words(counts)
        if event.done < event.total:
            rate = pace.moved("counting", event.done) if pace is not None else None
            left = f", {figures.duration((event.total - event.done) / rate)} left" if rate else ""
            told = f"{100 * event.done // max(event.total, 1)} % counted{left}  ·  esc stops  ·  {told}"
        self._say(told)

    def _say(self, words: str, *, failed: bool = False) -> None:
        self.view.say(words, failed=failed)
