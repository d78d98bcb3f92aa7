"""A scrolling column of wrapped lines that stays quick when text is added at its end many times a second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style

from webtune_tui.tui.widgets.drawn_lines import DrawnLines


class LineBlock(Protocol):
    """A piece of the column. Span styles are names of component classes of the view, without its prefix."""

    def lines(self, width: int) -> Sequence[Content]:
        """The block in lines of at most ``width`` cells."""
        ...


class LineView(DrawnLines, can_focus=True):
    """Shows blocks of text below each other; only the blocks that change are wrapped again.

    It follows its end while the person is at the end, and stays put once they have scrolled away.
    """

    ALLOW_SELECT = True
    DEFAULT_CSS = """
    LineView {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """
    STYLE_PREFIX = ""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._blocks: list[LineBlock] = []
        self._lines: list[list[Content]] = []
        self._flat: list[Content] = []
        self._starts: list[int] = []
        self._strips: dict[int, Strip] = {}
        self._wrapped_width = 0
        self._follows_end = True
        self._span_styles: dict[str, Style] = {}

    @property
    def blocks(self) -> Sequence[LineBlock]:
        """The blocks from top to bottom."""
        return self._blocks

    @property
    def plain(self) -> str:
        """All wrapped lines as they stand on the screen, for copying and for tests."""
        return "\n".join(line.plain for line in self._flat)

    def set_blocks(self, blocks: Sequence[LineBlock]) -> None:
        """Replaces everything and shows the end."""
        self._follows_end = True
        self.replace_from(0, blocks)

    def append(self, *blocks: LineBlock) -> None:
        """Adds blocks at the end."""
        self.replace_from(len(self._blocks), blocks)

    def replace_from(self, index: int, blocks: Sequence[LineBlock]) -> None:
        """Puts ``blocks`` in the place of all blocks from ``index`` on."""
        start = self._starts[index] if index < len(self._starts) else len(self._flat)
        del self._blocks[index:], self._lines[index:], self._starts[index:], self._flat[start:]
        self._blocks.extend(blocks)
        width = self._wrapped_width or self._text_width
        for block in blocks:
            self._add_lines(list(block.lines(width)) if width else [])
        for y in [y for y in self._strips if y >= start]:
            del self._strips[y]
        self._fit()
        before = self.scroll_offset.y
        self._follow()
        if self.scroll_offset.y == before:
            self.refresh_lines(start, max(self.size.height, 1))

    def follow_end(self) -> None:
        """Goes to the end and stays there while text is added."""
        self._follows_end = True
        self._follow()

    def render_line(self, y: int) -> Strip:
        """One row of the visible part."""
        line = int(self.scroll_offset.y) + y
        strip = self._strips.get(line)
        if strip is None:
            strip = self._strips[line] = self._strip(line)
        return strip

    def on_resize(self) -> None:
        """Wraps everything again where the width has changed."""
        self._strips.clear()
        if self._text_width != self._wrapped_width:
            self._rewrap()
        self._follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stops following the end when the person scrolls up, and follows it again from the end on."""
        super().watch_scroll_y(old_value, new_value)
        self._follows_end = self.is_vertical_scroll_end or (self._follows_end and new_value >= old_value)

    def notify_style_update(self) -> None:
        """Colours may have changed with the theme."""
        super().notify_style_update()
        self._strips.clear()
        self._span_styles.clear()

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected part of the text."""
        return selection.extract(self.plain), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draws the selection."""
        self._strips.clear()
        self.refresh()

    @property
    def _text_width(self) -> int:
        return self.scrollable_content_region.width

    def _rewrap(self) -> None:
        self._wrapped_width = self._text_width
        blocks = self._blocks
        self._blocks, self._lines, self._starts, self._flat = [], [], [], []
        self._strips.clear()
        self.replace_from(0, blocks)

    def _add_lines(self, lines: list[Content]) -> None:
        self._starts.append(len(self._flat))
        self._lines.append(lines)
        self._flat.extend(lines)

    def _fit(self) -> None:
        self.virtual_size = Size(self._wrapped_width or self._text_width, len(self._flat))

    def _follow(self) -> None:
        if self._follows_end and not self.is_vertical_scrollbar_grabbed:
            # forced: the scrollbar that allows scrolling appears only with the next layout
            self.scroll_end(animate=False, immediate=True, x_axis=False, force=True)

    def _strip(self, line: int) -> Strip:
        base = self.rich_style
        if line >= len(self._flat):
            return Strip.blank(self.size.width, base)
        content = self._flat[line]
        if (selection := self.text_selection) is not None and (span := selection.get_span(line)) is not None:
            start, end = span
            content = content.stylize(
                self.screen.get_visual_style("screen--selection"), start, None if end == -1 else end
            )
        segments = [
            Segment(text, style.rich_style) for text, style in content.render(self.visual_style, "", self._span_style)
        ]
        strip = Strip(segments, content.cell_length)
        return strip.crop_extend(0, self.size.width, base).apply_offsets(0, line)

    def _span_style(self, name: str | Style) -> Style:
        if isinstance(name, Style):
            return name
        found = self._span_styles.get(name)
        if found is None:
            found = self._span_styles[name] = self.get_visual_style(
                *(f"{self.STYLE_PREFIX}{part}" for part in name.split()), partial=True
            )
        return found
