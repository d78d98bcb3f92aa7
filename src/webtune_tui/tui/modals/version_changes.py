"""What differs between two versions: the examples at the top, the one under the cursor word by word below."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.edit_steps import ExampleChange
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.editing import EditingService
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.presentation.version_changes import SIGNS, change_lines, change_title
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines

MOST_OF_A_KIND = 500
"""Examples of each kind that are listed; all are counted."""
_DRAW_SECONDS = 0.1


class ChangeList(RowView):
    """The examples that differ."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.changes: list[ExampleChange] = []

    @property
    def current(self) -> ExampleChange | None:
        """The one under the cursor."""
        return self.changes[self.cursor] if self.cursor < len(self.changes) else None

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One example."""
        change = self.changes[index]
        sign, style = SIGNS[change.kind]
        split = change.split_after or change.split_before
        moved = change.kind == "edited" and change.split_before != change.split_after
        words = f"{change.split_before} → {change.split_after}" if moved else split
        return [(f" {sign} ", style), (fit(change_title(change), width - 26), ""), (fit(f"  {words}", 23), "muted")]


class VersionChanges(Dialog[None]):
    """Reads the differences while they are found; leaving gives it up."""

    DEFAULT_CSS = """
    VersionChanges > .dialog-box { width: 120; height: 94%; padding: 0 1; }
    VersionChanges .dialog-content { height: 1fr; max-height: 100%; }
    VersionChanges #changes-told { height: 1; color: $primary; }
    VersionChanges ChangeList { height: 40%; }
    VersionChanges #changes-words { height: 1fr; border-top: hkey $border-blurred; }
    VersionChanges .dialog-buttons { margin-top: 0; height: 1; }
    """

    def __init__(self, editing: EditingService, before: tuple[str, str], after: tuple[str, str]) -> None:
        super().__init__(f"From {before[0]} to {after[0]}")
        self._editing = editing
        self._before, self._after = before[1], after[1]
        self._counts: Counter[str] = Counter()

    def compose_content(self) -> ComposeResult:
        yield Static("Comparing …", id="changes-told", markup=False)
        yield ChangeList(id="changes-list")
        yield StyledLines(id="changes-words")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="changes-close", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.query_one(ChangeList).focus()
        self.look()

    @work(group="changes", exclusive=True, exit_on_error=False)
    async def look(self) -> None:
        """Reads what differs."""
        drawn_at = 0.0
        listed = self.query_one(ChangeList)
        try:
            async with aclosing(self._editing.changes(self._before, self._after)) as found:
                async for change in found:
                    self._counts[change.kind] += 1
                    if self._counts[change.kind] <= MOST_OF_A_KIND:
                        listed.changes.append(change)
                    if time.monotonic() - drawn_at >= _DRAW_SECONDS:
                        drawn_at = time.monotonic()
                        self._told(" so far, looking …")
        except WebtuneError as error:
            self._say(error_display.words(error).replace("\n", "  ·  "))
            return
        self._told("")
        self._show_words()

    def _told(self, more: str) -> None:
        listed = self.query_one(ChangeList)
        listed.set_row_count(len(listed.changes))
        counts = self._counts
        words = f"{counts['added']:,} added · {counts['removed']:,} removed · {counts['edited']:,} edited{more}"
        if max(counts.values(), default=0) > MOST_OF_A_KIND and not more:
            words += f"; the first {MOST_OF_A_KIND:,} of each are listed"
        self._say(words if counts or more else "Both hold the same examples.")

    def _say(self, words: str) -> None:
        self.query_one("#changes-told", Static).update(Content(display_line(words, limit=200)))

    @on(RowView.Moved)
    def _moved(self) -> None:
        self._show_words()

    @on(RowView.Chosen)
    def _chosen(self) -> None:
        self.query_one("#changes-words").focus()

    def _show_words(self) -> None:
        change = self.query_one(ChangeList).current
        make = partial(change_lines, change) if change is not None else None
        self.query_one("#changes-words", StyledLines).show(make)

    @on(Button.Pressed)
    def close(self) -> None:
        """Ends."""
        self.dismiss(None)
