"""The tools around the table of examples: go to a row, sort, columns, facets, saved views; and what is kept of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import FacetCounts, has_part, with_part, without_part
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.table_views import SavedView
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing, View
from webtune_tui.tui.presentation.example_columns import TableLayout
from webtune_tui.tui.widgets.condition_input import ConditionInput

_ACTIONS = frozenset({"go_to_row", "sort_table", "columns", "facets", "saved_views"})
_MOST_OFFERED = 200
_LONGEST_OFFERED = 60  # characters


class TableTools(DatasetFrame):
    """The keys of these tools. The dialogues load when they are first needed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "go_to_row", "Go to row", key_display=":", show=False, tooltip="Go to a row: 500, or 50%"),
        Binding("O", "sort_table", "Sort", show=False, tooltip="Sort by a column (or click its title)"),
        Binding("L", "columns", "Columns", show=False, tooltip="Which columns, in which order, how wide"),
        Binding("F", "facets", "Facets", show=False, tooltip="Count by split, source, language, flag, edits"),
        Binding("V", "saved_views", "Views", show=False, tooltip="Views kept by name: filter, order and columns"),
    ]

    _listing: Listing
    _offered_for = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offers the tools where the table is in front."""
        if action in _ACTIONS and (self.is_editing or not self.are_views_there or self.view != "examples"):
            return False
        return super().check_action(action, parameters)

    async def services_ready(self) -> None:
        """Takes the columns up that were kept."""
        await super().services_ready()
        self.table.layout_wanted = TableLayout.from_plain(await self.services.table_views.columns())

    def tool_links(self) -> Content:
        """The title of the table, with the tools to click on."""
        links = " [$text-muted]·[/] ".join(
            f"[@click=screen.{action}]{key} {word}[/]"
            for key, word, action in (
                (":", "row", "go_to_row"),
                ("O", "sort", "sort_table"),
                ("L", "columns", "columns"),
                ("F", "facets", "facets"),
                ("V", "views", "saved_views"),
            )
        )
        return Content.from_markup(f"Examples   {links} ")

    # Row and order

    @work(group="table-tools", exclusive=True, exit_on_error=False)
    async def action_go_to_row(self) -> None:
        """Asks for a row and goes to it."""
        from webtune_tui.tui.modals.ask_row import AskRow

        found = self._listing.found
        if not found.count:
            self.say("No example is listed")
            return
        row = await self.app.push_screen_wait(AskRow(found.count, is_complete=found.is_complete))
        if row is not None:
            self._listing.go_to(row)

    @work(group="table-tools", exclusive=True, exit_on_error=False)
    async def action_sort_table(self) -> None:
        """Asks by which column to sort; the present one turns the order round."""
        from webtune_tui.tui.modals.pick_sort import PickSort

        view = self._listing.view
        sort = await self.app.push_screen_wait(PickSort(view.sort, is_descending=view.is_descending))
        if sort is not None:
            self._listing.sort_by(sort)

    # Columns

    @work(group="table-tools", exclusive=True, exit_on_error=False)
    async def action_columns(self) -> None:
        """Lets the person choose the columns, and keeps them."""
        from webtune_tui.tui.modals.pick_columns import PickColumns

        before = self.table.layout_wanted
        await self.app.push_screen_wait(PickColumns(before, show=self._draw_columns, width_of=self.table.width_of))
        if self.table.layout_wanted != before:
            await self._keep_columns()

    def _draw_columns(self, columns: TableLayout) -> None:
        self.table.layout_wanted = columns

    async def _keep_columns(self) -> None:
        await self.services.table_views.keep_columns(self.table.layout_wanted.to_plain())
        if self.is_read_only:
            self.say("These columns are not kept: the workspace is read-only", "-care")

    # Facets

    @work(group="table-tools", exclusive=True, exit_on_error=False)
    async def action_facets(self) -> None:
        """Counts what is listed by kind; what is chosen there joins the filter."""
        from webtune_tui.tui.modals.facet_list import FacetList

        view = self._listing.view
        condition = with_part(view.where, _of_split(view)) if view.split else view.where
        counting = partial(self._counting, text=view.text)
        await self.app.push_screen_wait(FacetList(condition, count=counting, use=self._use_condition))

    def _counting(self, condition: str, *, text: str) -> AsyncGenerator[Progressed | FacetCounts, None]:
        return self.services.curate.facets(where=condition, text=text)

    def _use_condition(self, condition: str) -> None:
        """Lists what fulfils a condition; a split that was chosen by its key stays one."""
        view = self._listing.view
        if view.split and has_part(condition, _of_split(view)):
            self._listing.open(replace(view, where=without_part(condition, _of_split(view))))
        else:
            self._listing.open(replace(view, where=condition, split=""))

    def offer_values(self) -> None:
        """Lets the line for conditions complete the sources and flags that there are."""
        if self.version is not None and self._offered_for != self.version.content_hash:
            self._offered_for = self.version.content_hash
            self.launch(self._offer_values, "offered-values")

    async def _offer_values(self) -> None:
        async with aclosing(self.services.curate.facets(with_languages=False)) as told:
            async for event in told:
                if isinstance(event, FacetCounts):
                    self.query_one(ConditionInput).offer(
                        source=_short(event.counts.get("source", ())), flags=_short(event.counts.get("flag", ()))
                    )

    # Views

    @work(group="table-tools", exclusive=True, exit_on_error=False)
    async def action_saved_views(self) -> None:
        """Lists the views that are kept by name, and opens one."""
        from webtune_tui.tui.modals.saved_views import SavedViews

        view = self._listing.view
        present = SavedView(
            "", view.text, view.where, view.split, view.sort, view.is_descending, self.table.layout_wanted.to_plain()
        )
        chosen = await self.app.push_screen_wait(
            SavedViews(self.services.table_views, present, refuses=self.refuses_editing)
        )
        if chosen is None:
            return
        columns = TableLayout.from_plain(chosen.columns) if chosen.columns else self.table.layout_wanted
        is_other = columns != self.table.layout_wanted
        self.table.layout_wanted = columns
        self._listing.open(View(chosen.text, chosen.where, chosen.split, chosen.sort, chosen.is_descending))
        self.say(f"View “{display_line(chosen.name, limit=60)}”: esc goes back to all examples")
        if is_other and not self.is_read_only:
            await self._keep_columns()


def _of_split(view: View) -> str:
    return f"split = {view.split}"


def _short(values: object) -> list[str]:
    """The most frequent values, as far as they can stand in one line."""
    return [one for one in values if len(one) <= _LONGEST_OFFERED][:_MOST_OFFERED] if isinstance(values, dict) else []
