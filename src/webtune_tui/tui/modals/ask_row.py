"""Which row to go to: its place in the list, or a share of the list."""

from __future__ import annotations

import re

from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from webtune_tui.tui.modals.dialog import Dialog, shown

_NUMBER = re.compile(r"\d{1,3}(?:[ ,._'’]?\d{3})*|\d+")
_SHARE = re.compile(r"(\d{1,3}(?:[.,]\d{1,6})?) ?%")


class AskRow(Dialog[int]):
    """Answers a place from 1 to ``total``, the number of rows that are there."""

    DEFAULT_CSS = """
    AskRow > .dialog-box { width: 68; }
    AskRow .row-why { color: $text-muted; margin-bottom: 1; }
    AskRow #row-fault { color: $text-warning; height: auto; min-height: 1; }
    """

    def __init__(self, total: int, *, is_complete: bool = True) -> None:
        super().__init__("Go to row")
        self.total = total
        self.is_complete = is_complete

    def compose_content(self) -> ComposeResult:
        so_far = "" if self.is_complete else " that are found so far"
        yield Static(
            shown(f"Its place in the list: 1 to {self.total:,}{so_far}. 50% is the middle."),
            classes="row-why",
            markup=False,
        )
        yield Input(placeholder="such as 500 or 50%", id="row-number", max_length=40)
        yield Static("", id="row-fault", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="row-cancel")
        yield Button("Go", id="row-go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#row-number").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#row-go")
    def answer(self) -> None:
        """Ends with the place, or says why that can't be."""
        found = place_of(self.query_one("#row-number", Input).value, self.total)
        if isinstance(found, int):
            self.dismiss(found)
        else:
            self.query_one("#row-fault", Static).update(shown(found))

    @on(Button.Pressed, "#row-cancel")
    def cancel(self) -> None:
        """Ends without an answer."""
        self.dismiss(None)


def place_of(typed: str, total: int) -> int | str:
    """The place from 1 that was typed, or in words why there is none."""
    text = typed.strip()
    if not text:
        return "Type a number, or a share such as 50%."
    if share := _SHARE.fullmatch(text):
        percent = float(share[1].replace(",", "."))
        if percent <= 100:
            return min(max(round(total * percent / 100), 1), total)
        return "A share is at most 100%."
    if not text.isascii() or not _NUMBER.fullmatch(text):
        return "That is no number. Type one such as 500, or a share such as 50%."
    number = int(re.sub(r"\D", "", text))
    if 1 <= number <= total:
        return number
    return f"There is no row {number:,}: the list has 1 to {total:,}."
