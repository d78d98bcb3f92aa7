"""Counts what a whole file consists of, and shows it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from functools import partial
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.file_statistics import Tallied, tallying
from webtune_tui.services.line_file import LineFile
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.file_statistics import statistics_lines
from webtune_tui.tui.widgets.styled_lines import StyledLines


class FileStatistics(Dialog[None]):
    """Roles, turns, lengths and flags of a file. Closing it ends the count."""

    DEFAULT_CSS = """
    FileStatistics > .dialog-box { width: 100; height: 94%; }
    FileStatistics .dialog-content { height: 1fr; max-height: 100%; }
    FileStatistics #tally-state { height: auto; max-height: 3; color: $text-muted; }
    FileStatistics #tally-state.-failed { color: $text-error; }
    FileStatistics #tally-lines { height: 1fr; }
    FileStatistics .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, path: Path) -> None:
        super().__init__("Statistics")
        self._path = path

    def compose_content(self) -> ComposeResult:
        yield Static("", id="tally-state", markup=False)
        yield StyledLines(id="tally-lines")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="tally-close", compact=True)

    def on_mount(self) -> None:
        self.query_one(StyledLines).focus()
        self._say("Counting")
        self._count()

    @on(Button.Pressed)
    def close(self) -> None:
        """Ends; a count under way is given up."""
        self.dismiss(None)

    @work(group="tally", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        try:
            await self._show_counts()
        except WebtuneError as error:
            self._say(error_display.words(error), failed=True)

    async def _show_counts(self) -> None:
        file = await asyncio.to_thread(LineFile, self._path)
        pace = Pace()
        try:
            async with aclosing(tallying(file)) as events:
                async for event in events:
                    self._say(_progress(self._path.name, event, pace))
                    self.query_one(StyledLines).show(partial(statistics_lines, event.counts), keep_place=True)
        finally:
            file.close()

    def _say(self, words: str, *, failed: bool = False) -> None:
        state = self.query_one("#tally-state", Static)
        state.set_class(failed, "-failed")
        state.update(Content(display(words, limit=600)))


def _progress(name: str, event: Tallied, pace: Pace) -> str:
    shown = display_line(name, limit=200)
    if event.done >= event.total:
        return shown
    rate = pace.moved("counting", event.done)
    left = f", {figures.duration((event.total - event.done) / rate)} left" if rate else ""
    return f"{shown}: {100 * event.done // max(event.total, 1)} % counted{left}  ·  esc stops"
