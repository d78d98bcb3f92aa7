"""The list of examples: what is listed and in which order, the example under the cursor, and where it comes from."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from webtune_tui.domain.errors import ExtraMissing, UsageError
from webtune_tui.domain.examples import Split
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.example_listing import ExampleListing, Found
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.dataset.reading import Reading
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation.dataset_summary import listing_words
from webtune_tui.tui.widgets.example_table import ExampleTable

_FILTER_SECONDS = 0.15
_CLEARS = Content.from_markup("[@click=screen.back]esc clears[/]")
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


class Listing(DatasetPart):
    """Which examples stand in the table."""

    def __init__(self, screen: DatasetFrame, reading: Reading) -> None:
        super().__init__(screen)
        self._reading = reading
        self.view = View()
        self._found = Found(0, is_complete=True)
        self._listing: ExampleListing | None = None
        self._is_refused = False  # the filter asks for what this machine can't tell: the rows are not those of it
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

    async def open_version(self) -> None:
        """Shows the working version, or what is missing to have one."""
        screen = self._screen
        before = screen.version
        await screen.read_version()
        if screen.version is None:
            await screen.show_nothing()
            return
        if screen.view == "empty":
            screen.show_view("examples")
        if before is None or before.content_hash != screen.version.content_hash:
            self.show(keep_place=before is not None)

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
        self._reading.needle = view.text or self._reading.needle
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
        self._reading.load()

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
        try:
            await self._find(listing)
        except ExtraMissing as error:  # said without a dialogue, which would take the keys that are being typed
            if listing is self._listing:
                self._is_refused = True
                self.show_count()
                self._screen.say(f"{error.hint}  ·  {error.message}", "-care")
            return
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
        self._listing, self._is_refused = listing, False
        return listing

    async def _find(self, listing: ExampleListing) -> None:
        async with aclosing(listing.find()) as told:
            async for found in told:
                if listing is not self._listing:
                    return
                self._found = found
                self._screen.table.grow(found.count)
                self.show_count()

    @heard(ExampleTable.Loaded)
    def _loaded(self, event: ExampleTable.Loaded) -> None:
        """So many examples fit, as far as they are found."""
        self._found = replace(self._found, count=event.total)
        self.show_count()
        if not event.total:
            self._screen.detail.clear_example()

    @heard(ExampleTable.Failed)
    def _failed(self, event: ExampleTable.Failed) -> None:
        if not isinstance(event.error, ExtraMissing):  # the search says it
            error_display.show(self._screen.webtune, event.error)

    @heard(ExampleTable.Marked)
    def show_count(self) -> None:
        """Says how many are listed and marked."""
        screen, view = self._screen, self.view
        if self._is_refused:
            screen.table.empty_words = "The filter can't be used here. esc takes it away"
            screen.query_one("#table-panel").border_subtitle = Content.assemble(_CLEARS, "  not filtered: see below")
            return
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
        if view.is_filtered:  # before the words, which may be cut: without it a mouse finds no way back
            words = Content.assemble(_CLEARS, "  ", words)
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
            self._reading.needle = text or self._reading.needle
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

    @heard(ExampleTable.SortWanted)
    def _sort_wanted(self, event: ExampleTable.SortWanted) -> None:
        self.sort_by(event.sort)

    def sort_by(self, sort: str) -> None:
        """Sorts by a column; by the same again: the other way round."""
        is_descending = not self.view.is_descending if sort == self.view.sort else sort == "tokens"
        self.look(replace(self.view, sort=sort, is_descending=is_descending))

    def step_back(self) -> bool:
        """Closes what is open over the plain list, the innermost first; whether anything was."""
        screen, view = self._screen, self.view
        if screen.view not in ("examples", "empty"):
            return False
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
        screen, needle = self._screen, self._reading.needle
        if self.view.text:
            screen.table.cursor += direction
            return
        row = screen.table.current
        if not needle or row is None:
            screen.say("Look for a text with / first")
            return
        found = await screen.services.curate.next_with(needle, row.number, is_backwards=direction < 0)
        if found is None:
            screen.say(f"No other example {'before' if direction < 0 else 'after'} this one says “{needle}”")
        elif self.view == View():
            await self._put_cursor(found)
        else:
            await self.reveal(found)

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
        self._reading.open()

    async def _put_cursor(self, example_id: str) -> None:
        place = await self._screen.services.origins.place_of_example(example_id)
        if place is not None:
            self._screen.table.cursor = place
