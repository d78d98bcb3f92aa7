"""The example under the cursor: read in its pane, as JSON, and back to the record behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.errors import NotFound, WebtuneError
from webtune_tui.domain.example_checks import ExampleCheck, Remark
from webtune_tui.domain.examples import Example
from webtune_tui.domain.origins import DeletedRecord
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation.example_detail import ExampleView
from webtune_tui.tui.widgets.row_view import RowView

_DETAIL_SECONDS = 0.03
_PAUSE = 0.3  # seconds: a cursor that goes on asks for nothing, and a screen that opens shows its rows first
_QUICK = 50_000  # characters that are wrapped once more in a few milliseconds


class Reading(DatasetPart):
    """Shows the example; what takes longer to know comes after it."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "origin", "Origin", show=False, tooltip="The record behind the example: fields, bytes, page"),
        Binding("R", "json", "JSON", show=False, tooltip="The example as the JSON that is exported, and back"),
    ]

    def __init__(self, screen: DatasetFrame) -> None:
        super().__init__(screen)
        self.needle = ""
        """The text that was looked for last; it is shown where the example says it."""

    @heard(RowView.Moved, "#table")
    def _row_moved(self) -> None:
        """Another example is under the cursor."""
        if self._screen.has_side or self._screen.has_class("-side-open"):
            self.load()

    @heard(RowView.Chosen, "#table")
    def open(self) -> None:
        """The keys go into the example under the cursor."""
        self._screen.add_class("-side-open")
        self.load()
        self._screen.detail.focus()

    def action_json(self) -> None:
        """Shows the example as JSON, or its words again."""
        if self._screen.table.current is not None:
            self._screen.detail.turn_to_json()
            if not self._screen.has_side:
                self.open()

    def load(self) -> None:
        """Shows the example under the cursor."""
        self._screen.launch(self._load, "detail")

    async def _load(self) -> None:
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
        needle = self.needle
        view = ExampleView(example, row.number or number, origins, deleted)
        screen.detail.show_example(view, needle=needle)
        await self._show_more(view, needle)

    async def _deleted_records(self, example: Example, origins: Sequence[RecordOrigin]) -> Sequence[DeletedRecord]:
        """What is remembered of the example's records that are no longer here."""
        here = {one.record_id for one in origins}
        missing = [one for one in example.record_ids if one not in here]
        found = await self._screen.services.origins.of_records(missing) if missing else ()
        return [one for one in found if isinstance(one, DeletedRecord)]

    async def _show_more(self, view: ExampleView, needle: str) -> None:
        """Shows what was dropped for an example and its edits, then its tokens by message and what is odd in it."""
        await asyncio.sleep(_PAUSE)
        screen, services, example = self._screen, self._screen.services, view.example
        copies = await services.clusters.size(example.example_id)
        view = replace(view, history=await services.examples.history(example.example_id), copies=copies)
        if sum(len(one.content) for one in example.messages) < _QUICK:
            screen.detail.show_example(view, needle=needle)
        try:
            check = await services.examples.check(example.messages, await services.examples.limits())
        except WebtuneError as error:  # a recipe that can't be read, a tokenizer that is not installed
            check = ExampleCheck((), example.tokens, "", (Remark(error.code, f"not checked: {error.message}"),))
        if check is not None:
            screen.detail.show_example(replace(view, check=check), needle=needle)

    # Where it comes from

    def action_origin(self) -> None:
        """Shows the record behind the example, or the list where there are several."""
        self._screen.launch(self._show_origin, "origin")

    async def _show_origin(self) -> None:
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
