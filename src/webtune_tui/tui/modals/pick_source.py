"""Where new records shall come from: the first question of a new collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, OptionList
from textual.widgets.option_list import Option

from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.source_forms.base import SourceChoice


class PickSource(Dialog[str]):
    """Answers the name of a source; its digit chooses it at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *[Binding(str(number), f"take({number})", "", show=False) for number in range(1, 10)],
    ]
    DEFAULT_CSS = """
    PickSource > .dialog-box { width: 90; }
    PickSource OptionList, PickSource OptionList:focus { height: auto; background: $surface; }
    """

    def __init__(self, choices: Sequence[SourceChoice], current: str = "") -> None:
        super().__init__("New collection: from where?")
        self._choices = choices
        self._current = current

    def compose_content(self) -> ComposeResult:
        options = [Option(_row(number, choice)) for number, choice in enumerate(self._choices, start=1)]
        yield OptionList(*options, id="source-list", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="source-cancel")
        yield Button("Choose", id="source-choose", variant="primary")

    def on_mount(self) -> None:
        names = [choice.name for choice in self._choices]
        options = self.query_one(OptionList)
        options.highlighted = names.index(self._current) if self._current in names else 0
        options.focus()

    def action_take(self, number: int) -> None:
        """Chooses by digit."""
        if number <= len(self._choices):
            self.dismiss(self._choices[number - 1].name)

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#source-choose")
    def choose(self) -> None:
        """Ends with the source under the cursor."""
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._choices[place].name)

    @on(Button.Pressed, "#source-cancel")
    def cancel(self) -> None:
        """Ends without a choice."""
        self.dismiss(None)


def _row(number: int, choice: SourceChoice) -> Content:
    price = (choice.price, "$success" if choice.price.startswith("free") else "$warning")
    return Content.assemble(
        (f" {number} ", "bold $accent"), (f" {choice.title:<12}", "bold"), price, "\n     ",
        (choice.summary, "$text-muted"),
    )  # fmt: skip
