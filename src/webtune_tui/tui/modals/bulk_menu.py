"""What shall be done with the selected examples: the menu of operations, each with its key."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.bulk_choices import BulkChoice, fitting


class BulkMenu(Dialog[BulkChoice]):
    """Answers what was chosen; its letter chooses it at once. ``told`` are the selected examples in words."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    BulkMenu > .dialog-box { padding: 0 2; }
    BulkMenu .dialog-content { max-height: 80vh; }
    BulkMenu OptionList, BulkMenu OptionList:focus { height: auto; background: $surface; }
    BulkMenu #bulk-what { color: $primary; }
    BulkMenu .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, told: str, count: int) -> None:
        super().__init__("Many at once")
        self._told = told
        self._choices = tuple(fitting(count))

    def compose_content(self) -> ComposeResult:
        yield Static(Content(display_line(self._told, limit=130)), id="bulk-what", markup=False)
        yield OptionList(*(Option(_row(one)) for one in self._choices), id="bulk-list", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="bulk-cancel", compact=True)
        yield Button("Go on", id="bulk-choose", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = 0

    def on_key(self, event: events.Key) -> None:
        """A letter chooses."""
        for choice in self._choices:
            if event.character == choice.key:
                event.stop()
                self.dismiss(choice)

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#bulk-choose")
    def choose(self) -> None:
        """Ends with the line under the cursor."""
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._choices[place])

    @on(Button.Pressed, "#bulk-cancel")
    def cancel(self) -> None:
        """Ends without a choice."""
        self.dismiss(None)


def _row(choice: BulkChoice) -> Content:
    return Content.assemble(
        (f" {choice.key} ", "bold $accent"), (f" {choice.title:<13}", "bold"), (choice.help, "$text-muted")
    )
