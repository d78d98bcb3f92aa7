"""A list of one-line rows that draws only what is visible: the base of every long list on the screens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from webtune_tui.tui.presentation.text_layout import Part, fit
from webtune_tui.tui.widgets.drawn_lines import DrawnLines


class RowView(DrawnLines, can_focus=True):
    """Rows with a cursor, on Textual's line API. A subclass says how many rows there are and what a row reads.

    Opening costs the same for ten rows and for a million: nothing is kept or measured per row.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-view--header",
        "row-view--cursor",
        "row-view--cursor-blurred",
        "row-view--muted",
        "row-view--strong",
        "row-view--accent",
        "row-view--second",
        "row-view--good",
        "row-view--warn",
        "row-view--bad",
        "row-view--hit",
    }

    DEFAULT_CSS = """
    RowView {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        background: transparent;
        & > .row-view--header { color: $text-muted; text-style: bold; }
        & > .row-view--cursor {
            color: $block-cursor-foreground; background: $block-cursor-background; text-style: none;
        }
        & > .row-view--cursor-blurred { background: $block-cursor-blurred-background; }
        & > .row-view--muted { color: $text-muted; }
        & > .row-view--strong { text-style: bold; }
        & > .row-view--accent { color: $primary; }
        & > .row-view--second { color: $secondary; }
        & > .row-view--good { color: $success; }
        & > .row-view--warn { color: $warning; }
        & > .row-view--bad { color: $error; }
        & > .row-view--hit { color: $warning; text-style: bold underline; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "move_page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "move_page(1)", "Page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    HEADER_LINES: ClassVar[int] = 0

    cursor: reactive[int] = reactive(0, repaint=False)

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, view: RowView, index: int) -> None:
            super().__init__()
            self.view = view
            self.index = index

        @property
        def control(self) -> RowView:
            """The list that sent it."""
            return self.view

    class Chosen(Moved):
        """A row was opened with enter or a double click."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._row_count = 0
        self._styles_by_name: dict[str, Style] = {}

    # What a subclass says

    def header(self, width: int) -> Sequence[Part]:
        """The fixed first line of a list with ``HEADER_LINES`` 1."""
        return ()

    def row(self, index: int, width: int) -> Sequence[Part]:
        """The parts of a row; they are cut at ``width`` cells."""
        raise NotImplementedError

    # Rows and cursor

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return self._row_count

    def set_row_count(self, rows: int) -> None:
        """Says how many rows there are now; the cursor stays on its row where that is still there."""
        self._row_count = rows
        self.virtual_size = Size(1, rows + self.HEADER_LINES)
        self.cursor = self.validate_cursor(self.cursor)
        self.refresh()

    def validate_cursor(self, cursor: int) -> int:
        """Keeps the cursor on a row."""
        return max(0, min(cursor, self._row_count - 1))

    def watch_cursor(self, before: int, after: int) -> None:
        """Draws both rows anew and follows the cursor."""
        for row in (before, after):
            self.refresh_lines(row + self.HEADER_LINES)
        self._follow_cursor()
        self.post_message(self.Moved(self, after))

    def on_resize(self, event: Resize) -> None:
        """Keeps the cursor in sight."""
        self._follow_cursor()

    def on_focus(self, event: Focus) -> None:
        """The cursor row is brighter while the keys go here."""
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        """The cursor row is paler while the keys go elsewhere."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Forgets the colours of the theme before."""
        self._styles_by_name.clear()
        super().notify_style_update()

    def row_at(self, y: int) -> int | None:
        """The row at a line of the widget, or ``None`` above or below the rows."""
        row = y - self.HEADER_LINES + round(self.scroll_y)
        return row if y >= self.HEADER_LINES and row < self._row_count else None

    @property
    def visible_rows(self) -> range:
        """The rows in sight."""
        first = round(self.scroll_y)
        return range(first, min(first + max(self._page_height, 1), self._row_count))

    def on_click(self, event: Click) -> None:
        """Moves the cursor; a double click opens."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < self.HEADER_LINES:
            self.header_clicked(offset.x)
        row = None if offset is None else self.row_at(offset.y)
        if row is None or offset is None:
            return
        self.cursor = row
        self.clicked(row, offset.x, event)
        if event.chain == 2:
            self.action_choose()

    def header_clicked(self, x: int) -> None:
        """For subclasses with something to click in the header."""

    def clicked(self, row: int, x: int, event: Click) -> None:
        """For subclasses with something to click inside a row."""

    def action_move(self, rows: int) -> None:
        """Moves the cursor by rows."""
        self.cursor += rows

    def action_move_page(self, pages: int) -> None:
        """Moves by the height of the view."""
        self.cursor += pages * max(self._page_height - 1, 1)

    def action_first(self) -> None:
        """Goes to the first row."""
        self.cursor = 0

    def action_last(self) -> None:
        """Goes to the last row."""
        self.cursor = self._row_count - 1

    def action_choose(self) -> None:
        """Opens the row under the cursor."""
        if self._row_count:
            self.post_message(self.Chosen(self, self.cursor))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if y < self.HEADER_LINES:
            return self._strip(self.header(width), width, base + self.style_named("header"))
        row = y - self.HEADER_LINES + round(self.scroll_y)
        if row >= self._row_count:
            return Strip.blank(width, base)
        if row == self.cursor:
            base += self.style_named("cursor" if self.has_focus else "cursor-blurred")
        return self._strip(self.row(row, width), width, base)

    def style_named(self, name: str) -> Style:
        """The style of a part by its name."""
        if not name:
            return Style.null()
        if name not in self._styles_by_name:
            component = f"row-view--{name}"
            self._styles_by_name[name] = self.get_component_rich_style(component, partial=True)
        return self._styles_by_name[name]

    def _strip(self, parts: Sequence[Part], width: int, base: Style) -> Strip:
        segments = [Segment(text, base + self.style_named(name)) for text, name in parts if text]
        return Strip(segments).adjust_cell_length(width, base)

    @property
    def _page_height(self) -> int:
        return max(self.size.height - self.HEADER_LINES, 0)

    def _follow_cursor(self) -> None:
        height = self._page_height
        if height <= 0:
            return
        top = round(self.scroll_y)
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)


def highlighted(text: str, needle: str, width: int, style: str = "") -> list[Part]:
    """``text`` in exactly ``width`` cells with every occurrence of ``needle`` marked."""
    shown = fit(text, width)
    if not needle:
        return [(shown, style)]
    folded, wanted = shown.casefold(), needle.casefold()
    if len(folded) != len(shown):  # casefold made it longer (ß): places would not match
        folded, wanted = shown.lower(), needle.lower()
    parts: list[Part] = []
    start = 0
    while wanted and len(folded) == len(shown) and (place := folded.find(wanted, start)) >= 0:
        parts += [(shown[start:place], style), (shown[place : place + len(wanted)], "hit")]
        start = place + len(wanted)
    return [*parts, (shown[start:], style)]
