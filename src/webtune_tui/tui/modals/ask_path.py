"""Asks for one file, with completion of the path."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Button, Input, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.modals.dialog import Dialog, shown

_MOST_NAMES = 2000


class PathSuggester(Suggester):
    """Completes the last part of a path from what lies in its folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(complete, value)


class AskPath(Dialog[Path]):
    """Answers an existing file, or ``None``."""

    DEFAULT_CSS = """
    AskPath .ask-why { color: $text-muted; margin-bottom: 1; }
    AskPath #ask-fault { color: $text-error; height: 1; }
    """

    def __init__(self, title: str, why: str, *, go: str = "Open") -> None:
        super().__init__(title)
        self.why = why
        self.go = go

    def compose_content(self) -> ComposeResult:
        yield Static(shown(self.why), classes="ask-why", markup=False)
        yield Input(placeholder="Path; right arrow completes", suggester=PathSuggester(), id="ask-path")
        yield Static("", id="ask-fault", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="ask-cancel")
        yield Button(shown(self.go), id="ask-go", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#ask-path").focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#ask-go")
    @work(group="look", exclusive=True, exit_on_error=False)
    async def answer(self) -> None:
        """Ends with the path when it is a file."""
        typed = self.query_one("#ask-path", Input).value.strip()
        path = Path(typed).expanduser().absolute()
        is_file = await asyncio.to_thread(path.is_file)
        if typed and is_file:
            self.dismiss(path)
            return
        words = f"There is no file {display_line(path, limit=70)}" if typed else "Name a file first."
        self.query_one("#ask-fault", Static).update(Content(words))

    @on(Button.Pressed, "#ask-cancel")
    def cancel(self) -> None:
        """Ends with nothing."""
        self.dismiss(None)


def complete(value: str) -> str | None:
    """The typed path with its last part completed by the first name that fits, folders with a slash."""
    if not value:
        return None
    typed = Path(value).expanduser()
    folder, head = (typed, "") if value.endswith("/") else (typed.parent, typed.name)
    try:
        names = sorted(entry.name for _, entry in zip(range(_MOST_NAMES), folder.iterdir(), strict=False))
    except OSError:
        return None
    fitting = [name for name in names if name.startswith(head) and (head or not name.startswith("."))]
    if not fitting:
        return None
    completed = value[: len(value) - len(head)] + fitting[0]
    return f"{completed}/" if (folder / fitting[0]).is_dir() else completed
