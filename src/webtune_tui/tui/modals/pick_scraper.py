"""Finds a scraper by name, site or id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.sources.base import Scraper
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures

Search = Callable[[str], Awaitable[Sequence[Scraper]]]


class PickScraper(Dialog[Scraper]):
    """A search field over a list; arrow keys move in the list while one types."""

    BINDINGS = [  # noqa: RUF012 - Textual's own form of class attribute
        Binding("down", "move('cursor_down')", "Next", show=False, priority=True),
        Binding("up", "move('cursor_up')", "Previous", show=False, priority=True),
        Binding("pagedown", "move('page_down')", "Page down", show=False, priority=True),
        Binding("pageup", "move('page_up')", "Page up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    PickScraper > .dialog-box { width: 90; }
    PickScraper OptionList { height: 12; background: $surface; }
    PickScraper OptionList:focus { background: $surface; }
    PickScraper #pick-count { color: $text-muted; height: 1; }
    """

    def __init__(self, search: Search) -> None:
        super().__init__("Choose a scraper")
        self._search = search
        self._found: Sequence[Scraper] = ()

    def compose_content(self) -> ComposeResult:
        yield Input(placeholder="Search by name, site or id", id="pick-search")
        yield Static("", id="pick-count", markup=False)
        yield OptionList(id="pick-list", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Cancel", id="pick-cancel")
        yield Button("Choose", id="pick-choose", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#pick-search").focus()
        self._find("")

    @on(Input.Changed)
    def changed(self, event: Input.Changed) -> None:
        """Looks while one types."""
        self._find(event.value)

    @on(Input.Submitted)
    @on(Button.Pressed, "#pick-choose")
    @on(OptionList.OptionSelected)
    def choose(self) -> None:
        """Ends with the scraper under the cursor."""
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.dismiss(self._found[place])

    @on(Button.Pressed, "#pick-cancel")
    def cancel(self) -> None:
        """Ends without a choice."""
        self.dismiss(None)

    def action_move(self, how: str) -> None:
        """Moves the cursor of the list, wherever the focus is."""
        getattr(self.query_one(OptionList), f"action_{how}")()

    @work(group="search", exclusive=True, exit_on_error=False)
    async def _find(self, text: str) -> None:
        found = await self._search(text)
        self._found = found
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_row(scraper)) for scraper in found])
        if found:
            options.highlighted = 0
        self.query_one("#pick-count", Static).update(figures.count(len(found), "scraper"))


def _row(scraper: Scraper) -> Content:
    name = display_line(scraper.name, limit=46)
    doors = "" if scraper.doors else "inputs not listed"
    return Content.assemble(
        f"{name:<47}", (f"{display_line(scraper.domain, limit=24):<25}", "$text-muted"), (doors, "$text-muted")
    )
