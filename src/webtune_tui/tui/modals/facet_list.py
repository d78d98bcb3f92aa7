"""How many of the listed examples are of each kind: what is chosen here joins the filter, and leaves it again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option, OptionDoesNotExist

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import (
    FACETS,
    FacetCounts,
    chosen_in,
    facet_condition,
    with_part,
    without_part,
)
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.example_facets import LANGUAGES
from webtune_tui.tui import error_display
from webtune_tui.tui.modals.dialog import Dialog
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import bar, fit

MOST_VALUES = 100
_BAR_CELLS = 14
_VALUE_CELLS = 26

Counting = Callable[[str], AsyncGenerator[Progressed | FacetCounts, None]]
"""Counts the examples that fulfil a condition."""


class FacetList(Dialog[None]):
    """Counts of each facet. ``use`` lists what fulfils a condition, behind the dialogue."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "exclude", "Not these", show=False)]
    DEFAULT_CSS = """
    FacetList > .dialog-box { padding: 0 1; }
    FacetList OptionList, FacetList OptionList:focus {
        height: auto; max-height: 54vh; min-height: 6; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    FacetList #facet-state, FacetList #facet-why { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FacetList #facet-why { color: $text-muted; }
    FacetList .dialog-buttons { margin-top: 0; }
    """

    def __init__(self, condition: str, *, count: Counting, use: Callable[[str], None]) -> None:
        super().__init__("Facets of the listed examples")
        self.condition = condition
        self._count = count
        self._use = use
        self._rows: list[tuple[str, str] | None] = []
        self._known: dict[str, dict[str, None]] = {}

    def compose_content(self) -> ComposeResult:
        yield Static("counting …", id="facet-state", markup=False)
        yield OptionList(id="facet-list", markup=False)
        yield Static("enter only these · space not these · again takes it back", id="facet-why", markup=False)

    def compose_buttons(self) -> ComposeResult:
        yield Button("Only these", id="facet-only")
        yield Button("Not these", id="facet-not")
        yield Button("Close", id="facet-close", variant="primary")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.look()

    @work(group="facets", exclusive=True, exit_on_error=False)
    async def look(self) -> None:
        """Counts what fulfils the condition now; another choice or leaving gives the count up."""
        try:
            async with aclosing(self._count(self.condition)) as events:
                async for event in events:
                    if isinstance(event, FacetCounts):
                        self._show(event)
                    elif event.stage == LANGUAGES:
                        self._tell_of_languages(event)
                    else:
                        self._say(Content(f"counting … {event.done:,} examples"))
        except WebtuneError as error:
            self._say(Content.styled(display_line(error_display.words(error), limit=300), "$text-error"))

    # Choosing

    @on(OptionList.OptionSelected)
    @on(Button.Pressed, "#facet-only")
    def only(self) -> None:
        """Leaves the examples of the value under the cursor alone in the list."""
        self._choose(is_wanted=True)

    @on(Button.Pressed, "#facet-not")
    def action_exclude(self) -> None:
        """Takes the examples of the value under the cursor out of the list."""
        self._choose(is_wanted=False)

    def _choose(self, *, is_wanted: bool) -> None:
        place = self.query_one(OptionList).highlighted
        row = self._rows[place] if place is not None and place < len(self._rows) else None
        if row is None:
            return
        part = facet_condition(*row)
        chosen = chosen_in(self.condition)
        left = without_part(without_part(self.condition, part), f"not {part}")
        if is_wanted and row[0] != "flag":  # an example has one of these: another one takes its place
            for facet, value in (one for one, is_in in chosen.items() if is_in and one[0] == row[0]):
                left = without_part(left, facet_condition(facet, value))
        is_back = chosen.get((row[0], row[1].casefold())) is is_wanted
        self.condition = left if is_back else with_part(left, part if is_wanted else f"not {part}")
        self._use(self.condition)
        self.look()

    @on(Button.Pressed, "#facet-close")
    def close(self) -> None:
        """Ends; a count under way is given up."""
        self.dismiss(None)

    # Drawing

    def _show(self, found: FacetCounts) -> None:
        options = self.query_one(OptionList)
        before = self._rows[options.highlighted] if options.highlighted is not None and self._rows else None
        chosen = chosen_in(self.condition)
        self._rows, shown = [], []
        for facet, title in FACETS.items():
            counts = found.counts.get(facet, {})
            values = self._values_of(facet, counts, chosen)
            if values or facet in found.missing:
                self._rows.append(None)
                shown.append(Option(_heading(title, len(counts)), disabled=True))
            if facet in found.missing:
                self._rows.append(None)
                shown.append(Option(_why_not(found.missing[facet]), id=f"missing-{facet}", disabled=True))
            for value in values:
                self._rows.append((facet, value))
                shown.append(Option(_row(facet, value, counts.get(value, 0), found.examples, chosen)))
        options.clear_options()
        options.add_options(shown)
        if shown:
            options.highlighted = self._rows.index(before) if before and before in self._rows else 1
        words = figures.count(found.examples, "example")
        filtered = f" where {display_line(self.condition, limit=300)}" if self.condition else ""
        self._say(Content.assemble((words, "bold"), (filtered, "$text-muted")))

    def _tell_of_languages(self, event: Progressed) -> None:
        """Says how far they are, in their place once the others are shown."""
        share = f"{event.done / event.total:.0%}" if event.total else ""
        words = f"counting languages … {share}; leaving keeps what is done"
        if self._rows:
            with suppress(OptionDoesNotExist):  # another condition is counted by now, and shows its own
                self.query_one(OptionList).replace_option_prompt("missing-language", _why_not(words))
        else:
            self._say(Content(words))

    def _values_of(
        self, facet: str, counts: Mapping[str, int], chosen: Mapping[tuple[str, str], bool]
    ) -> Sequence[str]:
        """The values in the order in which they were first seen: rows stay where they are, also with none to count."""
        known = self._known.setdefault(facet, {})
        known.update(dict.fromkeys(list(counts)[:MOST_VALUES]))
        folded = {value.casefold() for value in known}
        known.update({value: None for one, value in chosen if one == facet and value not in folded})
        return list(known)

    def _say(self, words: Content) -> None:
        self.query_one("#facet-state", Static).update(words)


def _heading(title: str, values: int) -> Content:
    more = f"   the {MOST_VALUES} most frequent of {values:,}" if values > MOST_VALUES else ""
    return Content.assemble((title, "bold $primary"), (more, "$text-muted"))


def _why_not(words: str) -> Content:
    return Content.assemble("   ", (words, "$text-muted"))


def _row(facet: str, value: str, count: int, examples: int, chosen: Mapping[tuple[str, str], bool]) -> Content:
    is_wanted = chosen.get((facet, value.casefold()))
    mark = ("  ", "") if is_wanted is None else ("● ", "$success") if is_wanted else ("✗ ", "$error")
    told = {"true": "yes", "false": "no"}.get(value, value) if facet == "edited" else value
    name = display_line(told or "none", limit=200)
    share = f"{100 * count / examples:5.1f} %" if examples else ""
    return Content.assemble(
        " ",
        mark,
        (fit(name, _VALUE_CELLS), "" if is_wanted is None else "bold"),
        " ",
        (fit(bar(count, examples, _BAR_CELLS), _BAR_CELLS), "$primary"),
        f"{count:>10,}",
        (f" {share}", "$text-muted"),
    )
