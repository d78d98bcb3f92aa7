"""The list of examples: what is listed and in which order, the example under the cursor, and where it comes from."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.examples import Example, Split
from webtune_tui.domain.origins import DeletedRecord
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.example_listing import ExampleListing, Found
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.reading import show_more
from webtune_tui.tui.presentation.dataset_summary import listing_words
from webtune_tui.tui.presentation.example_detail import ExampleView

_FILTER_SECONDS = 0.15
_DETAIL_SECONDS = 0.03
_SPLITS = ("", *(split.value for split in Split))


@dataclass(frozen=True, slots=True)
class View:
    """What is listed: a text in any message, a typed condition, one split or all, and the order."""

    text: str = ""
    where: str = ""
    split: str = ""
    sort: str = "index"
    is_descending: bool = False

    @property
    def condition(self) -> str:
        """Condition and split as one."""
        if not self.split:
            return self.where
        return f"({self.where}) and split = {self.split}" if self.where.strip() else f"split = {self.split}"

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.text or self.where.strip() or self.split)


class Listing:
    """Which examples stand in the table."""

    def __init__(self, screen: DatasetFrame) -> None:
        self._screen = screen
        self.view = View()
        self._needle = ""
        self._found = Found(0, is_complete=True)
        self._listing: ExampleListing | None = None
        self._pause: Timer | None = None

    @property
    def text(self) -> str:
        """The text that is looked for."""
        return self.view.text

    @property
    def found(self) -> Found:
        """How many examples are listed, as far as they are found."""
        return self._found

    @property
    def listing(self) -> ExampleListing | None:
        """What is in the table."""
        return self._listing

    # What is listed

    def show(self, *, keep_place: bool) -> None:
        """Lists what fits."""
        self._screen.launch(partial(self._show, keep_place=keep_place), "listing")

    def show_where(self, condition: str) -> None:
        """Lists the examples that fulfil a condition, in the table."""
        self.open(View(where=condition, sort=self.view.sort, is_descending=self.view.is_descending))

    def open(self, view: View) -> None:
        """Lists another view from its beginning, whatever was typed in the filters."""
        self._screen.show_view("examples")
        self._field("filter").value, self._field("where").value = view.text, view.where
        self.look(view)

    def look(self, view: View) -> None:
        """Lists another view from its beginning."""
        self._change(view)
        self._needle = view.text or self._needle
        self._screen.table.sorted_by = (view.sort, view.is_descending)
        self._show_fields()
        self.show(keep_place=False)

    def _change(self, view: View) -> None:
        """Takes another view. Marks are of examples and stay; "all that are listed" would be others now."""
        table = self._screen.table
        if (view.text, view.condition) != (self.view.text, self.view.condition):
            table.are_all_marked = False
        self.view = view

    async def reload(self) -> None:
        """Lists anew after an edit; returns when the rows in sight are there."""
        listing = await self._opened(self.view)
        self._screen.launch(partial(self._find, listing), "listing")
        await self._screen.table.reload(listing.page, needle=self.view.text)
        self.load_detail()

    async def _show(self, *, keep_place: bool) -> None:
        try:
            listing = await self._opened(self.view)
        except UsageError as error:
            self._screen.say(f"{error.message}", "-care")
            return
        if self.view.is_filtered:
            self._screen.query_one("#table-panel").border_subtitle = Content("looking …")
        table = self._screen.table
        row, place = table.current, table.cursor
        table.show(listing.page, needle=self.view.text, keep_place=keep_place)
        await self._find(listing)
        if keep_place and row is not None:
            await self._find_again(listing, row.example_id, place)

    async def _find_again(self, listing: ExampleListing, example_id: str, before: int) -> None:
        """After another version came: the cursor on the example where it was, marks on those that still exist."""
        table = self._screen.table
        await table.fetched()
        if table.marks:
            table.marks &= await self._screen.services.curate.present(tuple(table.marks))
        place = await listing.place_of(example_id)
        if place is not None and listing is self._listing and table.cursor == min(before, max(table.row_count - 1, 0)):
            table.cursor = place

    async def _opened(self, view: View) -> ExampleListing:
        listing = await self._screen.services.curate.listing(
            where=view.condition, text=view.text, sort=view.sort, is_descending=view.is_descending
        )
        if self._listing is not None:
            self._listing.stop()
        self._listing = listing
        return listing

    async def _find(self, listing: ExampleListing) -> None:
        async with aclosing(listing.find()) as told:
            async for found in told:
                if listing is not self._listing:
                    return
                self._found = found
                self._screen.table.grow(found.count)
                self.show_count()

    def loaded(self, total: int) -> None:
        """So many examples fit, as far as they are found."""
        self._found = replace(self._found, count=total)
        self.show_count()
        if not total:
            self._screen.detail.clear_example()

    def show_count(self) -> None:
        """Says how many are listed and marked."""
        screen, view = self._screen, self.view
        every = screen.version.examples if screen.version else self._found.count
        marked = self._found.count if screen.table.are_all_marked else len(screen.table.marks)
        looked = self._found.looked
        words = listing_words(
            self._found.count,
            every,
            view.text,
            view.split,
            marked,
            where=view.where,
            is_complete=self._found.is_complete or not view.is_filtered,
            looked=looked.done / looked.total if looked and looked.total else None,
        )
        is_searching = view.is_filtered and not self._found.is_complete
        screen.table.empty_words = (
            "" if is_searching or not view.is_filtered else "No example is like that. esc takes the filter away"
        )
        screen.query_one("#table-panel").border_subtitle = words

    # Filter

    def open_filter(self, which: str = "filter") -> None:
        """Opens the filter by text, or that by a condition (``where``)."""
        screen = self._screen
        if screen.version is None or screen.is_editing:
            return
        screen.show_view("examples")
        screen.remove_class("-side-open")
        self._show_fields(which)
        self._field(which).focus()

    def filter_typed(self) -> None:
        """Uses the filter as soon as the person pauses."""
        if self._pause is not None:
            self._pause.stop()
        self._pause = self._screen.set_timer(_FILTER_SECONDS, self.use_filter)

    def use_filter(self) -> None:
        """Lists what the filters say."""
        text, where = self._field("filter").value, self._field("where").value
        self._show_fields()
        if (text, where) != (self.view.text, self.view.where):
            self._change(replace(self.view, text=text, where=where))
            self._needle = text or self._needle
            self._screen.hint("examples")
            self.show(keep_place=False)

    def clear_filter(self) -> None:
        """Takes the filters away, after an example that stands in the place of the table."""
        screen = self._screen
        if screen.is_side_alone:
            screen.remove_class("-side-open")
            screen.table.focus()
            return
        self._field("filter").value = self._field("where").value = ""
        screen.table.focus()
        self.use_filter()
        self._show_fields()

    def next_split(self) -> None:
        """Lists the next split alone, after the last one all."""
        if self._screen.version is not None and self._screen.view == "examples":
            self.look(replace(self.view, split=_SPLITS[(_SPLITS.index(self.view.split) + 1) % len(_SPLITS)]))

    def sort_by(self, sort: str) -> None:
        """Sorts by a column; by the same again: the other way round."""
        is_descending = not self.view.is_descending if sort == self.view.sort else sort == "tokens"
        self.look(replace(self.view, sort=sort, is_descending=is_descending))

    def step_back(self) -> bool:
        """Closes what is open over the plain list, the innermost first; whether anything was."""
        screen, view = self._screen, self.view
        if self._is_in_filter or view.text or view.where:
            self.clear_filter()
        elif screen.has_class("-side-open") or screen.detail.has_focus:
            screen.remove_class("-side-open")
            screen.table.focus()
        elif screen.table.marks or screen.table.are_all_marked:
            screen.table.clear_marks()
        elif view.split or view.sort != "index" or view.is_descending:
            self.look(View())
        else:
            return False
        return True

    @property
    def _is_in_filter(self) -> bool:
        return self._field("filter").has_focus or self._field("where").has_focus

    def _field(self, which: str) -> Input:
        return self._screen.query_one(f"#{which}", Input)

    def _show_fields(self, opened: str = "") -> None:
        """Shows the filters that hold something or are being typed in."""
        for which in ("filter", "where"):
            field = self._field(which)
            is_shown = bool(field.value) or field.has_focus or which == opened
            self._screen.query_one(f"#{which}-row").set_class(is_shown, "-shown")

    # Places

    def go_to(self, number: int) -> None:
        """Puts the cursor on the row of that place in the list, from 1."""
        self._screen.table.cursor = number - 1
        self._screen.table.focus()

    async def next_hit(self, direction: int) -> None:
        """Goes to the next example with the text that was looked for last."""
        screen = self._screen
        if self.view.text:
            screen.table.cursor += direction
            return
        row = screen.table.current
        if not self._needle or row is None:
            screen.say("Look for a text with / first")
            return
        found = await screen.services.curate.next_with(self._needle, row.number, is_backwards=direction < 0)
        if found is None:
            screen.say(f"No other example {'before' if direction < 0 else 'after'} this one says “{self._needle}”")
        elif self.view == View():
            await self._put_cursor(found)
        else:
            await self.reveal(found)

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
        needle = self.view.text or self._needle
        view = ExampleView(example, row.number or number, origins, deleted)
        screen.detail.show_example(view, needle=needle)
        await show_more(screen, view, needle)

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
        if await screen.services.origins.place_of_example(example_id) is None:
            screen.say(f"{display_line(example_id, limit=40)} is not in the working version", "-care")
            return
        self.view = View()
        self._field("filter").value = self._field("where").value = ""
        screen.table.sorted_by = ("index", False)
        self._show_fields()
        screen.show_view("examples")
        await self.reload()
        await self._put_cursor(example_id)
        self.open_row()

    async def _put_cursor(self, example_id: str) -> None:
        place = await self._screen.services.origins.place_of_example(example_id)
        if place is not None:
            self._screen.table.cursor = place
