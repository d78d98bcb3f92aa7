"""Text that may be said again many times a second: it is drawn only when it changes."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.visual import VisualType
from textual.widgets import Static


class SteadyText(Static):
    """A Static that does nothing for the same words, and measures the screen anew only for more or longer lines."""

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Shows other words, where they are others."""
        before, now = self.content, content
        if isinstance(before, Content) and isinstance(now, Content):
            if before.is_same(now):
                return
        elif isinstance(before, str) and isinstance(now, str) and before == now:
            return
        takes_as_much = self._fitting_lines(before) is not None and self._fitting_lines(before) == self._fitting_lines(
            now
        )
        super().update(content, layout=layout and not takes_as_much)

    def _fitting_lines(self, words: object) -> int | None:
        """How many lines the words take; ``None`` where some of them are longer than the widget is wide."""
        if not isinstance(words, str | Content):
            return None
        lines = (words if isinstance(words, str) else words.plain).split("\n")
        width = self.size.width
        return len(lines) if all(cell_len(line) <= width for line in lines) else None
