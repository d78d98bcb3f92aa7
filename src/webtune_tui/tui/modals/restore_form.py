"""Dropped rows to be brought back by a condition: live how many there are, and some of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Button, Input, Static

from webtune_tui.domain.dropped_fields import OF_THE_ROW
from webtune_tui.domain.edit_steps import RestorePreview
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.editing import EditingService
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.recipe_form import by_count
from webtune_tui.tui.presentation.restoring import restore_lines, restore_words
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.widgets.styled_lines import StyledLines

THEIR_LIST = ""
"""The answer of a person who would rather choose them one by one; a condition is never empty."""

_PAUSE_SECONDS = 0.25
_SAMPLES = 8


class RestoreForm(Dialog[str]):
    """Answers the condition, or ``THEIR_LIST``. ``dropped`` counts the rows of each reason."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "apply", "Bring back"),
        Binding("f2", "list", "Their list"),
    ]
    DEFAULT_CSS = """
    RestoreForm > .dialog-box { width: 100; padding: 0 2; }
    RestoreForm .dialog-content { max-height: 80vh; }
    RestoreForm #restore-reasons { height: auto; max-height: 2; color: $text-muted; }
    RestoreForm Input, RestoreForm Input:focus { background: $panel; padding: 0 1; }
    RestoreForm Input:focus { background: $block-cursor-blurred-background; }
    RestoreForm #restore-fields { height: 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    RestoreForm #restore-preview { height: auto; max-height: 3; margin-top: 1; }
    RestoreForm #restore-preview.-care { color: $text-warning; }
    RestoreForm #restore-samples { height: 9; border-top: hkey $border-blurred; }
    RestoreForm .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, editing: EditingService, dropped: Mapping[str, int], condition: str) -> None:
        super().__init__("Bring dropped rows back")
        self._editing = editing
        self._dropped = dropped
        self._condition = condition
        self._pause: Timer | None = None

    def compose_content(self) -> ComposeResult:
        told = "  ·  ".join(f"{name} {count:,}" for name, count in by_count(self._dropped))
        yield Static(
            Content(display_line(told or "Nothing was dropped.", limit=300)), id="restore-reasons", markup=False
        )
        yield Input(self._condition, id="restore-where", placeholder="reason = short and rating >= 4", compact=True)
        words = f"{', '.join(OF_THE_ROW)}, source, and every field of the records"
        yield Static(Content(words), id="restore-fields", markup=False)
        yield Static("", id="restore-preview", markup=False)
        yield StyledLines(id="restore-samples")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="restore-cancel", compact=True)
        yield Button("Their list (F2)", id="restore-list", compact=True)
        yield Button("Bring back", id="restore-apply", variant="primary", compact=True, disabled=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._look()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#restore-apply", Button).disabled = True
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_SECONDS, self._look)

    @work(group="restore-preview", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        where = self.query_one(Input).value
        if not where.strip():
            self._say("Say which: such as reason = near_duplicate, or step = edits for what went by hand")
            self.query_one("#restore-samples", StyledLines).show(None)
            return
        self._say("Looking …")
        try:
            found = await self._editing.preview_restore(where, samples=_SAMPLES)
        except WebtuneError as error:
            self._say(f"{error.message}. {error.hint}" if error.hint else error.message, care=True)
            self.query_one("#restore-samples", StyledLines).show(None)
            return
        self._say(restore_words(found))
        self.query_one("#restore-samples", StyledLines).show(partial(_lines, found) if found.samples else None)
        self.query_one("#restore-apply", Button).disabled = not found.at_once + found.waiting

    def _say(self, words: str, *, care: bool = False) -> None:
        line = self.query_one("#restore-preview", Static)
        line.set_class(care, "-care")
        line.update(Content(display_line(words, limit=300)))

    @on(Input.Submitted)
    @on(Button.Pressed, "#restore-apply")
    def action_apply(self) -> None:
        """Ends with the condition where the preview says that something would come back."""
        if not self.query_one("#restore-apply", Button).disabled:
            self.dismiss(self.query_one(Input).value)

    @on(Button.Pressed, "#restore-list")
    def action_list(self) -> None:
        """Ends with the wish to see all that was dropped."""
        self.dismiss(THEIR_LIST)

    @on(Button.Pressed, "#restore-cancel")
    def cancel(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)


def _lines(found: RestorePreview, width: int) -> Sequence[StyledLine]:
    return restore_lines(found.samples, width)
