"""Ready records of the marketplace: those of a dataset that pass a condition, at most so many."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

from textual import on, work
from textual.app import ComposeResult
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.widgets import Button, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.sources.base import ScraperInput
from webtune_tui.tui.modals.pick_scraper import PickScraper
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.source_forms.base import Gap, SourceForm, whole
from webtune_tui.tui.widgets.field_row import FieldRow
from webtune_tui.tui.widgets.safe_text_area import SafeTextArea

TITLE = "Marketplace"
SUMMARY = "Ready records of a dataset that pass a condition"
PRICE = "paid"
ORDER = "4"

_EXAMPLE = '{"name": "rating", "operator": ">=", "value": 4}'
_NOTE = (
    "A condition names a field, an operator (=, !=, <, <=, >, >=, in, includes, is_null, …) and a value. Several: "
    '{"operator": "and", "filters": [ … ]}.'
)


class MarketplaceForm(SourceForm):
    """The dataset's id, the condition as JSON, and the most records."""

    DEFAULT_CSS = """
    MarketplaceForm .field { height: 1; margin-bottom: 1; }
    MarketplaceForm .field-label { width: 28; padding-right: 1; color: $text-muted; }
    MarketplaceForm #market-find { background: $panel; }
    MarketplaceForm #market-condition { height: 6; background: $panel; padding: 0 1; }
    MarketplaceForm #market-fault { color: $text-error; height: auto; margin-bottom: 1; }
    MarketplaceForm.-low .field, MarketplaceForm.-low FieldRow { margin-bottom: 0; }
    MarketplaceForm.-low #market-condition { height: 3; }
    """

    def compose(self) -> ComposeResult:
        yield FieldRow(ScraperInput("dataset", True, "text", "gd_l7q7dkf244hwjntr0"), label="Dataset id")
        with HorizontalGroup(classes="field"):
            yield Static("", classes="field-label", markup=False)
            yield Button(f"Find in the catalogue {GLYPHS.ellipsis}", id="market-find", compact=True)
        yield Static(_NOTE, classes="form-note", markup=False)
        yield SafeTextArea(id="market-condition", placeholder=f"such as {_EXAMPLE}", tab_behavior="focus", compact=True)
        yield Static("", id="market-fault", markup=False)
        most = str(self.services.settings.max_records)
        yield FieldRow(ScraperInput("most", True, "number"), most, label="Most records")

    def on_mount(self) -> None:
        self.focus_first()
        self.tell()

    def _row(self, name: str) -> FieldRow:
        return next(row for row in self.query(FieldRow) if row.field.name == name)

    @property
    def _condition_text(self) -> str:
        return self.query_one("#market-condition", SafeTextArea).text.strip()

    def state(self) -> Hashable:
        return (self._row("dataset").value, self._condition_text, self._row("most").value)

    def fields_changed(self) -> None:
        _, fault = condition_of(self._condition_text)
        fault = fault if self._condition_text else ""
        self.query_one("#market-fault", Static).update(Content(f"{GLYPHS.attention} {fault}" if fault else ""))

    def gap(self) -> Gap | None:
        if not self._row("dataset").value:
            return Gap("Fill in the dataset's id, or find it in the catalogue.")
        if not self._condition_text:
            return Gap("Fill in a condition: it bounds what is delivered.")
        _, fault = condition_of(self._condition_text)
        if fault:
            return Gap(f"Condition: {fault}", is_fault=True)
        if (whole(self._row("most").value) or 0) < 1:
            return Gap("Most records: a whole number from 1 up.", is_fault=True)
        return None

    async def plan(self) -> CollectPlan:
        condition, _ = condition_of(self._condition_text)
        return await self.services.collect.plan_filter(
            self._row("dataset").value, condition, max_records=whole(self._row("most").value)
        )

    @on(Button.Pressed, "#market-find")
    @work(group="pick", exit_on_error=False)
    async def find_dataset(self) -> None:
        """Most scrapers have a dataset of the same id."""
        chosen = await self.app.push_screen_wait(PickScraper(self.services.collect))
        if chosen is not None:
            self._row("dataset").query_one("Input").value = chosen.scraper_id  # type: ignore[attr-defined]


def condition_of(text: str) -> tuple[Mapping[str, Any], str]:
    """A condition as typed, and what is wrong with it; the service judges the fields."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, display_line(f"not valid JSON: {error}", limit=120)
    if not isinstance(value, dict):
        return {}, "a JSON object"
    if "operator" not in value:
        return {}, "it has no operator"
    if "filters" not in value and "name" not in value:
        return {}, "it names no field"
    return value, ""


FORM = MarketplaceForm
