"""The tools around the table of examples: go to a row, sort, columns, facets, saved views; and what is kept of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import FacetCounts, has_part, with_part, without_part
from webtune_tui.domain.example_fields import condition_on_examples
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.table_views import SavedView
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing, View
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.presentation.example_columns import TableLayout

TOOL_LINKS = Content.from_markup(
    "Examples   {} ".format(
        " [$text-muted]·[/] ".join(
            f"[@click=screen.{action}]{key} {word}[/]"
            for key, word, action in (
                (":", "row", "go_to_row"),
                ("O", "sort", "sort_table"),
                ("L", "columns", "columns"),
                ("F", "facets", "facets"),
                ("V", "views", "saved_views"),
            )
        )
    )
)
"""The title of the table, with the tools to click on."""


class TableTools(DatasetPart):
    """The keys of these tools. The dialogues load when they are first needed."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "go_to_row", "Go to row", key_display=":", show=False, tooltip="Go to a row: 500, or 50%"),
        Binding("O", "sort_table", "Sort", show=False, tooltip="Sort by a column (or click its title)"),
        Binding("L", "columns", "Columns", show=False, tooltip="Which columns, in which order, how wide"),
        Binding("F", "facets", "Facets", show=False, tooltip="Count by split, source, language, flag, edits"),
        Binding("V", "saved_views", "Views", show=False, tooltip="Views kept by name: filter, order and columns"),
    ]

    def __init__(self, screen: DatasetFrame, listing: Listing) -> None:
        super().__init__(screen)
        self._listing = listing

    async def services_ready(self) -> None:
        """Takes the columns up that were kept."""
        screen = self._screen
        screen.table.layout_wanted = TableLayout.from_plain(await screen.services.table_views.columns())

    # Row and order

    def action_go_to_row(self) -> None:
        """Asks for a row and goes to it."""
        self._screen.launch(self._go_to_row, "table-tools")

    async def _go_to_row(self) -> None:
        from webtune_tui.tui.modals.ask_row import AskRow

        found = self._listing.found
        if not found.count:
            self._screen.say("No example is listed")
            return
        row = await self._screen.app.push_screen_wait(AskRow(found.count, is_complete=found.is_complete))
        if row is not None:
            self._listing.go_to(row)

    def action_sort_table(self) -> None:
        """Asks by which column to sort; the present one turns the order round."""
        self._screen.launch(self._sort_table, "table-tools")

    async def _sort_table(self) -> None:
        from webtune_tui.tui.modals.pick_sort import PickSort

        view = self._listing.view
        sort = await self._screen.app.push_screen_wait(PickSort(view.sort, is_descending=view.is_descending))
        if sort is not None:
            self._listing.sort_by(sort)

    # Columns

    def action_columns(self) -> None:
        """Lets the person choose the columns, and keeps them."""
        self._screen.launch(self._columns, "table-tools")

    async def _columns(self) -> None:
        from webtune_tui.tui.modals.pick_columns import PickColumns

        screen = self._screen
        before = screen.table.layout_wanted
        await screen.app.push_screen_wait(PickColumns(before, show=self._draw_columns, width_of=screen.table.width_of))
        if screen.table.layout_wanted != before:
            await self._keep_columns()

    def _draw_columns(self, columns: TableLayout) -> None:
        self._screen.table.layout_wanted = columns

    async def _keep_columns(self) -> None:
        await self._screen.services.table_views.keep_columns(self._screen.table.layout_wanted.to_plain())
        if self._screen.is_read_only:
            self._screen.say("These columns are not kept: the workspace is read-only", "-care")

    # Facets

    def action_facets(self) -> None:
        """Counts what is listed by kind; what is chosen there joins the filter."""
        self._screen.launch(self._facets, "table-tools")

    async def _facets(self) -> None:
        from webtune_tui.tui.modals.facet_list import FacetList

        view = self._listing.view
        try:
            condition_on_examples(view.where or "index > 0")
        except UsageError as error:
            self._screen.say(f"{error.message}  ·  f goes back to it", "-care")
            return
        condition = with_part(view.where, _of_split(view)) if view.split else view.where
        counting = partial(self._counting, text=view.text)
        await self._screen.app.push_screen_wait(FacetList(condition, count=counting, use=self._use_condition))

    def _counting(self, condition: str, *, text: str) -> AsyncGenerator[Progressed | FacetCounts, None]:
        return self._screen.services.curate.facets(where=condition, text=text)

    def _use_condition(self, condition: str) -> None:
        """Lists what fulfils a condition; a split that was chosen by its key stays one."""
        view = self._listing.view
        if view.split and has_part(condition, _of_split(view)):
            self._listing.open(replace(view, where=without_part(condition, _of_split(view))))
        else:
            self._listing.open(replace(view, where=condition, split=""))

    # Views

    def action_saved_views(self) -> None:
        """Lists the views that are kept by name, and opens one."""
        self._screen.launch(self._saved_views, "table-tools")

    async def _saved_views(self) -> None:
        from webtune_tui.tui.modals.saved_views import SavedViews

        screen, view = self._screen, self._listing.view
        present = SavedView(
            "",
            view.text,
            view.where,
            view.split,
            view.sort,
            view.is_descending,
            screen.table.layout_wanted.to_plain(),
        )
        chosen = await screen.app.push_screen_wait(
            SavedViews(screen.services.table_views, present, refuses=screen.refuses_editing)
        )
        if chosen is None:
            return
        columns = TableLayout.from_plain(chosen.columns) if chosen.columns else screen.table.layout_wanted
        is_other = columns != screen.table.layout_wanted
        screen.table.layout_wanted = columns
        self._listing.open(View(chosen.text, chosen.where, chosen.split, chosen.sort, chosen.is_descending))
        screen.say(f"View “{display_line(chosen.name, limit=60)}”: esc goes back to all examples")
        if is_other and not screen.is_read_only:
            await self._keep_columns()


def _of_split(view: View) -> str:
    return f"split = {view.split}"
