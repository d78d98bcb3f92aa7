"""A web search: the results of a search engine, with their addresses, through a SERP zone of the account."""

from __future__ import annotations

from collections.abc import Hashable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.widgets import Select, Static

from webtune_tui.services.collect import CollectPlan
from webtune_tui.sources.base import ScraperInput
from webtune_tui.tui.source_forms.base import Gap, SourceForm, whole
from webtune_tui.tui.source_forms.pages import show_zones
from webtune_tui.tui.widgets.choice_bar import ChoiceBar
from webtune_tui.tui.widgets.field_row import FieldRow

TITLE = "Web search"
SUMMARY = "Results of Google, Bing or Yandex with their addresses"
PRICE = "paid"
ORDER = "3"

_ENGINES = (("google", "Google"), ("bing", "Bing"), ("yandex", "Yandex"))


class SearchForm(SourceForm):
    """What to look for, where, and how many pages of results."""

    DEFAULT_CSS = """
    SearchForm .field { height: 1; margin-bottom: 1; }
    SearchForm .field-label { width: 28; padding-right: 1; color: $text-muted; }
    SearchForm Select { width: 1fr; }
    SearchForm.-low .field, SearchForm.-low FieldRow { margin-bottom: 0; }
    """

    def compose(self) -> ComposeResult:
        with HorizontalGroup(classes="field"):
            yield Static("Engine", classes="field-label", markup=False)
            yield ChoiceBar(_ENGINES, id="search-engine")
        yield FieldRow(ScraperInput("query", True, "text", "best espresso machines"), label="Search for")
        yield FieldRow(ScraperInput("pages", False, "number"), "1", label="Pages of results")
        yield FieldRow(
            ScraperInput("country", False, "text"), label="Country", hint="two letters, such as us; empty: anywhere"
        )
        with HorizontalGroup(classes="field"):
            yield Static("Zone", classes="field-label", markup=False)
            yield Select[str]([], id="search-zone", compact=True, prompt="the zones of the account")

    def on_mount(self) -> None:
        self.focus_first()
        self._load_zones()
        self.tell()

    def focus_first(self) -> None:
        next(iter(self.query("FieldRow Input"))).focus()

    def _value(self, name: str) -> str:
        return next(row.value for row in self.query(FieldRow) if row.field.name == name)

    @property
    def _zone(self) -> str:
        value = self.query_one("#search-zone", Select).value
        return value if isinstance(value, str) else ""

    def state(self) -> Hashable:
        engine = self.query_one("#search-engine", ChoiceBar).value
        return (engine, self._value("query"), self._value("pages"), self._value("country"), self._zone)

    def gap(self) -> Gap | None:
        if not self._value("query"):
            return Gap("Fill in what to search for.")
        if (whole(self._value("pages") or "1") or 0) < 1:
            return Gap("Pages of results: a whole number from 1 up.", is_fault=True)
        country = self._value("country")
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            return Gap("Country: two letters, such as us.", is_fault=True)
        return None if self._zone else Gap("Choose the zone that the search goes through.")

    async def plan(self) -> CollectPlan:
        return await self.services.collect.plan_search(
            self._value("query"),
            engine=self.query_one("#search-engine", ChoiceBar).value,
            zone=self._zone,
            pages=whole(self._value("pages") or "1") or 1,
            country=self._value("country").lower(),
        )

    def action_switch(self) -> None:
        """Takes the next search engine."""
        self.query_one("#search-engine", ChoiceBar).action_step(1)

    @on(ChoiceBar.Chosen)
    def engine_changed(self) -> None:
        """Another engine is another plan."""
        self.tell()

    @work(group="zones", exclusive=True, exit_on_error=False)
    async def _load_zones(self) -> None:
        await show_zones(self, self.query_one("#search-zone", Select), ("serp",))


FORM = SearchForm
