"""The frame of views that draw line by line."""

from __future__ import annotations

from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip


class DrawnLines(ScrollView):
    """Works its own style out once for all lines that are drawn together: it is mixed from those of all ancestors."""

    _drawn_with: Style | None = None

    @property
    def rich_style(self) -> Style:
        """The style of the view."""
        return super().rich_style if self._drawn_with is None else self._drawn_with

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a part of the view."""
        self._drawn_with = super().rich_style
        try:
            return super().render_lines(crop)
        finally:
            self._drawn_with = None
