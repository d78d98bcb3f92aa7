"""Edits taken back and applied again, and the view that shows them made anew."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.part import DatasetPart


class Undoing(DatasetPart):
    """Works in the table and in each view that shows edits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("z", "undo", "Undo", tooltip="Take the last edit back"),
        Binding("Z", "redo", "Redo", show=False, tooltip="Apply the undone edit again"),
    ]
    EDITING = frozenset({"undo", "redo"})

    def __init__(self, screen: DatasetFrame, editing: Editing) -> None:
        super().__init__(screen)
        self._editing = editing

    def offers(self, action: str) -> bool:
        """Where an edit that comes or goes is seen."""
        front = self._screen.view_part
        is_seen = front.shows_edits if front is not None else self._screen.view == "examples"
        return super().offers(action) and is_seen

    def action_undo(self) -> None:
        """Takes the last edit back."""
        self._step(again=False)

    def action_redo(self) -> None:
        """Applies the last undone edit again."""
        self._step(again=True)

    def _step(self, *, again: bool) -> None:
        if not self._screen.is_editing and not self._screen.refuses_editing():
            self._editing.step_back_or_on(again=again, then=self._refresh_view)

    def _refresh_view(self) -> None:
        if (front := self._screen.view_part) is not None:
            front.edited()
