"""One example as a person reads it: messages by role, flags in words, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.examples import Example
from webtune_tui.domain.origins import DeletedRecord
from webtune_tui.tui.presentation.examples import detail_lines
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.widgets.styled_lines import StyledLines


class ExampleDetail(StyledLines):
    """The example under the cursor of the table."""

    DEFAULT_CSS = """
    ExampleDetail { padding: 0 0 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.back", "Back")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._example: Example | None = None

    @property
    def example(self) -> Example | None:
        """The example in the view."""
        return self._example

    def show_example(
        self,
        example: Example,
        origins: Sequence[RecordOrigin],
        *,
        number: int,
        needle: str = "",
        deleted: Sequence[DeletedRecord] = (),
    ) -> None:
        """Shows an example; ``number`` is its place in the table, counted from 1."""
        is_same = self._example is not None and self._example.example_id == example.example_id
        self._example = example

        def lines(width: int) -> Sequence[StyledLine]:
            return detail_lines(example, origins, number=number, width=width, deleted=deleted)

        self.show(lines, needle=needle, keep_place=is_same)

    def clear_example(self) -> None:
        """Empties the view."""
        self._example = None
        self.show(None)
