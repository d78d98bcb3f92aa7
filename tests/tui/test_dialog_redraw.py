"""What is typed into a dialogue is drawn at once, whatever goes on behind it at the same moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import RenderableType
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.widgets import Input, Static

from webtune_tui.settings import Settings
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.dialog import Dialog


class _Asking(Dialog[str]):
    def compose_content(self) -> ComposeResult:
        field = Input(id="field")
        field.cursor_blink = False  # a blinking cursor would draw the field anew before one looks
        yield field
        yield _Counter(id="counter")


class _Counter(Static):
    """Draws itself without asking for a new layout."""

    words = "one"

    def render(self) -> str:
        return self.words


class _Written(WebtuneApp):
    """Keeps what would have been written to the terminal."""

    written = ""

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is not None and screen is self.screen and not self._batch_count:
            self.written += renderable.render_segments(self.console)  # type: ignore[union-attr]
        super()._display(screen, renderable)


async def test_a_letter_is_drawn_though_the_screen_behind_changes_many_widgets_at_that_moment(tmp_path: Path) -> None:
    app = _Written(tmp_path / "workspace", Settings())
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        await app.push_screen(_Asking("Adopt a snapshot"))
        field = app.screen.query_one("#field", Input)
        field.focus()
        await pilot.pause(0.2)
        app.written = ""
        async with app.screen_stack[0].batch():  # so the footer is made anew
            field.insert_text_at_cursor("Ж")
            await asyncio.sleep(0.2)
            assert "Ж" not in app.written
        await asyncio.sleep(0.3)
        assert "Ж" in app.written


async def test_a_dialogue_is_drawn_though_a_part_of_the_screen_behind_is_drawn_at_that_moment(tmp_path: Path) -> None:
    app = _Written(tmp_path / "workspace", Settings())
    async with app.run_test(size=(80, 24)) as pilot:
        await app.settled()
        await app.push_screen(_Asking("Adopt a snapshot"))
        await pilot.pause(0.2)
        counter = app.screen.query_one("#counter", _Counter)
        app.written, counter.words = "", "two"
        counter.refresh()
        app.screen.refresh(Region(0, 0, 8, 1))  # as Textual does for a widget of the screen behind
        await asyncio.sleep(0.3)
        assert "two" in app.written
