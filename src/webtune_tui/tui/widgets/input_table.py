"""The inputs of a new collection as a table, each with what is off about it; as quick with thousands as with ten."""

from __future__ import annotations

from collections.abc import Sequence

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.sources.input_lists import GivenInput
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.widgets.row_view import RowView


class InputTable(RowView):
    """Line, mark, the fields, and the fault at the end of a row that can't be sent."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._inputs: Sequence[GivenInput] = ()

    def show(self, inputs: Sequence[GivenInput]) -> None:
        """Shows these inputs; the faulty ones come first, so that they are seen."""
        self._inputs = sorted(inputs, key=lambda given: not given.fault)
        self.cursor = 0
        self.set_row_count(len(inputs))

    def row(self, index: int, width: int) -> Sequence[Part]:
        given = self._inputs[index]
        number = f"{given.line:>5} "
        if given.fault:
            fault = display_line(given.fault, limit=80)
            room = max(width - len(number) - 2 - min(len(fault) + 2, width // 2), 8)
            shown = fit(_fields(given), room)
            return [(number, "muted"), (f"{GLYPHS.failed} ", "bad"), (shown, ""), (f"  {fault}", "warn")]
        return [(number, "muted"), (f"{GLYPHS.done} ", "good"), (fit(_fields(given), width - len(number) - 2), "")]


def _fields(given: GivenInput) -> str:
    if len(given.fields) == 1:
        return display_line(next(iter(given.fields.values())), limit=300)
    return display_line("  ".join(f"{name}={value}" for name, value in given.fields.items()), limit=300)
