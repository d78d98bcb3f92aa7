"""In which form the examples shall be written: the question before an export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog


class PickFormat(Dialog[str]):
    """Answers the name of a form; its digit chooses it at once. ``forms`` are names with their titles."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *[Binding(str(number), f"take({number})", "", show=False) for number in range(1, 10)],
    ]
    DEFAULT_CSS = """
    PickFormat OptionList, PickFormat OptionList:focus { height: auto; background: $surface; }
    PickFormat #format-why { color: $text-muted; margin-top: 1; }
    """

    def __init__(self, forms: Sequence[tuple[str, str]]) -> None:
        super().__init__("Export: in which form?")
        self._forms = forms

    def compose_content(self) -> ComposeResult:
        rows = [_row(number, name, title) for number, (name, title) in enumerate(self._forms, start=1)]
        yield OptionList(*map(Option, rows), id="format-list", markup=False)
        words = "One file per split and lineage.jsonl beside them, written whole or not at all."
        yield Static(words, id="format-why", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="format-cancel")
        yield Button("Export", id="format-choose", variant="primary")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    def action_take(self, number: int) -> None:
        """Chooses by digit."""
        if number <= len(self._forms):
            self.dismiss(self._forms[number - 1][0])

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#format-choose")
    def choose(self) -> None:
        """Ends with the form under the cursor."""
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._forms[place][0])

    @on(Button.Pressed, "#format-cancel")
    def cancel(self) -> None:
        """Ends without a choice."""
        self.dismiss(None)


def _row(number: int, name: str, title: str) -> Content:
    return Content.assemble((f" {number} ", "bold $accent"), (f" {display_line(name):<9}", "bold"), display_line(title))
