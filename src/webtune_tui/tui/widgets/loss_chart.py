"""The loss of a job over its steps: training as it came and smoothed, validation as points."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from webtune_tui.tui.presentation import loss_curve
from webtune_tui.tui.presentation.loss_curve import Run, draw_losses
from webtune_tui.tui.presentation.loss_series import LossSeries

_ROLES = (
    loss_curve.AXIS,
    loss_curve.LABEL,
    loss_curve.RAW,
    loss_curve.SMOOTH,
    loss_curve.VALID,
    loss_curve.MISSING,
)


class LossChart(Widget):
    """Draws itself anew only when it is told that values came or when its size changes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"loss-chart--{role}" for role in _ROLES}
    DEFAULT_CSS = """
    LossChart {
        height: 1fr;
        & > .loss-chart--axis { color: $border-blurred; }
        & > .loss-chart--label { color: $text-muted; }
        & > .loss-chart--raw { color: $primary 45%; }
        & > .loss-chart--smooth { color: $primary; text-style: bold; }
        & > .loss-chart--valid { color: $accent; text-style: bold; }
        & > .loss-chart--missing { color: $error; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._train = LossSeries()
        self._valid = LossSeries()
        self._total_steps: int | None = None
        self._is_running = False
        self._rows: list[list[Run]] | None = None

    def show(self, train: LossSeries, valid: LossSeries, *, total_steps: int | None, is_running: bool = False) -> None:
        """Draws these values; ``total_steps`` keeps room for a job that still goes on."""
        self._train, self._valid = train, valid
        self._total_steps, self._is_running = total_steps, is_running
        self._rows = None
        self.refresh()

    def on_resize(self) -> None:
        """Draws for the new size."""
        self._rows = None

    def render_line(self, y: int) -> Strip:
        """One row of the picture."""
        if self._rows is None:
            self._rows = self._draw()
        base = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(self.size.width, base)
        segments = [
            Segment(run.text, self.get_component_rich_style(f"loss-chart--{run.role}")) for run in self._rows[y]
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    @property
    def plain(self) -> str:
        """The picture without colours."""
        rows = self._draw() if self._rows is None else self._rows
        return "\n".join("".join(run.text for run in row) for row in rows)

    def _draw(self) -> list[list[Run]]:
        width, height = self.size.width, self.size.height
        if not self._train.buckets() and not self._valid.buckets():
            words = "The curve starts with the first step." if self._is_running else "No loss was measured."
            return [[Run(words, loss_curve.LABEL)]]
        legend = legend_runs(self._train, self._valid, width)
        picture = draw_losses(self._train, self._valid, width=width, height=height - 1, total_steps=self._total_steps)
        return [legend, *picture]


def legend_runs(train: LossSeries, valid: LossSeries, width: int) -> list[Run]:
    """What the shapes mean, with the newest values; the least important part goes first where room is scarce."""
    parts: list[list[Run]] = []
    train_value = "" if train.last is None else f" {train.last:.3f}"
    parts.append([Run("━", loss_curve.SMOOTH), Run(f" train loss{train_value}", loss_curve.LABEL)])
    if valid.last is not None:
        parts.append(
            [Run(loss_curve.VALID_MARK, loss_curve.VALID), Run(f" validation {valid.last:.3f}", loss_curve.LABEL)]
        )
    unmeasured = train.unmeasured + valid.unmeasured
    if unmeasured:
        first = min(step for s in (train, valid) if (step := s.first_unmeasured) is not None)
        words = (
            f" no number (NaN) at {unmeasured:,} steps, first {first:,}"
            if unmeasured > 1
            else (f" no number (NaN) at step {first:,}")
        )
        parts.append([Run(loss_curve.MISSING_MARK, loss_curve.MISSING), Run(words, loss_curve.LABEL)])
    parts.append([Run("⠢", loss_curve.RAW), Run(" as measured", loss_curve.LABEL)])
    return _fitting(parts, width)


def _fitting(parts: list[list[Run]], width: int) -> list[Run]:
    runs: list[Run] = []
    used = 0
    for part in parts:
        size = sum(len(run.text) for run in part) + (3 if runs else 0)
        if runs and used + size > width:
            continue
        if runs:
            runs.append(Run("   ", loss_curve.LABEL))
        runs.extend(part)
        used += size
    return runs
