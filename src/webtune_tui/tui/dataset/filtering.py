"""What is listed, by key: words, a condition, one split; and the way to the next example that says the words."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from webtune_tui.domain.example_facets import FacetCounts
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.widgets.condition_input import ConditionInput

_MOST_OFFERED = 200
_LONGEST_OFFERED = 60  # characters
_ANYWHERE = frozenset({"where", "hit"})


class Filtering(DatasetPart):
    """Hands what is typed and pressed to the list."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", tooltip="Filter by text, live"),
        Binding("f", "where", "Where", show=False, tooltip="Filter by a condition: tokens > 800 and flag:edited"),
        Binding(
            "n", "hit(1)", "Next hit", show=False, tooltip="The next example with the text of / (N: the one before)"
        ),
        Binding("N", "hit(-1)", "Hit before", show=False, tooltip="The example before with the text of /"),
        Binding("s", "next_split", "Split", show=False, tooltip="Show one split: train, validation, test, all"),
    ]

    def __init__(self, screen: DatasetFrame, listing: Listing) -> None:
        super().__init__(screen)
        self._listing = listing
        self._offered_for = ""

    def offers(self, action: str) -> bool:
        """The condition from every view: it brings the table to the front."""
        return action in _ANYWHERE or super().offers(action)

    def action_filter(self) -> None:
        """Opens the filter."""
        self._listing.open_filter()

    def action_where(self) -> None:
        """Opens the filter by a condition."""
        self._listing.open_filter("where")
        self._offer_values()

    def action_hit(self, direction: int) -> None:
        """Goes to the next example with the text that was looked for last, or to the one before."""
        if self._screen.view == "examples":
            self._screen.launch(partial(self._listing.next_hit, direction), "hit")

    def action_next_split(self) -> None:
        """Lists the next split alone, after the last one all."""
        self._listing.next_split()

    @heard(Input.Changed, "#filter")
    @heard(Input.Changed, "#where")
    def _typed(self) -> None:
        self._listing.filter_typed()

    @heard(Input.Submitted, "#filter")
    @heard(Input.Submitted, "#where")
    def _done(self) -> None:
        self._listing.use_filter()
        self._screen.table.focus()

    def _offer_values(self) -> None:
        """Lets the line for conditions complete the sources and flags that there are."""
        version = self._screen.version
        if version is not None and self._offered_for != version.content_hash:
            self._offered_for = version.content_hash
            self._screen.launch(self._count_values, "offered-values")

    async def _count_values(self) -> None:
        async with aclosing(self._screen.services.curate.facets(with_languages=False)) as told:
            async for event in told:
                if isinstance(event, FacetCounts):
                    counts = event.counts
                    self._screen.query_one(ConditionInput).offer(
                        source=_short(counts.get("source", ())), flags=_short(counts.get("flag", ()))
                    )


def _short(values: object) -> list[str]:
    """The most frequent values, as far as they can stand in one line."""
    return [one for one in values if len(one) <= _LONGEST_OFFERED][:_MOST_OFFERED] if isinstance(values, dict) else []
