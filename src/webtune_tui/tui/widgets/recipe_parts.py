"""The list of the recipe's parts: which are on, what is not saved, and what the last run did with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.recipe_form import RecipePart
from webtune_tui.tui.presentation.text_layout import Part, fit, short_number
from webtune_tui.tui.widgets.row_view import RowView


class RecipeParts(RowView):
    """The parts of the recipe, one a line: on or off, the title, and what the last run did with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "switch", "On/off", show=False),
        Binding("J,shift+down", "move_step(1)", "Move down", show=False),
        Binding("K,shift+up", "move_step(-1)", "Move up", show=False),
    ]

    class Switched(Message):
        """A step was turned on or off."""

        def __init__(self, part: RecipePart, enabled: bool) -> None:
            super().__init__()
            self.part = part
            self.enabled = enabled

    class Shifted(Message):
        """A step is wanted earlier (-1) or later (1)."""

        def __init__(self, part: RecipePart, rows: int) -> None:
            super().__init__()
            self.part = part
            self.rows = rows

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._parts: Sequence[RecipePart] = ()
        self._enabled: dict[str, bool] = {}
        self._pending: frozenset[str] = frozenset()
        self._touched: Mapping[str, int] = {}

    def show(self, parts: Sequence[RecipePart], pending: Mapping[str, str], touched: Mapping[str, int]) -> None:
        """Shows the parts with what is not saved and how many records each step touched in the last run."""
        name = self.part.name if self.part else ""
        self._parts = parts
        self._pending = frozenset(part.name for part in parts if _is_pending(part, pending))
        self._enabled = {part.name: is_enabled(part, pending) for part in parts}
        self._touched = touched
        self.set_row_count(len(parts))
        self.cursor = next((place for place, part in enumerate(parts) if part.name == name), self.cursor)

    @property
    def part(self) -> RecipePart | None:
        """The part under the cursor."""
        return self._parts[self.cursor] if self.cursor < len(self._parts) else None

    def action_switch(self) -> None:
        """Turns the step under the cursor on or off."""
        part = self.part
        if part is not None and part.switch:
            self.post_message(self.Switched(part, not self._enabled[part.name]))

    def action_move_step(self, rows: int) -> None:
        """Moves the step under the cursor within its stage."""
        if self.part is not None:
            self.post_message(self.Shifted(self.part, rows))

    def clicked(self, row: int, x: int, event: object) -> None:
        """A click on the sign turns the step on or off."""
        if x < 3:
            self.action_switch()

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One part."""
        part = self._parts[index]
        is_on = self._enabled.get(part.name, True)
        sign = " " if not part.switch else GLYPHS.active if is_on else GLYPHS.todo
        number = self._touched.get(part.name, 0)
        figure = f" {short_number(number)}" if number else ""
        title = display_line(part.title, limit=80) + (" *" if part.name in self._pending else "")
        return [
            (f" {sign} ", "accent" if is_on else "muted"),
            (fit(title, max(width - 3 - len(figure), 4)), "" if is_on else "muted"),
            (figure, "muted"),
        ]


def _is_pending(part: RecipePart, pending: Mapping[str, str]) -> bool:
    return part.switch in pending or part.order_key in pending or any(field.key in pending for field in part.fields)


def is_enabled(part: RecipePart, pending: Mapping[str, str]) -> bool:
    """Whether a step is on, with the changes that are not saved."""
    return pending.get(part.switch, "true" if part.enabled else "false") == "true"
