"""What can be done to the shape of one example; enter does it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.reshaping import Reshape


class ReshapeMenu(Dialog[Reshape]):
    """A list; answers what was chosen."""

    DEFAULT_CSS = """
    ReshapeMenu OptionList { height: auto; max-height: 50vh; background: $surface; border: none; }
    ReshapeMenu OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    ReshapeMenu .reshape-note { color: $text-muted; }
    """

    def __init__(self, choices: Sequence[Reshape], *, saves_first: bool) -> None:
        super().__init__("Change this example")
        self._choices = choices
        self._note = "What you typed is saved first." if saves_first else "Each is a step: z undoes it."

    def compose_content(self) -> ComposeResult:
        yield Static(self._note, classes="reshape-note", markup=False)
        yield OptionList(*[Option(Content(one.words)) for one in self._choices], id="reshapes", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Do it", id="reshape-yes", variant="primary")
        yield Button("Close", id="reshape-no")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index])

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        highlighted = self.query_one(OptionList).highlighted
        is_wanted = event.button.id == "reshape-yes" and highlighted is not None
        self.dismiss(self._choices[highlighted] if is_wanted and highlighted is not None else None)
