"""Counts what a whole file consists of, and shows it as bars; a bar opens its rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Button
from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.statistics import DatasetStatistics
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.row_notes import Bar
from webtune_tui.services.row_order import RowOrder
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.file_statistics import bar_words, file_groups, head_words
from webtune_tui.tui.viewing.counting import FileCount
from webtune_tui.tui.widgets.bar_chart import BarChart
from webtune_tui.tui.widgets.statistics_view import MeasureList, StatisticsView


@dataclass(frozen=True, slots=True)
class BarRows:
    """The rows of a bar, by its condition and label. ``is_whole`` is false where more may come.

    ``unsorted`` counts the rows of which nobody knows whether they belong to it.
    """

    order: RowOrder
    condition: str
    label: str
    is_whole: bool
    unsorted: int

    @property
    def words(self) -> str:
        """What is listed."""
        label = display_line(self.label, limit=80)
        told = f"{figures.count(self.order.count, 'row')} {bar_words(self.condition, label)}"
        more = f", {self.unsorted:,} more were not looked through: they differ too much"
        return told + (more if self.unsorted else "")


class FileStatistics(Dialog[BarRows]):
    """Roles, turns, lengths and flags of a file. Closing it ends the count; opening a bar answers its rows."""

    DEFAULT_CSS = """
    FileStatistics > .dialog-box { width: 110; height: 94%; padding: 0 1; }
    FileStatistics .dialog-content { height: 1fr; max-height: 100%; }
    FileStatistics .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, count: FileCount, launch: Callable[..., Worker[None]]) -> None:
        """Shows a count; what it has to start goes through ``launch`` and outlives it."""
        super().__init__("Statistics")
        self._count = count
        self._launch = launch

    def compose_content(self) -> ComposeResult:
        yield StatisticsView(id="tally")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="tally-close", compact=True)
        yield Button("Rows of the bar", id="tally-rows", compact=True)

    def on_mount(self) -> None:
        self.view.focus_chart()
        count = self._count
        if count.counted is not None and (count.is_whole or count.is_running):
            self._show()
            self.query_one(MeasureList).cursor = count.measure
        else:
            self._begin()
        count.changed = self._show

    @property
    def view(self) -> StatisticsView:
        """The measures and their bars."""
        return self.query_one(StatisticsView)

    def action_back(self) -> None:
        """Leaves without an answer."""
        self.action_leave()

    def action_leave(self) -> None:
        """Ends; a count under way is given up."""
        if not self._count.is_whole:
            self._count.stop()
        self._end(None)

    def _end(self, chosen: BarRows | None) -> None:
        self._count.measure = self.query_one(MeasureList).cursor
        self.dismiss(chosen)

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
        if self._count.counted is None:
            return
        try:
            rows = await rows_of(self._count, event.condition, event.label)
        except WebtuneError as error:
            self.view.say(error_display.words(error), failed=True)
            return
        if rows.order.count or rows.unsorted:
            self._end(rows)
        else:
            self.view.say("There is no row in this bar")

    @on(StatisticsView.CountWanted)
    def _begin(self) -> None:
        self._count.begin(self._launch)
        self.view.say("Counting")

    @on(StatisticsView.CancelWanted)
    def _cancel(self) -> None:
        if self._count.is_running:
            self._count.stop()
            self.view.say("Stopped: r counts again")

    def _show(self) -> None:
        count = self._count
        if not self.is_attached:
            return
        if count.counted is not None:
            counts = count.counted.counts
            self.view.show(DatasetStatistics("", "", counts.rows, file_groups(counts), {}))
            left = f", {figures.duration(count.left)} left" if count.left else ""
            ahead = "" if count.is_whole else f"{count.share} % counted{left}  ·  esc stops  ·  "
            self.view.say(ahead + head_words(counts))
        if count.failure:
            self.view.say(count.failure, failed=True)


async def rows_of(count: FileCount, condition: str, label: str) -> BarRows:
    """The rows of a bar as far as they are counted. Raises StorageFailed."""
    assert count.counted is not None
    notes, is_whole, bar = count.counted.notes, count.is_whole, Bar.named(condition)
    order = await asyncio.to_thread(notes.listed, bar)
    return BarRows(order, condition, label, is_whole, await asyncio.to_thread(notes.unsorted, bar))
