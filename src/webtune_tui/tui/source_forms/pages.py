"""Pages by their addresses: fetched from here, through the crawler, or through an unlocker zone of the account."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from textual import on, work
from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.widgets import Select, Static

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.sources.base import ScraperDoor, ScraperInput
from webtune_tui.sources.input_lists import GivenInputs, read_list
from webtune_tui.tui import error_display
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.source_forms.base import Gap, SourceForm
from webtune_tui.tui.widgets.choice_bar import ChoiceBar
from webtune_tui.tui.widgets.input_table import InputTable
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services

TITLE = "Pages"
SUMMARY = "Pages by their addresses; direct is free and needs no account"
PRICE = "free or paid"
ORDER = "2"

_DOOR = ScraperDoor(None, (ScraperInput("url", True, "url"),))
_WAYS = (("direct", "direct"), ("crawl", "crawl"), ("unlocker", "unlocker"))
_NOTICE = "Their terms and the privacy laws where you are remain yours to keep."
_WORDS = {
    "direct": "Fetched from this machine, one at a time per site, robots.txt honoured. Free.",
    "crawl": "Fetched by the crawl scraper, one Markdown record a page. Paid per page.",
    "unlocker": "Through a Web Unlocker zone of your account, for pages that refuse robots. Paid per page.",
}
_PAUSE_SECONDS = 0.1


class PagesForm(SourceForm):
    """One address a line; the way to fetch them; the zone where that way needs one."""

    DEFAULT_CSS = """
    PagesForm .field { height: 1; margin-bottom: 1; }
    PagesForm .field-label { width: 12; color: $text-muted; }
    PagesForm #pages-urls { height: 10; background: $panel; padding: 0 1; margin-bottom: 1; }
    PagesForm #pages-table { height: auto; max-height: 8; }
    PagesForm #pages-words { color: $text-muted; height: auto; }
    PagesForm Select { width: 1fr; }
    PagesForm.-low .field, PagesForm.-low .form-note, PagesForm.-low #pages-urls { margin-bottom: 0; }
    PagesForm.-low #pages-urls { height: 6; }
    """

    def __init__(self, services: Services, urls: Sequence[str] = ()) -> None:
        super().__init__(services)
        self._first_urls = urls
        self._given: GivenInputs | None = None
        self._is_reading = False
        self._version = 0

    def compose(self) -> ComposeResult:
        with HorizontalGroup(classes="field"):
            yield Static("Fetched", classes="field-label", markup=False)
            yield ChoiceBar(_WAYS, id="pages-way")
        yield Static(_WORDS["direct"], id="pages-way-words", classes="form-note", markup=False)
        with HorizontalGroup(classes="field", id="pages-zone-row"):
            yield Static("Zone", classes="field-label", markup=False)
            yield Select[str]([], id="pages-zone", compact=True, prompt="the zones of the account")
        yield SafeTextArea(
            "\n".join(self._first_urls),
            id="pages-urls",
            soft_wrap=False,
            placeholder="https://…  one address a line",
            tab_behavior="focus",
            compact=True,
        )
        yield Static(_NOTICE, id="pages-words", markup=False)
        yield InputTable(id="pages-table")

    def on_mount(self) -> None:
        self.query_one("#pages-zone-row").display = False
        self.query_one("#pages-table").display = False
        self.focus_first()
        self.urls_changed()
        self.tell()

    def focus_first(self) -> None:
        self.query_one("#pages-urls").focus()

    @property
    def way(self) -> str:
        """direct, crawl or unlocker."""
        return self.query_one("#pages-way", ChoiceBar).value

    @property
    def _zone(self) -> str:
        value = self.query_one("#pages-zone", Select).value
        return value if isinstance(value, str) and self.way == "unlocker" else ""

    def state(self) -> Hashable:
        return (self.way, self._zone, self._version)

    def gap(self) -> Gap | None:
        given = self._given
        if self._is_reading:
            return Gap("Reading the addresses.")
        if given is None or not given.inputs:
            return Gap("Paste the addresses of pages, one a line.")
        if given.faults:
            first = next(one for one in given.inputs if one.fault)
            many = f"{given.faults:,} of {len(given.inputs):,} can't be fetched"
            return Gap(f"{many}; line {first.line}: {first.fault}", is_fault=True)
        if self.way == "unlocker" and not self._zone:
            return Gap("Choose the zone that they are fetched through.")
        return None

    async def plan(self) -> CollectPlan:
        urls = [str(fields["url"]) for fields in self._given.sendable] if self._given else []
        return await self.services.collect.plan_pages(urls, via=self.way, zone=self._zone)

    def action_switch(self) -> None:
        """Takes the next way to fetch."""
        self.query_one("#pages-way", ChoiceBar).action_step(1)

    @on(ChoiceBar.Chosen, "#pages-way")
    def way_changed(self) -> None:
        """Says what the way means, and asks for the zones where it needs one."""
        self.query_one("#pages-way-words", Static).update(_WORDS[self.way])
        self.query_one("#pages-zone-row").display = self.way == "unlocker"
        if self.way == "unlocker":
            self._load_zones()
        self.tell()

    @on(SafeTextArea.Changed, "#pages-urls")
    def urls_changed(self) -> None:
        """Reads the list anew a moment after it changed."""
        self._version += 1
        self._is_reading = True
        self._read()

    @work(group="read", exclusive=True, exit_on_error=False)
    async def _read(self) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)
        text = self.query_one("#pages-urls", SafeTextArea).text
        self._given = await asyncio.to_thread(read_list, text, _DOOR) if text.strip() else None
        self._is_reading = False
        self._version += 1
        given = self._given
        inputs = given.inputs if given else ()
        faults = given.faults if given else 0
        table = self.query_one("#pages-table", InputTable)
        table.show([one for one in inputs if one.fault])
        table.display = bool(faults)
        words = figures.count(len(inputs), "address", "addresses") + (
            f", {faults:,} can't be fetched" if faults else ""
        )
        self.query_one("#pages-words", Static).update(words if inputs else _NOTICE)
        self.tell()

    @work(group="zones", exclusive=True, exit_on_error=False)
    async def _load_zones(self) -> None:
        await show_zones(self, self.query_one("#pages-zone", Select), ("unblocker", "unlocker"))


async def show_zones(form: SourceForm, select: Select[str], kinds: Sequence[str]) -> None:
    """Fills a choice with the account's zones, those of a kind first; says why where they can't be read."""
    select.prompt = "asking for the zones"
    try:
        zones = await form.services.collect.zones()
    except WebtuneError as error:
        select.prompt = display_line(error_display.words(error), limit=120)
        return
    ordered = sorted(zones, key=lambda zone: not any(kind in zone.kind.lower() for kind in kinds))
    select.set_options(
        [
            (
                Content.assemble(
                    display_line(zone.name, limit=60), (f"  {display_line(zone.kind, limit=30)}", "$text-muted")
                ),
                str(zone.name),
            )
            for zone in ordered
        ]
    )
    if ordered:
        select.value = str(ordered[0].name)
    else:
        select.prompt = "the account has no zones"


FORM = PagesForm
