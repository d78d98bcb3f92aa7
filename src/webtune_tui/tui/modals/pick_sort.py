"""By which column the table of examples is sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.example_columns import COLUMNS, Column

_SORTED = [column for column in COLUMNS.values() if column.sort]


class PickSort(Dialog[str]):
    """Answers what to sort by; the present one again turns the order round."""

    SORTED: ClassVar[Sequence[Column]] = _SORTED
    WORDS: ClassVar[str] = "The present one again turns the order round."
    DEFAULT_CSS = """
    PickSort > .dialog-box { width: 56; }
    PickSort OptionList, PickSort OptionList:focus { height: auto; max-height: 50vh; background: $surface; }
    PickSort #sort-why { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, sort: str, *, is_descending: bool) -> None:
        super().__init__("Sort by")
        self._sort = sort
        self._is_descending = is_descending

    def compose_content(self) -> ComposeResult:
        yield OptionList(*(Option(self._row(column)) for column in self.SORTED), id="sort-list", markup=False)
        yield Static(self.WORDS, id="sort-why", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="sort-cancel")
        yield Button("Sort", id="sort-choose", variant="primary")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = next(n for n, column in enumerate(self.SORTED) if column.sort == self._sort)
        options.focus()

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#sort-choose")
    def choose(self) -> None:
        """Ends with the column under the cursor."""
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self.SORTED[place].sort)

    @on(Button.Pressed, "#sort-cancel")
    def cancel(self) -> None:
        """Ends without a choice."""
        self.dismiss(None)

    def _row(self, column: Column) -> Content:
        is_present = column.sort == self._sort
        arrow = ("↓" if self._is_descending else "↑") if is_present else " "
        return Content.assemble(
            (f" {arrow} ", "bold $accent"), (f"{column.title:<8}", "bold"), (column.words, "$text-muted")
        )
