"""A file of examples as it lies on the disk: read-only, at once, however large."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.line_file import Change
from webtune_tui.services.viewed_file import ViewedFile
from webtune_tui.tui import error_display
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.file_rows import example_lines, json_lines
from webtune_tui.tui.presentation.text_layout import StyledLine
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.viewing.file_table import ViewTable
from webtune_tui.tui.viewing.key_line import KeyLine
from webtune_tui.tui.viewing.ordering import Ordering
from webtune_tui.tui.viewing.reading_rows import load_judging
from webtune_tui.tui.viewing.searching import Searching
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines

if TYPE_CHECKING:
    from webtune_tui.services.file_rows import FileExample

_DETAIL_SECONDS = 0.03
_DRAW_SECONDS = 0.1
_LOOK_SECONDS = 1.0
_HINT = "g G first, last · space marks · [ ] to marks · n N hits · q leaves"
_ROW_WIDTH = 16  # digits of a row's number
_CHANGES = {
    Change.CUT: "The file was cut by somebody: F5 reads it anew",
    Change.REPLACED: "Another file has its name now, this is the one before: F5 reads the new one",
    Change.GONE: "The file was removed; what is shown is still read from it",
}


class FileDetail(StyledLines):
    """The row under the cursor."""

    DEFAULT_CSS = """
    FileDetail { padding: 0 0 0 1; height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "screen.back", "Back")]


class FileScreen(StageScreen):
    """Rows of a file beside the row that one reads. It needs no workspace."""

    TITLE = "View"
    HELP = (
        "A file of JSON lines as it lies on the disk, read-only and at once, however large: chat and preference "
        "examples, ShareGPT, Alpaca, and any other rows. Lines that are no JSON are shown as they stand.\n\n"
        "The rows are counted while you read; the end (G) and what a search finds are there before that, and their "
        "numbers count from the end until all are known. Flags tell what a provider would refuse (red) and what is "
        "odd; webtune validate checks the whole file, with tokens and repeated lines.\n\n"
        "/ looks for a text in the whole file while you type, in any script and also where JSON wrote it with "
        "escapes: small letters stand for both cases, one capital makes it exact. n and N go on, esc stops.\n\n"
        "s, or a click on a title, sorts by bytes, turns, prompt or answer; the same again turns the order round, and "
        "the number of a row stays that of the file. S counts what the file consists of: enter or a double click on a "
        "bar lists its rows, esc brings all back.\n\n"
        "space marks a row, ] and [ go between marks. What is added to the file comes by itself. i imports it into "
        "the workspace, where it can be prepared and edited."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        # with priority, so that what is typed right behind them goes into the field and not to the table
        Binding("slash", "search", "Search", key_display="/", tooltip="Look for a text in the file", priority=True),
        Binding("n", "next(False)", "Next", show=False, tooltip="The next row with the text"),
        Binding("N", "next(True)", "Before", show=False, tooltip="The row with the text before this one"),
        Binding("colon", "go_to", "Row", key_display=":", tooltip="Go to a row by its number", priority=True),
        Binding("r", "raw", "JSON", tooltip="The row as JSON on many lines, or as an example again"),
        Binding("s,O", "sort", "Sort", key_display="s", tooltip="Sort by a column (or click its title)"),
        Binding("S", "statistics", "Statistics", tooltip="Roles, turns, lengths and flags of the whole file, as bars"),
        Binding("i", "import_file", "Import", tooltip="Import the file into the workspace for editing"),
        Binding("f5", "reload", "Read anew", show=False, tooltip="Read the file anew"),
        Binding("q", "leave", "Leave", show=False, tooltip="Close the file"),
    ]
    DEFAULT_CSS = """
    FileScreen #view-title { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; text-overflow: ellipsis; }
    FileScreen #view-status { height: 1; padding: 0 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
    FileScreen #view-status.-care { color: $warning; }
    FileScreen #view-listed { height: 1; display: none; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FileScreen #view-rows { layout: horizontal; height: 1fr; }
    FileScreen #view-table-panel { width: 1fr; height: 1fr; padding: 0; }
    FileScreen #view-side { width: 42%; height: 1fr; padding: 0; }
    FileScreen.-wide #view-side { width: 44%; max-width: 96; }
    FileScreen.-narrow.-tall #view-rows { layout: vertical; }
    FileScreen.-narrow.-tall #view-side { width: 1fr; height: 45%; }
    FileScreen.-narrow.-short #view-side { display: none; width: 1fr; }
    FileScreen.-narrow.-short.-side-open #view-side { display: block; }
    FileScreen.-narrow.-short.-side-open #view-table-panel { display: none; }
    FileScreen #view-ask { height: 1; display: none; padding: 0 1; background: $panel; }
    FileScreen #view-sign { width: 2; color: $accent; text-style: bold; }
    FileScreen #view-field { width: 1fr; border: none; background: $panel; padding: 0; height: 1; }
    FileScreen #view-field:focus { border: none; background: $panel; }
    """

    def __init__(self, viewed: ViewedFile) -> None:
        super().__init__(name="view")
        self.viewed = viewed
        self.search = Searching(self)
        self.ordering = Ordering(self)
        self._example: FileExample | None = None
        self._is_raw = False
        self._asks_row = False
        self._change = Change.NONE
        self._is_counting = False

    def compose(self) -> ComposeResult:
        yield Static("", id="view-title", markup=False)
        with Container(id="body"):
            with Container(id="view-rows"):
                with Vertical(id="view-table-panel", classes="panel"):
                    with Horizontal(id="view-ask"):
                        yield Static("/", id="view-sign", markup=False)
                        yield Input(id="view-field", compact=True)
                    yield Static("", id="view-listed", markup=False)
                    yield ViewTable(self.viewed, id="view-table")
                with Vertical(id="view-side", classes="panel"):
                    yield FileDetail(id="view-detail")
            yield Static(_HINT, id="view-status", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        self.table.focus()
        self.show_title()
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._count()
        self._judge_rows()
        self.set_interval(_LOOK_SECONDS, self._look_at_file)

    @work(group="view-judge", exit_on_error=False)
    async def _judge_rows(self) -> None:
        """Loads what judges rows, and reads those in sight again with it."""
        await asyncio.to_thread(load_judging)
        self.table.read_again()

    def on_unmount(self) -> None:
        self.viewed.close()

    @property
    def table(self) -> ViewTable:
        """The rows."""
        return self.query_one(ViewTable)

    @property
    def detail(self) -> FileDetail:
        """The row under the cursor."""
        return self.query_one(FileDetail)

    @property
    def _field(self) -> Input:
        return self.query_one("#view-field", Input)

    @property
    def _has_side(self) -> bool:
        return not (self.has_class("-narrow") and self.has_class("-short"))

    # Words

    def say(self, words: str, css_class: str = "") -> None:
        """Shows words in the line at the bottom; without words what can be done."""
        status = self.query_one("#view-status", Static)
        status.set_classes(css_class)
        status.update(Content(display_line(words or _HINT, limit=300)))

    def show_keys(self) -> None:
        """Shows the keys that work now."""
        if self.search.is_running or self.ordering.is_running:
            state = "searching"
        elif self.has_class("-asking"):
            state = "asking"
        else:
            state = "reading" if self.has_class("-side-open") else ""
        self.query_one(KeyLine).show(state)

    def show_title(self) -> None:
        """Shows which file it is and how many rows are known."""
        viewed, index = self.viewed, self.viewed.index
        size = viewed.file.size
        name = display_line(viewed.path.name, limit=80)
        if index.is_whole or self._change is Change.CUT:
            known = figures.count(index.rows_known, "row") if size else "an empty file"
        else:
            known = f"counting rows {100 * index.bytes_known // max(size, 1)} %"
        self.ordering.show_line()
        parts: list[str | tuple[str, str]] = [(name, "bold $primary"), f"  {figures.size(size)}  {known}"]
        if self.table.marks:
            parts.append((f"  {figures.count(len(self.table.marks))} marked", "$accent"))
        if self._change in _CHANGES:
            parts.append((f"  {_CHANGES[self._change]}", "$warning"))
        else:
            parts.append((f"  read-only  {display_line(viewed.path.parent, limit=120)}", "$text-muted"))
        self.query_one("#view-title", Static).update(Content.assemble(*parts))

    # Counting and changes

    @work(group="view-count", exclusive=True, exit_on_error=False)
    async def _count(self) -> None:
        drawn_at, viewed = time.monotonic(), self.viewed
        self._is_counting = True
        try:
            async with aclosing(viewed.counting()) as steps:
                async for _ in steps:
                    if time.monotonic() - drawn_at >= _DRAW_SECONDS:
                        drawn_at = time.monotonic()
                        await self.table.counted()
                        self.show_title()
        finally:
            if viewed is self.viewed:
                self._is_counting = False
        await self.table.counted()
        self.show_title()

    @work(group="view-look", exit_on_error=False)
    async def _look_at_file(self) -> None:
        viewed = self.viewed
        if self._is_counting:
            return
        change = await asyncio.to_thread(viewed.change)
        if viewed is not self.viewed or self._is_counting:
            return
        if change is Change.GROWN or (change is Change.NONE and not viewed.index.is_whole):
            self._count()  # what was added, or what a count that ended by itself left over
        elif change is not self._change:
            self._change = change
            self.show_title()

    @work(group="view-reload", exclusive=True, exit_on_error=False)
    async def action_reload(self) -> None:
        """Reads the file anew."""
        fresh = await asyncio.to_thread(ViewedFile, self.viewed.path)
        self.search.stop()
        self.ordering.reset()
        self.workers.cancel_group(self, "view-count")
        before, self.viewed = self.viewed, fresh
        self._change, self._example = Change.NONE, None
        self.table.view(fresh)
        self.set_timer(_LOOK_SECONDS, before.close)  # a row that is still being read from it may come to its end
        self._count()
        self.show_title()
        self.say("Read anew")

    # The row under the cursor

    @on(RowView.Moved, "#view-table")
    def _row_moved(self) -> None:
        if self._has_side or self.has_class("-side-open"):
            self.show_detail()

    @on(RowView.Chosen, "#view-table")
    def action_open_row(self) -> None:
        """The keys go into the row under the cursor."""
        self.add_class("-side-open")
        self.show_detail()
        self.detail.focus()
        self.show_keys()

    @on(ViewTable.Changed)
    def _listed(self) -> None:
        self.show_title()

    @on(ViewTable.Failed)
    def _failed(self, event: ViewTable.Failed) -> None:
        error_display.show(self.webtune, event.error)

    @on(ViewTable.SortWanted)
    def _sort_wanted(self, event: ViewTable.SortWanted) -> None:
        self.ordering.by(event.sort)

    @on(ViewTable.MarkWanted)
    @work(group="view-go", exclusive=True, exit_on_error=False)
    async def _go_to_mark(self, event: ViewTable.MarkWanted) -> None:
        await self.table.go_to_offset(event.offset)

    def show_detail(self) -> None:
        """Reads the row under the cursor and shows it."""
        self.launch(self._load_detail, "view-detail")

    async def _load_detail(self) -> None:
        await asyncio.sleep(_DETAIL_SECONDS)  # a held arrow key passes many rows
        row = self.table.current
        if row is None:
            if not self.viewed.file.size:
                self.detail.show(lambda width: [StyledLine((("The file is empty.", "muted"),))])
            return
        if self._example is None or self._example.offset != row.offset or self._example.size != row.size:
            self._example = await asyncio.to_thread(_read_example, self.viewed, row.offset)
        self._draw_detail(self._example)

    def _draw_detail(self, example: FileExample) -> None:
        number = f"#{self.table.label(self.table.cursor)}"
        if self._is_raw:
            self.detail.show(lambda width: json_lines(example, width), needle=self.search.text)
        else:
            self.detail.show(lambda width: example_lines(example, number, width), needle=self.search.text)

    def action_raw(self) -> None:
        """Shows the row as JSON, or as an example again."""
        self._is_raw = not self._is_raw
        self.query_one("#view-side").border_title = "JSON" if self._is_raw else ""
        if not self._has_side:
            self.action_open_row()
        else:
            self.show_detail()

    # Search and rows by number

    def action_search(self) -> None:
        """Opens the field for a text."""
        self._ask("/", "text anywhere in the file; small letters stand for both cases", self.search.text)
        self.search.begin()

    def action_go_to(self) -> None:
        """Opens the field for a row's number."""
        self._ask(":", "number of a row; -1 is the last", "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The field takes the letters of the keys that open it."""
        if action in ("search", "go_to") and self.has_class("-asking"):
            return False
        return super().check_action(action, parameters)

    def _ask(self, sign: str, hint: str, value: str) -> None:
        self._asks_row = sign == ":"
        self.remove_class("-side-open")
        self.add_class("-asking")
        self.query_one("#view-sign", Static).update(Content(sign))
        field = self._field
        field.placeholder = hint
        with self.prevent(Input.Changed):
            field.value = value
        self.query_one("#view-ask").display = True
        self.set_focus(field)  # now, and not with the next message: what is typed meanwhile belongs into the field
        self.show_keys()

    @on(Input.Changed, "#view-field")
    def _typed(self, event: Input.Changed) -> None:
        if not self._asks_row:
            self.search.typed(event.value)

    @on(Input.Submitted, "#view-field")
    def action_submit(self) -> None:
        """Goes to what stands in the field."""
        if not self.has_class("-asking"):
            return
        text = self._field.value
        self._close_field()
        if self._asks_row:
            self._go_to(text.strip().replace(",", ""))
        else:
            self.search.use(text)

    @work(group="view-go", exclusive=True, exit_on_error=False)
    async def _go_to(self, text: str) -> None:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or not int(digits[:_ROW_WIDTH]):
            self.say("A row has a number from 1, or from -1 at the end", "-care")
            return
        number = int(digits[:_ROW_WIDTH])
        index = self.viewed.index
        drawn_at = 0.0
        while self._is_counting and not index.is_whole and (text.startswith("-") or self.viewed.rows_known < number):
            if time.monotonic() - drawn_at >= _DRAW_SECONDS:
                drawn_at = time.monotonic()
                share = 100 * index.bytes_known // max(self.viewed.file.size, 1)
                self.say(f"Row {text} is not counted yet: {share} %  ·  esc stops")
            await asyncio.sleep(_DETAIL_SECONDS)
        rows = self.viewed.rows_known
        row = rows - number if text.startswith("-") else number - 1
        if not 0 <= row < rows:
            self.say(f"There are {rows:,} rows", "-care")
            return
        line = await asyncio.to_thread(self.viewed.lines, row, 1)
        if self.table.order is None:
            await self.table.go_to_row(row)
        elif not line or not await self.table.go_to_offset(line[0].offset):
            self.say(f"Row {row + 1:,} is not among those that are listed", "-care")
            return
        self.say("")

    def action_next(self, backwards: bool) -> None:
        """Goes to the next row with the text, or the one before."""
        self.search.next(backwards=backwards)

    def _close_field(self) -> None:
        self.remove_class("-asking")
        self.query_one("#view-ask").display = False
        self.set_focus(self.table)
        self.show_keys()

    def focus_home(self) -> None:
        self.table.focus()

    def action_back(self) -> None:
        """Stops what runs, else closes what is open, the innermost first."""
        if self.search.stop() or self.ordering.stop() or self._stop_going():
            self.say("Stopped")
            if self.has_class("-asking"):
                self._close_field()
        elif self.has_class("-asking"):
            self._close_field()
        elif self.has_class("-side-open") or self.detail.has_focus:
            self.remove_class("-side-open")
            self.table.focus()
            self.show_keys()
        elif self.search.text:
            self.search.use("")
        elif self.ordering.leave_bar():
            pass
        elif self.table.marks:
            self.table.marks = frozenset()
        elif self.ordering.leave_sort():
            pass
        elif len(self.app.screen_stack) > 1:
            self.dismiss()

    def _stop_going(self) -> bool:
        waiting = [one for one in self.workers if one.group == "view-go" and not one.is_finished]
        for one in waiting:
            one.cancel()
        return bool(waiting)

    async def action_leave(self) -> None:
        """Closes the file; the app that was opened for it alone ends."""
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            await self.app.action_quit()

    # The whole file, and the workspace

    def action_sort(self) -> None:
        """Asks by what to sort."""
        self.ordering.ask()

    def action_statistics(self) -> None:
        """Counts roles, turns, lengths and flags of the whole file; the rows of a bar are listed then."""
        self.ordering.look_at_statistics()

    @work(group="view-import", exclusive=True, exit_on_error=False)
    async def action_import_file(self) -> None:
        """Asks, then imports the file into the workspace and goes where it is followed."""
        from webtune_tui.tui.viewing.importing import import_into_workspace

        await import_into_workspace(self)


def _read_example(viewed: ViewedFile, offset: int) -> FileExample:
    from webtune_tui.services.file_rows import LONGEST_LINE, example_of  # the first frame does not need it

    return example_of(viewed.file.line_at(offset, LONGEST_LINE))
