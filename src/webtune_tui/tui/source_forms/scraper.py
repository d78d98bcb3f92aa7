"""A scraper of the catalogue: its door, its declared fields, one input or a whole list of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import HorizontalGroup, VerticalGroup
from textual.content import Content
from textual.widgets import Button, Select, Static

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.sources.base import Scraper, ScraperDoor, ScraperInput
from webtune_tui.sources.input_lists import GivenInputs, check_list, main_field, read_list
from webtune_tui.tui.modals.ask_path import AskPath
from webtune_tui.tui.modals.pick_scraper import PickScraper
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.source_forms.base import Gap, SourceForm, whole
from webtune_tui.tui.widgets.choice_bar import ChoiceBar
from webtune_tui.tui.widgets.field_row import FieldRow
from webtune_tui.tui.widgets.input_table import InputTable
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services

TITLE = "Scraper"
SUMMARY = "A site's records: shops, jobs, reviews, social, maps"
PRICE = "paid"
ORDER = "1"

_FIRST_SCRAPER, _FIRST_DOOR = "gd_l7q7dkf244hwjntr0", "best_sellers_url"
_UNLISTED = ScraperDoor(None, (ScraperInput("url", True, "url", ""),))
_ONE, _MANY = "one", "many"
_PAUSE_SECONDS = 0.1


class ScraperForm(SourceForm):
    """The fields follow the scraper and its door; many inputs are pasted or loaded from a file."""

    DEFAULT_CSS = """
    ScraperForm .field { height: 1; margin-bottom: 1; }
    ScraperForm .field-label { width: 28; padding-right: 1; color: $text-muted; text-wrap: nowrap; }
    ScraperForm Select { width: 1fr; }
    ScraperForm Select > SelectCurrent { background: $panel; }
    ScraperForm Select:focus > SelectCurrent { background: $block-cursor-blurred-background; }
    ScraperForm #form-scraper {
        width: 1fr; text-align: left; content-align: left middle; padding: 0 1; background: $panel;
    }
    ScraperForm #form-list { display: none; height: auto; margin-bottom: 1; }
    ScraperForm.-many #form-list { display: block; }
    ScraperForm.-many #form-inputs { display: none; }
    ScraperForm #form-paste { height: 6; background: $panel; padding: 0 1; }
    ScraperForm #form-table { height: auto; max-height: 8; margin-top: 1; }
    ScraperForm .list-tools { height: 1; }
    ScraperForm #form-list-words { width: 1fr; color: $text-muted; }
    ScraperForm .list-tools Button { margin-left: 1; min-width: 8; background: $panel; }
    ScraperForm.-low .field { margin-bottom: 0; }
    ScraperForm.-low FieldRow { margin-bottom: 0; }
    ScraperForm.-low .form-section { margin-bottom: 0; }
    ScraperForm.-low #form-paste { height: 4; }
    """

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._collect = services.collect
        self._scraper: Scraper | None = None
        self._door = _UNLISTED
        self._list: GivenInputs | None = None
        self._loaded: tuple[Path, Sequence[Mapping[str, Any]]] | None = None
        self._is_reading = False
        self._leaves_out = False
        self._version = 0

    def compose(self) -> ComposeResult:
        with HorizontalGroup(classes="field"):
            yield Static("Scraper", classes="field-label", markup=False)
            yield Button("", id="form-scraper", compact=True)
        with HorizontalGroup(classes="field"):
            yield Static("Find by", classes="field-label", markup=False)
            yield Select[str]([], id="form-door", compact=True, allow_blank=True, prompt="")
        with HorizontalGroup(classes="field"):
            yield Static("Inputs", classes="field-label", markup=False)
            yield ChoiceBar([(_ONE, "one"), (_MANY, "many, from a list")], id="form-how")
        yield VerticalGroup(id="form-inputs", classes="form-group")
        with VerticalGroup(id="form-list"):
            yield SafeTextArea(
                id="form-paste",
                soft_wrap=False,
                placeholder="Paste here: one a line, CSV with a header, JSON or JSON lines",
                tab_behavior="focus",
                compact=True,
            )
            with HorizontalGroup(classes="list-tools"):
                yield Static("", id="form-list-words", markup=False)
                yield Button("Leave out", id="form-leave-out", compact=True)
                yield Button("Clear", id="form-clear", compact=True)
                yield Button("Load file", id="form-load", compact=True)
            yield InputTable(id="form-table")
        settings = self.services.settings
        yield Static("Limits", classes="form-section", markup=False)
        number = ScraperInput("limit", False, "number")
        yield FieldRow(number, str(settings.limit_per_input), label="Records per input", input_id="form-limit")
        yield FieldRow(number, str(settings.max_records), label="Most records", input_id="form-most")

    async def on_mount(self) -> None:
        found = await self._collect.scrapers(_FIRST_SCRAPER)
        every = found or await self._collect.scrapers()
        if every:
            await self._take_scraper(every[0], _FIRST_DOOR)
        self._show_list()
        self.focus_first()

    def focus_first(self) -> None:
        if self.has_class("-many"):
            self.query_one("#form-paste").focus()
        else:
            rows = list(self.query("#form-inputs FieldRow Input"))
            (rows[0] if rows else self.query_one("#form-scraper")).focus()

    # What the dialogue asks

    def state(self) -> Hashable:
        values = tuple((row.field.name, row.value) for row in self._rows)
        scraper_id = self._scraper.scraper_id if self._scraper else ""
        limits = (self._limit_text("#form-limit"), self._limit_text("#form-most"))
        return (scraper_id, self._door.discover_by, self.is_many, values if not self.is_many else self._version, limits)

    def gap(self) -> Gap | None:
        if self._scraper is None:
            return Gap("Choose a scraper.")
        for name, words in (("#form-limit", "Records per input"), ("#form-most", "Most records")):
            text = self._limit_text(name)
            if text and whole(text) is None:
                return Gap(f"{words}: not a whole number", is_fault=True)
        return self._gap_in_list() if self.is_many else self._gap_in_fields()

    async def plan(self) -> CollectPlan:
        scraper = self._scraper
        if scraper is None:
            raise UsageError("No scraper is chosen", hint="Choose one.")
        is_discovery = self._door.discover_by is not None
        return await self._collect.plan(
            scraper.scraper_id,
            self._inputs(),
            discover_by=self._door.discover_by,
            limit_per_input=whole(self._limit_text("#form-limit")) if is_discovery else None,
            max_records=whole(self._limit_text("#form-most")),
        )

    @property
    def is_many(self) -> bool:
        """Whether a list is taken instead of the fields."""
        return self.query_one("#form-how", ChoiceBar).value == _MANY

    @property
    def _rows(self) -> list[FieldRow]:
        return list(self.query("#form-inputs FieldRow").results(FieldRow))

    def _limit_text(self, name: str) -> str:
        return next((row.value for row in self.query(FieldRow) if row.query(name)), "")

    def _gap_in_fields(self) -> Gap | None:
        faulty = [(row.field.name, row.fault) for row in self._rows if row.fault]
        wrong = [f"{name}: {fault}" for name, fault in faulty if fault != "required"]
        if wrong:
            return Gap(wrong[0], is_fault=True)
        missing = [name for name, _ in faulty]
        if missing or not any(row.value for row in self._rows):
            return Gap(f"Fill in {', '.join(missing) or 'an input'} to see the price.")
        return None

    def _gap_in_list(self) -> Gap | None:
        given = self._list
        if self._is_reading:
            return Gap("Reading the list.")
        if given is None or not given.inputs:
            return Gap("Paste the inputs, or load a file.")
        if given.faults and not self._leaves_out:
            first = next(one for one in given.inputs if one.fault)
            many = f"{given.faults:,} of {figures.count(len(given.inputs), 'input')} can't be sent"
            return Gap(f"{many}; line {first.line}: {first.fault}", is_fault=True)
        return None if given.sendable else Gap("None of the inputs can be sent.", is_fault=True)

    def _inputs(self) -> list[Mapping[str, Any]]:
        if self.is_many:
            return self._list.sendable if self._list else []
        return [{row.field.name: _typed(row) for row in self._rows if row.value}]

    # The fields follow the scraper and its door

    @on(Button.Pressed, "#form-scraper")
    @work(group="pick", exit_on_error=False)
    async def pick_scraper(self) -> None:
        """Opens the search over all scrapers."""
        chosen = await self.app.push_screen_wait(PickScraper(self._collect))
        if chosen is not None:
            await self._take_scraper(chosen)
            self.focus_first()

    @on(Select.Changed, "#form-door")
    async def door_changed(self, event: Select.Changed) -> None:
        """Shows the fields of the chosen door."""
        if self._scraper is None or event.value is Select.NULL or not self._scraper.doors:
            return
        door = self._scraper.doors[int(str(event.value))]
        if door is not self._door:
            await self._take_door(door)

    async def _take_scraper(self, scraper: Scraper, discover_by: str | None = None) -> None:
        self._scraper = scraper
        doors = scraper.doors or (_UNLISTED,)
        wanted = [place for place, door in enumerate(doors) if door.discover_by == discover_by]
        place = wanted[0] if wanted else 0
        site = f" {GLYPHS.dot} {display_line(scraper.domain, limit=30)}" if scraper.domain else ""
        self.query_one("#form-scraper", Button).label = Content(
            f"{display_line(scraper.name, limit=60)}{site} {GLYPHS.ellipsis}"
        )
        select = self.query_one("#form-door", Select)
        with self.prevent(Select.Changed):
            select.set_options([(_door_words(door), str(number)) for number, door in enumerate(doors)])
            select.value = str(place)
        await self._take_door(doors[place])

    async def _take_door(self, door: ScraperDoor) -> None:
        kept = {row.field.name: row.value for row in self._rows}
        self._door = door
        group = self.query_one("#form-inputs", VerticalGroup)
        await group.remove_children()
        is_first = self._scraper is not None and self._scraper.scraper_id == _FIRST_SCRAPER
        begins_filled = is_first and door.discover_by == _FIRST_DOOR
        fields = door.inputs or _UNLISTED.inputs
        await group.mount(
            *[
                FieldRow(field, kept.get(field.name) or (field.example if begins_filled and field.required else ""))
                for field in fields
            ]
        )
        for row in self.query(FieldRow):
            if row.query("#form-limit"):
                row.display = door.discover_by is not None
        self._read_list()
        self.tell()

    # Many inputs

    @on(ChoiceBar.Chosen, "#form-how")
    def how_changed(self) -> None:
        """The fields of one input, or a list."""
        self.set_class(self.is_many, "-many")
        self.tell()

    def action_switch(self) -> None:
        """Turns from one input to a list and back."""
        bar = self.query_one("#form-how", ChoiceBar)
        bar.take(_ONE if self.is_many else _MANY)
        self.call_after_refresh(self.focus_first)

    @on(Button.Pressed, "#form-load")
    def action_load_file(self) -> None:
        """Takes the inputs from a file."""
        self._load()

    @on(Button.Pressed, "#form-clear")
    def clear(self) -> None:
        """Begins with an empty list."""
        self._loaded = None
        self.query_one("#form-paste", SafeTextArea).text = ""
        self._read_list()

    @on(Button.Pressed, "#form-leave-out")
    def leave_out(self) -> None:
        """Sends only what can be sent."""
        self._leaves_out = True
        self._version += 1
        self._show_list()
        self.tell()

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        why = "One object or row for each input; the columns are the names of the fields."
        path = await self.app.push_screen_wait(AskPath("Inputs from a file", why, go="Load"))
        if path is None:
            return
        from webtune_tui.sources.input_files import inputs_of_file  # the readers are needed here alone

        self._loaded = path, await asyncio.to_thread(inputs_of_file, path)
        self.query_one("#form-how", ChoiceBar).take(_MANY)
        self.query_one("#form-paste", SafeTextArea).text = ""
        self._read_list()

    @on(SafeTextArea.Changed, "#form-paste")
    def pasted(self) -> None:
        """Reads the list anew a moment after it changed."""
        if self.query_one("#form-paste", SafeTextArea).text:
            self._loaded = None
        self._read_list()

    def _read_list(self) -> None:
        self._version += 1
        self._leaves_out = False
        self._is_reading = self.is_many
        self._read()

    @work(group="read", exclusive=True, exit_on_error=False)
    async def _read(self) -> None:
        """Away from the loop: a list may be long."""
        await asyncio.sleep(_PAUSE_SECONDS)
        text, door = self.query_one("#form-paste", SafeTextArea).text, self._door
        if self._loaded is not None:
            path, inputs = self._loaded
            self._list = await asyncio.to_thread(check_list, inputs, door, display_line(path.name, limit=40))
        else:
            self._list = await asyncio.to_thread(read_list, text, door) if text.strip() else None
        self._is_reading = False
        self._version += 1
        self._show_list()
        self.tell()

    def _show_list(self) -> None:
        given = self._list
        inputs = given.inputs if given else ()
        self.query_one("#form-table", InputTable).show(inputs)
        self.query_one("#form-table").display = bool(inputs)
        self.query_one("#form-paste").display = self._loaded is None
        faults = given.faults if given else 0
        self.query_one("#form-leave-out").display = bool(faults) and not self._leaves_out
        self.query_one("#form-clear").display = bool(inputs)
        words = f"a bare line is a {main_field(self._door)}"
        if given is not None:
            left_out = ", left out" if self._leaves_out else ""
            rest = f", {faults:,} faulty{left_out}" if faults else ""
            words = f"{figures.count(len(inputs), 'input')}, {given.form}{rest}"
        self.query_one("#form-list-words", Static).update(Content(display_line(words, limit=120)))


def _typed(row: FieldRow) -> Any:
    """Lists and objects go as JSON; everything else as it was typed, as on the command line."""
    return json.loads(row.value) if row.field.kind in ("array", "object") else row.value


def _door_words(door: ScraperDoor) -> Content:
    words = door.discover_by.replace("_", " ") if door.discover_by else "given addresses"
    return Content(display_line(words, limit=60))


FORM = ScraperForm
