"""Draws loss curves into character cells: braille for the train loss, one mark per validation point.

Shapes carry the meaning, so that the picture reads the same without colour: single dots are raw train losses,
the connected line is their smoothed course, ``◆`` is a validation loss and ``×`` a step without a number.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from webtune_tui.tui.presentation.loss_series import LossSeries

AXIS, LABEL, RAW, SMOOTH, VALID, MISSING = "axis", "label", "raw", "smooth", "valid", "missing"
VALID_MARK, MISSING_MARK, HEAD_MARK = "◆", "×", "●"
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_SMALLEST_WIDTH, _SMALLEST_HEIGHT = 24, 4
_WIDEST_LABEL = 6


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells of one row with one role."""

    text: str
    role: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where values land: dots are counted from the upper left corner, 2 by 4 in each cell."""

    columns: int
    rows: int
    last_step: int
    lowest: float
    highest: float

    def x(self, step: int) -> int:
        return min(round(step / self.last_step * (self.columns * 2 - 1)), self.columns * 2 - 1)

    def y(self, value: float) -> int:
        share = (self.highest - value) / (self.highest - self.lowest)
        return max(0, min(round(share * (self.rows * 4 - 1)), self.rows * 4 - 1))


class _Canvas:
    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self.bits = [[0] * columns for _ in range(rows)]
        self.roles = [[""] * columns for _ in range(rows)]
        self.marks: dict[tuple[int, int], tuple[str, str]] = {}

    def dot(self, x: int, y: int, role: str) -> None:
        row, column = y // 4, x // 2
        self.bits[row][column] |= _DOTS[y % 4][x % 2]
        if self.roles[row][column] != SMOOTH:
            self.roles[row][column] = role

    def line(self, start: tuple[int, int], end: tuple[int, int], role: str) -> None:
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for index in range(steps + 1):
            share = index / steps
            self.dot(
                round(start[0] + (end[0] - start[0]) * share),
                round(start[1] + (end[1] - start[1]) * share),
                role,
            )

    def mark(self, x: int, y: int, character: str, role: str) -> None:
        self.marks[y // 4, x // 2] = (character, role)

    def row(self, index: int) -> Iterator[tuple[str, str]]:
        for column in range(self.columns):
            if (index, column) in self.marks:
                yield self.marks[index, column]
            elif bits := self.bits[index][column]:
                yield chr(_BRAILLE + bits), self.roles[index][column]
            else:
                yield " ", AXIS


def draw_losses(
    train: LossSeries, valid: LossSeries, *, width: int, height: int, total_steps: int | None = None
) -> list[list[Run]]:
    """Both curves with axes in exactly ``height`` rows of ``width`` cells; no rows where there is no room.

    ``total_steps`` reserves room on the right for what is still to come.
    """
    if width < _SMALLEST_WIDTH or height < _SMALLEST_HEIGHT:
        return []
    lowest, highest = _range(train, valid)
    rows = height - 2
    ticks = _ticks(lowest, highest, rows)
    label_width = max(len(label) for _, label in ticks)
    columns = width - label_width - 2
    last_step = _last_step(train, valid, total_steps)
    frame = _Frame(columns, rows, last_step, lowest, highest)
    canvas = _Canvas(columns, rows)
    _draw_raw(canvas, frame, train)
    _draw_smooth(canvas, frame, train, is_running=total_steps is not None)
    _draw_valid(canvas, frame, valid)
    _draw_missing(canvas, frame, (train, valid))
    labels = {frame.y(value) // 4: label for value, label in ticks}
    lines = [_with_axis(canvas.row(row), labels.get(row), label_width) for row in range(rows)]
    return [*lines, *_step_axis(frame, label_width)]


def _range(train: LossSeries, valid: LossSeries) -> tuple[float, float]:
    values = [value for _, value in train.smoothed()]
    for bucket in train.buckets():
        if bucket.count:
            values += (bucket.lowest, bucket.highest)
    values += [bucket.mean for bucket in valid.buckets() if bucket.count]
    if not values:
        return 0.0, 1.0
    lowest, highest = min(values), max(values)
    room = (highest - lowest) * 0.04 or max(abs(highest) * 0.1, 0.1)
    return max(0.0, lowest - room) if lowest >= 0 else lowest - room, highest + room


def _last_step(train: LossSeries, valid: LossSeries, total_steps: int | None) -> int:
    seen = max(train.last_step or 0, valid.last_step or 0, train.first_unmeasured or 0, 1)
    if total_steps is None:
        return seen
    return max(seen, min(total_steps, seen * 4))


def _draw_raw(canvas: _Canvas, frame: _Frame, train: LossSeries) -> None:
    for bucket in train.buckets():
        if bucket.count:
            x = frame.x(bucket.step)
            canvas.dot(x, frame.y(bucket.lowest), RAW)
            canvas.dot(x, frame.y(bucket.highest), RAW)


def _draw_smooth(canvas: _Canvas, frame: _Frame, train: LossSeries, *, is_running: bool) -> None:
    points = train.smoothed()
    widest = _widest_connected_gap([step for step, _ in points])
    before: tuple[int, int] | None = None
    step_before = 0
    for step, value in points:
        here = (frame.x(step), frame.y(value))
        is_gap = before is None or step - step_before > widest
        canvas.line(here if is_gap or before is None else before, here, SMOOTH)
        before, step_before = here, step
    if before is not None and is_running:
        canvas.mark(*before, HEAD_MARK, SMOOTH)


def _widest_connected_gap(steps: Sequence[int]) -> float:
    """The distance up to which neighbours are joined by a line: where reports are missing, the line is too."""
    if len(steps) < 3:
        return math.inf
    return 5 * statistics.median(after - before for before, after in pairwise(steps))


def _draw_valid(canvas: _Canvas, frame: _Frame, valid: LossSeries) -> None:
    for bucket in valid.buckets():
        if bucket.count:
            canvas.mark(frame.x(bucket.step), frame.y(bucket.mean), VALID_MARK, VALID)


def _draw_missing(canvas: _Canvas, frame: _Frame, all_series: Sequence[LossSeries]) -> None:
    for series in all_series:
        for bucket in series.buckets():
            if bucket.unmeasured and not bucket.count:
                canvas.mark(frame.x(bucket.step), 0, MISSING_MARK, MISSING)


def _with_axis(cells: Iterator[tuple[str, str]], label: str | None, label_width: int) -> list[Run]:
    edge = "┤" if label else "│"
    return [Run((label or "").rjust(label_width), LABEL), Run(f" {edge}", AXIS), *_runs(cells)]


def _runs(cells: Iterator[tuple[str, str]]) -> Iterator[Run]:
    text, role = "", ""
    for character, its_role in cells:
        if its_role != role and text:
            yield Run(text, role)
            text = ""
        text += character
        role = its_role
    if text:
        yield Run(text, role)


def _step_axis(frame: _Frame, label_width: int) -> list[list[Run]]:
    """The line under the curve and the step numbers under it."""
    ruler = ["─"] * frame.columns
    numbers = [" "] * frame.columns
    taken = -2
    for step in _round_steps(frame.last_step, max(frame.columns // 12, 1)):
        column = frame.x(step) // 2
        label = f"{step:,}"
        start = min(max(column - len(label) // 2, 0), frame.columns - len(label))
        if start <= taken + 1 or start < 0:
            continue
        ruler[column] = "┬"
        numbers[start : start + len(label)] = label
        taken = start + len(label)
    indent = " " * label_width
    return [
        [Run(f"{indent} └{''.join(ruler)}", AXIS)],
        [Run(f"{indent}  {''.join(numbers)}", LABEL)],
    ]


def _round_steps(last: int, wanted: int) -> list[int]:
    """Round step numbers from 0 to the last one, the last one included."""
    distance = _round_distance(last / wanted, whole=True)
    inner = [step for step in range(0, last, max(int(distance), 1)) if last - step > distance * 0.6]
    return [last, *inner] if not inner else [*inner, last]


def _ticks(lowest: float, highest: float, rows: int) -> list[tuple[float, str]]:
    """Round loss values with labels of one width, about two for every five rows."""
    distance = _round_distance((highest - lowest) / max(rows / 2.5, 1))
    digits = max(0, -math.floor(math.log10(distance)))
    first = math.ceil(lowest / distance)
    values = [(first + index) * distance for index in range(rows + 1)]
    ticks = [(value, _tick_label(value, digits)) for value in values if value <= highest]
    return ticks or [(highest, _tick_label(highest, digits + 1))]


def _tick_label(value: float, digits: int) -> str:
    label = f"{value:.{digits}f}"
    return label if len(label) <= _WIDEST_LABEL else f"{value:.1e}"


def _round_distance(distance: float, *, whole: bool = False) -> float:
    """The next larger number out of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(distance)) if distance > 0 else 1.0
    for factor in (1, 2, 5, 10):
        if factor * power >= distance * 0.999 and not (whole and factor * power < 1):
            return factor * power
    return 10 * power
