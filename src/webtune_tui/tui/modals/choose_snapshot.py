"""Which snapshot of the account a collection of unknown fate became, where several fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog, shown

_CANDIDATE = re.compile(r"([\w.-]{1,200}) \(([^,()]{1,60}), ([^()]{1,60})\)")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A snapshot that may be the one: its id, when it was made, and how it stands."""

    snapshot_id: str
    created_at: str
    state: str


class ChooseSnapshot(Dialog[str]):
    """Answers a snapshot id: one of those that fit, or another one that was typed."""

    DEFAULT_CSS = """
    ChooseSnapshot > .dialog-box { width: 90; }
    ChooseSnapshot .ask-why { color: $text-muted; margin-bottom: 1; }
    ChooseSnapshot OptionList, ChooseSnapshot OptionList:focus {
        height: auto; max-height: 10; background: $surface; margin-bottom: 1;
    }
    """

    def __init__(self, candidates: Sequence[Candidate], why: str) -> None:
        super().__init__("Adopt a snapshot")
        self._candidates = candidates
        self._why = why

    def compose_content(self) -> ComposeResult:
        yield Static(shown(self._why), classes="ask-why", markup=False)
        if self._candidates:
            yield OptionList(*[Option(_row(one)) for one in self._candidates], id="snapshot-list", markup=False)
        yield Input(placeholder="Snapshot id", id="snapshot-id")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="snapshot-cancel")
        yield Button("Adopt", id="snapshot-go", variant="primary")

    def on_mount(self) -> None:
        first = self.query_one("#snapshot-list" if self._candidates else "#snapshot-id")
        first.focus()
        if isinstance(first, OptionList):
            first.highlighted = 0

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Ends with the snapshot under the cursor."""
        self.dismiss(self._candidates[event.option_index].snapshot_id)

    @on(Input.Submitted)
    @on(Button.Pressed, "#snapshot-go")
    def answer(self) -> None:
        """Ends with what was typed, else with the snapshot under the cursor."""
        typed = self.query_one(Input).value.strip()
        if not typed and self._candidates:
            place = self.query_one(OptionList).highlighted or 0
            typed = self._candidates[place].snapshot_id
        self.dismiss(typed or None)

    @on(Button.Pressed, "#snapshot-cancel")
    def cancel(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)


def candidates_in(message: str) -> list[Candidate]:
    """The snapshots that the message of an unknown collection lists; at most ten."""
    return [Candidate(*match.groups()) for match in _CANDIDATE.finditer(message)][:10]


def _row(candidate: Candidate) -> Content:
    return Content.assemble(
        (display_line(candidate.snapshot_id, limit=60), "bold"),
        (f"  {display_line(candidate.created_at, limit=40)}  {display_line(candidate.state, limit=30)}", "$text-muted"),
    )
