"""The shape of an example, changed on the screen: roles, weights, parting, joining, copying, and its split."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.services.curate import EditResult
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import DatasetPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation.reshaping import Reshape, reshapes
from webtune_tui.tui.widgets.example_editor import ExampleEditor


class Reshaping(DatasetPart):
    """Asks what to do with one example and does it as a step of the recipe."""

    ONLY_IN_TABLE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "reshape", "Change", show=False, tooltip="Role, weight, split in two, merge, duplicate, move"),
    ]
    EDITING = frozenset({"reshape"})

    def __init__(self, screen: DatasetFrame, editing: Editing) -> None:
        super().__init__(screen)
        self._editing = editing

    def action_reshape(self) -> None:
        """Offers what can be done to the shape of the example under the cursor."""
        row = self._screen.table.current
        if row is not None and not self._screen.refuses_editing():
            self._screen.launch(partial(self._open, row.example_id, None), "reshape")

    @heard(ExampleEditor.ReshapeWanted)
    def _reshape_edited(self, event: ExampleEditor.ReshapeWanted) -> None:
        """Offers what fits the edited example; what is about the message that is typed in comes first."""
        self._screen.launch(partial(self._open, event.example_id, event.place), "reshape")

    async def _open(self, example_id: str, place: int | None) -> None:
        from webtune_tui.tui.modals.reshape_menu import ReshapeMenu  # dialogues load when they are first needed

        screen = self._screen
        example = await screen.services.curate.example(example_id)
        next_id = self._next_id(example_id)
        choices = reshapes(example, has_next=next_id is not None, place=place)
        saves_first = screen.is_editing and bool(screen.editor.changes)
        chosen = await screen.webtune.push_screen_wait(ReshapeMenu(choices, saves_first=saves_first))
        if chosen is not None:
            ids = (example_id, next_id) if chosen.takes_next and next_id is not None else (example_id,)
            self._editing.reshape(example_id, partial(self._apply, chosen, ids))

    def _next_id(self, example_id: str) -> str | None:
        """The other one of two marked rows, else the row below."""
        table = self._screen.table
        marked = [one for one in table.marks if one != example_id]
        if len(marked) == 1 and example_id in table.marks:
            return marked[0]
        place = table.find(example_id)
        below = table.example_row(place + 1) if place is not None else None
        return below.example_id if below is not None else None

    async def _apply(self, chosen: Reshape, ids: tuple[str, ...]) -> EditResult:
        operation = operation_of(chosen.operation, **chosen.options)
        return await self._screen.services.editing.apply(operation, Selection.of(*ids))
