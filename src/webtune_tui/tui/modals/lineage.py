"""The records that an example was made of."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.origins import DeletedRecord, Origin
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.modals.record import RecordDetail
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.origins import origin_row


class Lineage(Dialog[None]):
    """A list; enter opens a record. Records that were deleted say with which collection."""

    DEFAULT_CSS = """
    Lineage > .dialog-box { width: 110; }
    Lineage OptionList { height: auto; max-height: 50vh; background: $surface; border: none; }
    Lineage .lineage-example { color: $text-muted; margin-bottom: 1; }
    """

    def __init__(self, example_id: str, origins: Sequence[Origin]) -> None:
        super().__init__(f"Made of {figures.count(len(origins), 'record')}")
        self.example_id = example_id
        self.origins = origins

    def compose_content(self) -> ComposeResult:
        yield Static(display_line(f"example {self.example_id}", limit=80), classes="lineage-example", markup=False)
        yield OptionList(
            *[Option(origin_row(one), disabled=isinstance(one, DeletedRecord)) for one in self.origins],
            id="lineage-records",
            markup=False,
        )
        if not self.origins:
            yield Static("No record is known.", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="lineage-close", variant="primary")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.action_first()
        has_choice = options.highlighted is not None
        self.set_focus(options if has_choice else self.query_one(Button))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        origin = self.origins[event.option_index]
        if not isinstance(origin, DeletedRecord):
            self.app.push_screen(RecordDetail(origin.record))

    @on(Button.Pressed)
    def close(self) -> None:
        """Back to the example."""
        self.dismiss(None)
