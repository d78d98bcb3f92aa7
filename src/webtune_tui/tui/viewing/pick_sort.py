"""By what the rows of a file are sorted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from webtune_tui.services import file_sort_plan as plan
from webtune_tui.tui.modals.pick_sort import PickSort
from webtune_tui.tui.presentation.example_columns import Column


class PickFileSort(PickSort):
    """The choice of the Dataset screen, for the columns of a file."""

    SORTED: ClassVar[Sequence[Column]] = (
        Column("number", "#", "order in the file", plan.FILE),
        Column("turns", "turns", "of user, assistant and tool", plan.TURNS),
        Column("bytes", "bytes", "of the row", plan.BYTES),
        Column("prompt", "prompt", "how the last user message begins", plan.PROMPT),
        Column("answer", "answer", "how the last answer begins", plan.ANSWER),
    )
    WORDS: ClassVar[str] = "The present one again (s) turns the order round. g chooses the order in the file."
    BINDINGS: ClassVar[list[BindingType]] = [("s,O", "take", "Sort"), ("g", "file_order", "File order")]

    def action_take(self) -> None:
        """Ends with the column under the cursor."""
        self.choose()

    def action_file_order(self) -> None:
        """Ends with the order in the file; where the rows are in it already, they stay."""
        self.dismiss(None if self._sort == plan.FILE and not self._is_descending else plan.FILE)
