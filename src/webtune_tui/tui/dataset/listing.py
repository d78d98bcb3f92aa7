"""The list of examples: what is listed, the example under the cursor, and where it comes from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.examples import Example, Split
from webtune_tui.domain.origins import DeletedRecord
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.example_listing import ExamplePage
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.presentation.dataset_summary import listing_words
from webtune_tui.tui.widgets.example_table import PageSource

_FILTER_SECONDS = 0.15
_DETAIL_SECONDS = 0.03
_SPLITS = ("", *(split.value for split in Split))


class Listing:
    """Which examples stand in the table: a filter by text, one split or all."""

    def __init__(self, screen: DatasetFrame) -> None:
        self._screen = screen
        self.text = ""
        self._split = ""
        self._total = 0
        self._pause: Timer | None = None

    # What is listed

    def show(self, *, keep_place: bool) -> None:
        """Lists what fits."""
        self._screen.table.show(self._source(), needle=self.text, keep_place=keep_place)

    async def reload(self) -> None:
        """Lists anew after an edit; returns when the rows in sight are there."""
        await self._screen.table.reload(self._source(), needle=self.text)
        self.load_detail()

    def _source(self) -> PageSource:
        text, split, curate = self.text, self._split, self._screen.services.curate

        async def page(offset: int, limit: int) -> ExamplePage:
            return await curate.page(text=text, split=split, offset=offset, limit=limit)

        return page

    def loaded(self, total: int) -> None:
        """So many examples fit."""
        self._total = total
        self.show_count()
        if not total:
            self._screen.detail.clear_example()

    def show_count(self) -> None:
        """Says how many are listed and marked."""
        screen = self._screen
        every = screen.version.examples if screen.version else self._total
        words = listing_words(self._total, every, self.text, self._split, len(screen.table.marks))
        screen.query_one("#table-panel").border_subtitle = words

    # Filter

    def open_filter(self) -> None:
        """Opens the filter."""
        screen = self._screen
        if screen.version is None or screen.is_editing:
            return
        screen.show_view("examples")
        screen.remove_class("-side-open")
        screen.add_class("-filtering")
        self._field.focus()

    def filter_typed(self) -> None:
        """Uses the filter as soon as the person pauses."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self._screen.set_timer(_FILTER_SECONDS, self.use_filter)

    def use_filter(self) -> None:
        """Lists what the filter says."""
        text = self._field.value
        self._screen.set_class(bool(text) or self._field.has_focus, "-filtering")
        if text != self.text:
            self.text = text
            looking = f"looking for “{display_line(text, limit=24)}” …" if text else "…"
            self._screen.query_one("#table-panel").border_subtitle = Content(looking)
            self.show(keep_place=False)

    def clear_filter(self) -> None:
        """Takes the filter away, after an example that stands in the place of the table."""
        screen = self._screen
        if screen.is_side_alone:
            screen.remove_class("-side-open")
            screen.table.focus()
            return
        self._field.value = ""
        screen.table.focus()
        self.use_filter()
        screen.remove_class("-filtering")

    def next_split(self) -> None:
        """Lists the next split alone, after the last one all."""
        if self._screen.version is not None and self._screen.view == "examples":
            self._split = _SPLITS[(_SPLITS.index(self._split) + 1) % len(_SPLITS)]
            self.show(keep_place=False)

    def show_where(self, condition: str) -> None:
        """Lists the examples that fulfil a condition."""
        split = next((one for one in _SPLITS if one and condition == f'split = "{one}"'), "")
        if not split:
            self._screen.say(f"The rows: {condition}")
            return
        self._screen.show_view("examples")
        self._split = split
        self.show(keep_place=False)

    def step_back(self) -> bool:
        """Closes what is open over the plain list, the innermost first; whether anything was."""
        screen = self._screen
        if self._field.has_focus or self.text:
            self.clear_filter()
        elif screen.has_class("-side-open") or screen.detail.has_focus:
            screen.remove_class("-side-open")
            screen.table.focus()
        elif screen.table.marks:
            screen.table.clear_marks()
        elif self._split:
            self._split = ""
            self.show(keep_place=False)
        else:
            return False
        return True

    @property
    def _field(self) -> Input:
        return self._screen.query_one("#filter", Input)

    # The example beside the table

    def row_moved(self) -> None:
        """Another example is under the cursor."""
        if self._screen.has_side or self._screen.has_class("-side-open"):
            self.load_detail()

    def open_row(self) -> None:
        """The keys go into the example under the cursor."""
        self._screen.add_class("-side-open")
        self.load_detail()
        self._screen.detail.focus()

    def load_detail(self) -> None:
        """Shows the example under the cursor."""
        self._screen.launch(self._load_detail, "detail")

    async def _load_detail(self) -> None:
        await asyncio.sleep(_DETAIL_SECONDS)  # a held arrow key passes many rows
        screen = self._screen
        row, number = screen.table.current, screen.table.cursor + 1
        if row is None or not screen.are_services_open:
            return
        try:
            example = await screen.services.curate.example(row.example_id)
        except NotFound:
            return  # dropped in the meantime; the table is about to say so
        origins = await screen.services.curate.lineage(row.example_id)
        deleted = await self._deleted_records(example, origins)
        screen.detail.show_example(example, origins, number=number, needle=self.text, deleted=deleted)

    async def _deleted_records(self, example: Example, origins: Sequence[RecordOrigin]) -> Sequence[DeletedRecord]:
        """What is remembered of the example's records that are no longer here."""
        here = {one.record_id for one in origins}
        missing = [one for one in example.record_ids if one not in here]
        found = await self._screen.services.origins.of_records(missing) if missing else ()
        return [one for one in found if isinstance(one, DeletedRecord)]

    # Where it comes from

    async def show_origin(self) -> None:
        """Shows the record behind the example, or the list where there are several."""
        from webtune_tui.tui.modals.lineage import Lineage  # dialogues load when they are first needed
        from webtune_tui.tui.modals.record import RecordDetail

        screen = self._screen
        row = screen.table.current
        if row is None or screen.view != "examples":
            return
        example = await screen.services.curate.example(row.example_id)
        origins = await screen.services.origins.of_records(example.record_ids)
        if len(origins) == 1 and not isinstance(origins[0], DeletedRecord):
            await screen.app.push_screen(RecordDetail(origins[0].record))
        else:
            await screen.app.push_screen(Lineage(example.example_id, origins))

    async def reveal(self, example_id: str) -> None:
        """Puts the cursor on an example of the working version, whatever was filtered before."""
        screen = self._screen
        place = await screen.services.origins.place_of_example(example_id)
        if place is None:
            screen.say(f"{display_line(example_id, limit=40)} is not in the working version", "-care")
            return
        self.text, self._split = "", ""
        self._field.value = ""
        screen.remove_class("-filtering")
        screen.show_view("examples")
        await screen.table.reload(self._source())
        screen.table.cursor = place
        self.open_row()
