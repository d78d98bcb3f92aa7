"""Statistics: the measures at the left, the chart of one at the right, and below it what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.statistics import DatasetStatistics, StatisticsGroup
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.progress import BESIDE, progress_line
from webtune_tui.tui.presentation.statistics import group_lines, head_words
from webtune_tui.tui.presentation.text_layout import Part, StyledLine, fit
from webtune_tui.tui.widgets.bar_chart import BarChart
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines

_NO_CONDITION = "No condition can say which examples these are"


class MeasureList(RowView):
    """The measures; the cursor is on the one whose chart is shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._groups: Sequence[StatisticsGroup] = ()

    def show(self, groups: Sequence[StatisticsGroup]) -> None:
        """Shows other measures; the cursor stays on its measure."""
        name = self.current.name if self.current else ""
        self._groups = groups
        self.set_row_count(len(groups))
        self.cursor = next((place for place, one in enumerate(groups) if one.name == name), 0)

    @property
    def current(self) -> StatisticsGroup | None:
        """The measure under the cursor."""
        return self._groups[self.cursor] if self.cursor < len(self._groups) else None

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One measure."""
        group = self._groups[index]
        return [(fit(f" {group.title}", width), "" if group.rows else "muted")]


class StatisticsView(Vertical):
    """Shows what a version consists of. It asks; the screen does the work."""

    DEFAULT_CSS = """
    StatisticsView { height: 1fr; }
    StatisticsView #statistics-state { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StatisticsView #statistics-state.-failed { color: $error; }
    StatisticsView #statistics-main { height: 1fr; }
    StatisticsView #statistics-measures { width: 13; height: 1fr; border-right: vkey $border-blurred; }
    StatisticsView #statistics-right { width: 1fr; height: 1fr; }
    StatisticsView #statistics-chart { height: 1fr; }
    StatisticsView #statistics-words { height: 4; padding: 0 1; border-top: hkey $border-blurred; }
    StatisticsView.-tall #statistics-words { height: 6; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,tab,l", "turn(1)", "Next", key_display="→", tooltip="The next measure"),
        Binding("left,shift+tab,h", "turn(-1)", "Previous", key_display="←", tooltip="The measure before"),
        Binding("r", "count", "Count again", show=False),
        Binding("c", "cancel", "Cancel", show=False),
        Binding("escape", "screen.back", "Back"),
    ]

    class CountWanted(Message):
        """Count again."""

    class CancelWanted(Message):
        """Stop counting."""

    class RowsWanted(Message):
        """Show the examples of a bar: those that fulfil a condition."""

        def __init__(self, condition: str, label: str) -> None:
            super().__init__()
            self.condition = condition
            self.label = label

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._pace = Pace()
        self._cursors: dict[str, int] = {}
        self._shown = ""

    def compose(self) -> ComposeResult:
        yield Static("", id="statistics-state", markup=False)
        with Horizontal(id="statistics-main"):
            yield MeasureList(id="statistics-measures")
            with Vertical(id="statistics-right"):
                yield BarChart(id="statistics-chart")
                yield StyledLines(id="statistics-words")

    def on_mount(self) -> None:
        self.query_one("#statistics-words").can_focus = False

    def on_resize(self) -> None:
        """More room for the words on a tall terminal."""
        self.set_class(self.size.height >= 24, "-tall")

    # What the screen shows here

    @property
    def measure(self) -> StatisticsGroup | None:
        """The measure whose chart is shown."""
        return self.query_one(MeasureList).current

    def show(self, found: DatasetStatistics) -> None:
        """Shows statistics; measure and bar stay where they were."""
        self.query_one(MeasureList).show(found.groups)
        self._show_measure()
        self._state(Content(display_line(head_words(found), limit=300)))

    def show_progress(self, event: Progressed) -> None:
        """Shows how far counting is; the statistics before stay in sight."""
        words = self._pace.words(event.stage, event.done, event.total, event.unit)
        self._state(progress_line(event, words, self.app.size.width - BESIDE))

    def say(self, words: str, *, failed: bool = False) -> None:
        """Says something in the line at the top."""
        self._state(Content(display_line(words, limit=300)), failed=failed)

    def clear(self) -> None:
        """Shows nothing, as there is no version."""
        self.query_one(MeasureList).show(())
        self._show_measure()

    def focus_chart(self) -> None:
        """The keys go to the bars."""
        self.query_one(BarChart).focus()

    # The person's wishes

    def action_turn(self, steps: int) -> None:
        """Shows the next or the previous measure, round the ends."""
        measures = self.query_one(MeasureList)
        if measures.row_count:
            measures.cursor = (measures.cursor + steps) % measures.row_count

    def action_count(self) -> None:
        """Counts again."""
        self.post_message(self.CountWanted())

    def action_cancel(self) -> None:
        """Stops counting."""
        self.post_message(self.CancelWanted())

    @on(RowView.Moved, "#statistics-measures")
    def _measure_moved(self, event: RowView.Moved) -> None:
        event.stop()
        self._show_measure()

    @on(RowView.Chosen, "#statistics-measures")
    def _measure_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.focus_chart()

    @on(RowView.Moved, "#statistics-chart")
    def _bar_moved(self, event: RowView.Moved) -> None:
        event.stop()
        self._cursors[self._shown] = event.index

    @on(RowView.Chosen, "#statistics-chart")
    def _bar_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        row = self.query_one(BarChart).current
        if row is None:
            return
        if row.condition:
            self.post_message(self.RowsWanted(row.condition, row.label))
        else:
            self.say(_NO_CONDITION)

    # Drawing

    def _show_measure(self) -> None:
        group = self.measure
        name = group.name if group else ""
        cursor = self._cursors.get(name, 0)
        self._shown = name
        self.query_one(BarChart).show(group, cursor)

        def lines(width: int) -> Sequence[StyledLine]:
            return list(group_lines(group, width)) if group else ()

        self.query_one("#statistics-words", StyledLines).show(lines)

    def _state(self, words: Content, *, failed: bool = False) -> None:
        state = self.query_one("#statistics-state", Static)
        state.set_class(failed, "-failed")
        state.update(words)
