"""A scrolling view of lines that a thread has wrapped: a text of a megabyte costs the screen what one line costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip

from webtune_tui.tui.presentation.glyphs import ASCII, GLYPHS
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.widgets.drawn_lines import DrawnLines

LineMaker = Callable[[int], Sequence[StyledLine]]
"""Makes the lines for a width in cells; it is called in a thread, also again when the width changes."""


if TYPE_CHECKING:
    from textual.worker import WorkType


class StyledLines(DrawnLines, can_focus=True):
    """Lines with roles and colours, read by scrolling, selected with the mouse."""

    ALLOW_SELECT = True

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--title",
        "lines--section",
        "lines--muted",
        "lines--good",
        "lines--warn",
        "lines--bad",
        "lines--link",
        "lines--accent",
        "lines--second",
        "lines--hit",
    }

    DEFAULT_CSS = """
    StyledLines {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: transparent;
        & > .lines--title { text-style: bold; }
        & > .lines--section { color: $text-muted; text-style: bold; }
        & > .lines--muted { color: $text-muted; }
        & > .lines--good { color: $success; }
        & > .lines--warn { color: $warning; }
        & > .lines--bad { color: $error; }
        & > .lines--link { color: $secondary; }
        & > .lines--accent { color: $primary; text-style: bold; }
        & > .lines--second { color: $secondary; text-style: bold; }
        & > .lines--hit { color: $background; background: $warning; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lines(-1)", "Up", show=False),
        Binding("down,j", "scroll_lines(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "scroll_page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f,space", "scroll_page(1)", "Page down", show=False),
        Binding("home,g", "scroll_to_top", "Top", show=False),
        Binding("end,G", "scroll_to_bottom", "Bottom", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._make: LineMaker | None = None
        self._needle = ""
        self._lines: Sequence[StyledLine] = ()
        self._wrapped_at = 0
        self._request = 0
        self._styles_by_name: dict[str, Style] = {}

    def show(self, make: LineMaker | None, *, needle: str = "", keep_place: bool = False) -> None:
        """Shows other lines; ``None`` empties the view. ``needle`` is marked wherever it stands."""
        self._make = make
        self._needle = needle.casefold()
        self._wrapped_at = 0
        self._request += 1
        if make is None:
            self._take(())
            return
        self._wrap(to_top=not keep_place)

    @property
    def plain_text(self) -> str:
        """What stands in the view, without styles."""
        return "\n".join(line.plain for line in self._lines)

    def on_resize(self, event: Resize) -> None:
        """Wraps anew for another width."""
        if self._make is not None and self._text_width != self._wrapped_at:
            self._wrap(to_top=False)

    def notify_style_update(self) -> None:
        """Forgets the colours of the theme before."""
        self._styles_by_name.clear()
        super().notify_style_update()

    def _wrap(self, *, to_top: bool) -> None:
        if self._text_width <= 0 or not self.is_attached:
            return
        work = cast("WorkType[None]", partial(self._wrap_in_thread, to_top))
        self.run_worker(work, group="wrap", exclusive=True)

    async def _wrap_in_thread(self, to_top: bool) -> None:
        make, width, request = self._make, self._text_width, self._request
        if make is None:
            return
        lines = await asyncio.to_thread(make, width)
        if request == self._request:
            self._wrapped_at = width
            if to_top:
                self.scroll_to(y=0, animate=False, force=True)
            self._take(lines)

    def _take(self, lines: Sequence[StyledLine]) -> None:
        self._lines = lines
        self.virtual_size = Size(1, len(lines))
        self.refresh()

    @property
    def _text_width(self) -> int:
        return self.scrollable_content_region.width

    def action_scroll_lines(self, lines: int) -> None:
        """Scrolls by lines."""
        self.scroll_to(y=self.scroll_y + lines, animate=False)

    def action_scroll_page(self, pages: int) -> None:
        """Scrolls by the height of the view."""
        self.scroll_to(y=self.scroll_y + pages * max(self.size.height - 1, 1), animate=False)

    def action_scroll_to_top(self) -> None:
        """Goes to the first line."""
        self.scroll_to(y=0, animate=False)

    def action_scroll_to_bottom(self) -> None:
        """Goes to the last line."""
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text between two places of the view."""
        return selection.extract(self.plain_text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draws the selected text."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        width, base = self._text_width, self.rich_style
        number = y + round(self.scroll_y)
        if number >= len(self._lines):
            return Strip.blank(width, base)
        line = self._lines[number]
        sign = _MARKED_BAR if line.is_marked else _BAR
        segments = [Segment(sign, base + self._named(_ROLE_STYLES.get(line.bar, "muted")))] if line.bar else []
        for text, name in line.parts:
            segments += self._segments(text, base + self._named(name))
        strip = Strip(segments).adjust_cell_length(width, base)
        return self._with_selection(strip, number).apply_offsets(0, number)

    def _segments(self, text: str, style: Style) -> list[Segment]:
        folded = text.casefold() if self._needle else ""
        if not self._needle or self._needle not in folded or len(folded) != len(text):
            return [Segment(text, style)] if text else []
        found, start, hit = [], 0, style + self._named("hit")
        while (place := folded.find(self._needle, start)) >= 0:
            end = place + len(self._needle)
            found += [Segment(text[start:place], style), Segment(text[place:end], hit)]
            start = end
        found.append(Segment(text[start:], style))
        return [segment for segment in found if segment.text]

    def _with_selection(self, strip: Strip, number: int) -> Strip:
        selection = self.text_selection
        span = selection.get_span(number) if selection is not None else None
        if span is None:
            return strip
        start, end = span
        end = strip.cell_length if end == -1 else end
        marked = strip.crop(start, end).apply_style(Style(reverse=True))
        return Strip.join([strip.crop(0, start), marked, strip.crop(end, strip.cell_length)])

    def _named(self, name: str) -> Style:
        if not name:
            return Style.null()
        if name not in self._styles_by_name:
            self._styles_by_name[name] = self.get_component_rich_style(
                f"lines--{_STYLE_ALIASES.get(name, name)}", partial=True
            )
        return self._styles_by_name[name]


_BAR, _MARKED_BAR = ("▎ ", "█ ") if GLYPHS is not ASCII else ("| ", "# ")
_ROLE_STYLES = {"system": "muted", "user": "second", "assistant": "accent", "tool": "warn"}
_STYLE_ALIASES = {
    "role-system": "section",
    "role-user": "second",
    "role-assistant": "accent",
    "role-tool": "warn",
    "split-train": "muted",
    "split-validation": "second",
    "split-test": "accent",
    "flag": "warn",
}
