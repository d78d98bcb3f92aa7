"""Checks a file of examples against the workspace's provider and base, and writes a mended copy."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from functools import partial
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Button, Input, Static

from webtune_tui.domain.datasets import ValidationReport
from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.services.export import ExportService
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.ask_path import PathSuggester
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation.check_report import report_lines
from webtune_tui.tui.widgets.styled_lines import StyledLines

_DRAW_SECONDS = 0.1


class CheckFile(Dialog[None]):
    """One file after the other is checked here; nothing is changed but by ``Mend``, which writes a new file."""

    DEFAULT_CSS = """
    CheckFile > .dialog-box { width: 100; }
    CheckFile #check-state { height: auto; max-height: 4; margin-top: 1; color: $text-muted; }
    CheckFile #check-state.-failed { color: $text-error; }
    CheckFile #check-report { height: 14; max-height: 40vh; }
    """

    def __init__(self, export: ExportService, file: Path | None = None) -> None:
        super().__init__("Check a file")
        self._export = export
        self._file = file
        self._checked: Path | None = None

    def compose_content(self) -> ComposeResult:
        field = Input(str(self._file or ""), id="check-path", suggester=PathSuggester())
        field.placeholder = "Path of a JSONL file; right arrow completes, enter checks"
        yield field
        yield Static("", id="check-state", markup=False)
        yield StyledLines(id="check-report")

    def compose_buttons(self) -> ComposeResult:
        yield Button("Close", id="check-close")
        yield Button("Mend", id="check-mend", disabled=True, tooltip="Write a mended copy beside the file")
        yield Button("Check", id="check-go", variant="primary")

    def on_mount(self) -> None:
        self._about = (
            "Format, roles, lengths, duplicates, special tokens and personal data, as the provider and base see"
        )
        self._say(self._about + " them.")
        self.query_one("#check-path").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#check-go")
    def check(self) -> None:
        """Checks the file that is named."""
        typed = self.query_one("#check-path", Input).value.strip()
        if not typed:
            self._say("Name a file first.", failed=True)
            return
        self._check(Path(typed).expanduser().absolute(), None)

    @on(Button.Pressed, "#check-mend")
    @work(group="check-name", exclusive=True, exit_on_error=False)
    async def mend(self) -> None:
        """Writes a mended copy beside the file."""
        if self._checked is not None:
            self._check(self._checked, await asyncio.to_thread(_free_name, self._checked))

    @on(Button.Pressed, "#check-close")
    def close(self) -> None:
        """Ends; a check under way is given up."""
        self.dismiss(None)

    @work(group="check", exclusive=True, exit_on_error=False)
    async def _check(self, file: Path, repair: Path | None) -> None:
        mend = self.query_one("#check-mend", Button)
        mend.disabled = True
        try:
            report = await self._report(file, repair)
        except WebtuneError as error:
            self._say(error_display.words(error), failed=True)
            self.query_one(StyledLines).show(None)
            return
        self._checked = file
        mend.disabled = bool(repair) or not (report.errors or report.warnings)
        self._show(file, report)

    async def _report(self, file: Path, repair: Path | None) -> ValidationReport:
        pace, drawn_at = Pace(), 0.0
        async with aclosing(self._export.validating(file, repair=repair)) as events:
            async for event in events:
                if isinstance(event, ValidationReport):
                    return event
                if time.monotonic() - drawn_at >= _DRAW_SECONDS:
                    drawn_at = time.monotonic()
                    self._say(_progress(event, pace))
        raise AssertionError("a check ends with its report")

    def _show(self, file: Path, report: ValidationReport) -> None:
        self._say(f"{file.name} is {'fit to train on' if report.ok else 'not fit to train on'}", failed=not report.ok)
        self.query_one(StyledLines).show(partial(report_lines, report))

    def _say(self, words: str, *, failed: bool = False) -> None:
        state = self.query_one("#check-state", Static)
        state.set_class(failed, "-failed")
        state.update(Content(display(words, limit=600)))


def _progress(event: Progressed, pace: Pace) -> str:
    words = pace.words(event.stage, event.done, event.total, event.unit)
    told = f"{display_line(event.stage, limit=40).capitalize()}: {event.done:,} {display_line(event.unit, limit=20)}"
    return f"{told}, {words}  ·  esc stops" if words else f"{told}  ·  esc stops"


def _free_name(file: Path) -> Path:
    """``train.mended.jsonl``, or the first number after it that is free."""
    names = [f"{file.stem}.mended{file.suffix}", *(f"{file.stem}.mended-{n}{file.suffix}" for n in range(2, 100))]
    return next((path for name in names if not (path := file.with_name(name)).exists()), file.with_name(names[-1]))
