"""One example as a person reads it: what is learned from it, its messages, its flags, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.examples import Example
from webtune_tui.tui.presentation.example_detail import ExampleView, detail_lines
from webtune_tui.tui.presentation.json_lines import json_lines
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.widgets.styled_lines import StyledLines


class ExampleDetail(StyledLines):
    """The example under the cursor of the table, to be read or as JSON."""

    DEFAULT_CSS = """
    ExampleDetail { padding: 0 0 0 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.back", "Back")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view: ExampleView | None = None
        self._needle_shown = ""
        self._is_json = False

    @property
    def example(self) -> Example | None:
        """The example in the view."""
        return self._view.example if self._view else None

    @property
    def is_json(self) -> bool:
        """Whether it shows the JSON that is exported."""
        return self._is_json

    def show_example(self, view: ExampleView, *, needle: str = "") -> None:
        """Shows an example, or more of the one in sight."""
        is_same = self.example is not None and self.example.example_id == view.example.example_id
        self._view = view
        self._needle_shown = needle
        self._show(keep_place=is_same)

    def turn_to_json(self) -> None:
        """Shows the JSON of the example, or the words again."""
        self._is_json = not self._is_json
        if self._view is not None:
            self._show(keep_place=False)

    def clear_example(self) -> None:
        """Empties the view."""
        self._view = None
        self.show(None)

    def _show(self, *, keep_place: bool) -> None:
        view, is_json = self._view, self._is_json
        assert view is not None

        def lines(width: int) -> Sequence[StyledLine]:
            return json_lines(view.example, width) if is_json else detail_lines(view, width)

        self.show(lines, needle=self._needle_shown, keep_place=keep_place)
