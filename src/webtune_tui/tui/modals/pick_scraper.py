"""Finds a scraper by site, need, name or id, and brings the catalogue up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, Input, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectService
from webtune_tui.sources.base import Scraper
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.widgets.row_view import RowView

_PAUSE_SECONDS = 0.05


class ScraperList(RowView):
    """The scrapers that were found; a thousand cost no more than ten."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.found: Sequence[Scraper] = ()

    def show(self, found: Sequence[Scraper]) -> None:
        """Shows these scrapers from the first on."""
        self.found = found
        self.cursor = 0
        self.set_row_count(len(found))

    def row(self, index: int, width: int) -> Sequence[Part]:
        scraper = self.found[index]
        name_width = min(max(width // 2, 24), 44)
        site_width = min(max(width // 4, 16), 26)
        rest = width - name_width - site_width - 2
        return [
            (fit(display_line(scraper.name, limit=100), name_width) + " ", ""),
            (fit(display_line(scraper.domain, limit=60), site_width) + " ", "second"),
            (fit(_doors(scraper), rest), "muted"),
        ]


class PickScraper(Dialog[Scraper]):
    """A search field over a list; arrow keys move in the list while one types."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Next", show=False, priority=True),
        Binding("up", "move(-1)", "Previous", show=False, priority=True),
        Binding("pagedown", "move_page(1)", "Page down", show=False, priority=True),
        Binding("pageup", "move_page(-1)", "Page up", show=False, priority=True),
        Binding("ctrl+r", "refresh", "Refresh", priority=True),
    ]
    DEFAULT_CSS = """
    PickScraper > .dialog-box { width: 100; }
    PickScraper ScraperList { height: 14; }
    PickScraper.-short ScraperList { height: 8; }
    PickScraper #pick-count { color: $text-muted; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    PickScraper #pick-origin { color: $text-muted; height: auto; margin-top: 1; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012 - Textual's own form

    def __init__(self, collect: CollectService) -> None:
        super().__init__("Choose a scraper")
        self._collect = collect

    def compose_content(self) -> ComposeResult:
        yield Input(placeholder="Search by site, need, name or id: amazon, reviews, jobs", id="pick-search")
        yield Static("", id="pick-count", markup=False)
        yield ScraperList(id="pick-list")
        yield Static("", id="pick-origin", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="pick-cancel")
        yield Button("Refresh ^r", id="pick-refresh")
        yield Button("Choose", id="pick-choose", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#pick-search").focus()
        self._find("")
        self._show_origin()

    @on(Input.Changed)
    def changed(self, event: Input.Changed) -> None:
        """Looks while one types."""
        self._find(event.value)

    @on(Input.Submitted)
    @on(Button.Pressed, "#pick-choose")
    @on(ScraperList.Chosen)
    def choose(self) -> None:
        """Ends with the scraper under the cursor."""
        listed = self.query_one(ScraperList)
        if listed.row_count:
            self.dismiss(listed.found[listed.cursor])

    @on(Button.Pressed, "#pick-cancel")
    def cancel(self) -> None:
        """Ends without a choice."""
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Moves the cursor of the list, wherever the focus is."""
        self.query_one(ScraperList).action_move(rows)

    def action_move_page(self, pages: int) -> None:
        """Moves the cursor by the height of the list."""
        self.query_one(ScraperList).action_move_page(pages)

    @on(Button.Pressed, "#pick-refresh")
    def action_refresh(self) -> None:
        """Fetches the live catalogue; that is free."""
        self._refresh()

    @work(group="refresh", exclusive=True, exit_on_error=False)
    async def _refresh(self) -> None:
        self.query_one("#pick-origin", Static).update(f"Fetching the live list {GLYPHS.ellipsis}")
        try:
            await self._collect.refresh_catalogue()
        finally:
            self._show_origin()
        self._find(self.query_one(Input).value)

    @work(group="origin", exclusive=True, exit_on_error=False)
    async def _show_origin(self) -> None:
        known = await self._collect.catalogue_info()
        origin = "the live list" if known.origin == "live" else "the bundled list"
        words = f"{figures.count(known.scrapers, 'scraper')} of {origin} of {display_line(known.dated, limit=30)}"
        if known.notice:
            words += f". {display_line(known.notice, limit=200)}"
        self.query_one("#pick-origin", Static).update(Content(words))

    @work(group="search", exclusive=True, exit_on_error=False)
    async def _find(self, text: str) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)
        found = await self._collect.scrapers(text)
        self.query_one(ScraperList).show(found)
        words = figures.count(len(found), "scraper")
        if not found:
            words = "No scraper fits. Fewer words find more."
        self.query_one("#pick-count", Static).update(words)


def _doors(scraper: Scraper) -> str:
    if not scraper.doors:
        return "inputs not listed"
    names = [(door.discover_by or "url").replace("_", " ") for door in scraper.doors]
    return display_line(", ".join(names), limit=100)
