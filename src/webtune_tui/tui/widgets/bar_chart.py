"""A chart of horizontal bars: a label, the bar in eighths of a cell, the count, its share; every bar can be opened."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from webtune_tui.domain.block_bars import block_bar
from webtune_tui.domain.statistics import StatisticsGroup, StatisticsRow
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.glyphs import ASCII, GLYPHS
from webtune_tui.tui.presentation.statistics import axis_word, cost_words, count_word, share_words
from webtune_tui.tui.presentation.text_layout import Part, fit, fit_right
from webtune_tui.tui.widgets.row_view import RowView

_SHARE = 8  # cells
_SHORTEST_LABEL, _LONGEST_LABEL = 6, 40
_GAP = 1


class BarChart(RowView):
    """The rows of one group. Labels of a scale stand at the right, next to their bars."""

    HEADER_LINES = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._group: StatisticsGroup | None = None
        self._largest = 0.0
        self._label_cells = self._count_cells = self._cost_cells = 0

    def show(self, group: StatisticsGroup | None, cursor: int = 0) -> None:
        """Shows another group, with the cursor on a bar of it."""
        self._group = group
        rows = group.rows if group else ()
        self._largest = max((row.share for row in rows if not row.is_rest), default=0.0)
        labels = [cell_len(display_line(row.label, limit=_LONGEST_LABEL)) for row in rows]
        if group is not None:
            labels.append(cell_len(axis_word(group)))
            self._count_cells = max(cell_len(text) for text in [count_word(group), *(f"{row.count:,}" for row in rows)])
        self._label_cells = min(max([*labels, _SHORTEST_LABEL]), _LONGEST_LABEL)
        self._cost_cells = max((len(cost_words(row)) for row in rows), default=0)
        self.set_row_count(len(rows))
        self.cursor = cursor
        self.refresh()

    @property
    def current(self) -> StatisticsRow | None:
        """The bar under the cursor."""
        rows = self._group.rows if self._group else ()
        return rows[self.cursor] if self.cursor < len(rows) else None

    def header(self, width: int) -> Sequence[Part]:
        """What the columns are."""
        if self._group is None:
            return ()
        label, room, count, cost = self._cells(width)
        fitted = fit_right if self._group.is_histogram else fit
        word = fitted(axis_word(self._group), label)
        told = fit_right(count_word(self._group), count) + fit_right("share", _SHARE)
        return [(f" {word} {' ' * room}{told}{fit_right('cost', cost) if cost else ''}", "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One bar."""
        assert self._group is not None
        row = self._group.rows[index]
        label_cells, room, count, cost = self._cells(width)
        fitted = fit_right if self._group.is_histogram else fit
        label = fitted(display_line(row.label, limit=300), label_cells)
        share = 0.0 if row.is_rest else row.share
        drawn = fit(block_bar(share, self._largest, room - _GAP, plain=GLYPHS is ASCII), room)
        is_current = index == self.cursor
        return [
            (f" {label} ", "" if row.count else "muted"),
            (drawn, "strong" if is_current else "accent"),
            (fit_right(f"{row.count:,}", count), "" if row.count else "muted"),
            (fit_right(share_words(row.share), _SHARE), "" if is_current else "muted"),
            (fit_right(cost_words(row), cost) if cost else "", "" if is_current else "second"),
        ]

    def _cells(self, width: int) -> tuple[int, int, int, int]:
        """The cells of label, bar, count and cost."""
        count, cost = self._count_cells + 1, self._cost_cells + 2 if self._cost_cells else 0
        rest = width - 3 - count - _SHARE - cost
        label = min(self._label_cells, max(rest // 2, _SHORTEST_LABEL))
        return label, max(rest - label, 0), count, cost
