"""What is selected in the table: the marked examples, a range, all that is listed, or the row under the cursor."""

from __future__ import annotations

import re
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.selections import ALL, Selection
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing, View
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.presentation import figures

LONGEST_RANGE = 20_000
"""Rows of a range that are marked one by one; more are named by a condition."""
_PAGE = 100  # a page becomes examples on the loop
_ESCAPED = re.compile('[\\\\"“”„]')  # typographic quotes close a text in a condition as the plain one does


class Selecting(DatasetPart):
    """Tells the selection and marks ranges."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("M", "range", "Range", show=False, tooltip="Begin a range of marks here; M again ends it"),
    ]

    def __init__(self, screen: DatasetFrame, listing: Listing) -> None:
        super().__init__(screen)
        self._listing = listing
        self._begun: tuple[View, int, str] | None = None

    @property
    def selection(self) -> Selection:
        """What is selected now; all that is listed as the condition that lists it, however many they are."""
        table = self._screen.table
        if table.are_all_marked:
            return Selection(where=condition_of(self._listing.view))
        ids = table.chosen
        return Selection.of(*(sorted(ids, key=self._place_of) if len(ids) == 2 else ids))

    @property
    def count(self) -> int:
        """How many examples are selected, as far as they are found."""
        table = self._screen.table
        return table.row_count if table.are_all_marked else len(table.chosen)

    @property
    def told(self) -> str:
        """The selection in words; while all that fulfil a condition are still looked for, it says so."""
        words = self.selection.told(self.count)
        is_partial = self._screen.table.are_all_marked and not self._listing.found.is_complete
        return f"{words} (still looking: it may be more)" if is_partial and self._listing.view.is_filtered else words

    def _place_of(self, example_id: str) -> int:
        """Its place in the table, so that of two the upper one is the first."""
        place = self._screen.table.find(example_id)
        return self._screen.table.row_count if place is None else place

    # A range

    def action_range(self) -> None:
        """Begins a range at the cursor; where one is begun: marks it as far as the cursor."""
        screen, row = self._screen, self._screen.table.current
        if screen.view != "examples" or screen.is_editing or row is None:
            return
        if self._begun is None:
            self._begun = (self._listing.view, screen.table.cursor, row.example_id)
            screen.say("A range begins here: go to its end and press M again  ·  esc leaves it")
            return
        view, place, example_id = self._begun
        self._begun = None
        if view != self._listing.view:
            screen.say("The list is another one now: M begins a range anew", "-care")
            return
        found = screen.table.find(example_id)
        begun = place if found is None else found
        first, last = sorted((begun, screen.table.cursor))
        screen.launch(partial(self._mark, first, last), "range")

    def step_back(self) -> bool:
        """Forgets a range that is begun; whether one was."""
        if self._screen.view != "examples" or self._begun is None:
            return False
        self._begun = None
        self._screen.say("No range is begun any more")
        return True

    async def _mark(self, first: int, last: int) -> None:
        screen, listing = self._screen, self._listing.listing
        if listing is None:
            return
        if last - first >= LONGEST_RANGE:
            screen.say(f"A range of {last - first + 1:,} rows: name it by f, such as index >= 1, then press a", "-care")
            return
        ids: list[str] = []
        for offset in range(first, last + 1, _PAGE):
            page = await listing.page(offset, min(_PAGE, last + 1 - offset))
            ids += [example.example_id for example in page.examples]
        if listing is not self._listing.listing:
            return
        screen.table.are_all_marked = False
        screen.table.marks = screen.table.marks | frozenset(ids)
        screen.say(f"Marked {figures.count(len(ids), 'example')}  ·  B does something with all that are marked")


def condition_of(view: View) -> str:
    """The condition that lists the same examples as a view, the text that is looked for included."""
    parts = [view.condition] if view.condition.strip() else []
    if view.text:
        parts.append(f'text ~ "{_ESCAPED.sub(_with_backslash, view.text)}"')
    if len(parts) == 2:
        return f"({parts[0]}) and {parts[1]}"
    return parts[0] if parts else ALL


def _with_backslash(match: re.Match[str]) -> str:
    return f"\\{match[0]}"
