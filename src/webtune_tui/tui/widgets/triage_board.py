"""Triage: ten tiles at the left, the one under the cursor in full at the right with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.triage import harm_named
from webtune_tui.services.triage import HarmedRow, KeptTriage
from webtune_tui.tui.presentation.glyphs import GLYPHS
from webtune_tui.tui.presentation.progress import BESIDE, progress_line
from webtune_tui.tui.presentation.text_layout import Part, StyledLine, bar, fit, fit_right, short_number
from webtune_tui.tui.presentation.triage import age_words, tile_lines
from webtune_tui.tui.widgets.row_view import RowView
from webtune_tui.tui.widgets.styled_lines import StyledLines

_FIGURE = 6  # cells of a count


class TileList(RowView):
    """The tiles, the most harmful first: raw pairs, what is left, and a bar."""

    HEADER_LINES = 1

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tiles: Sequence[Tile] = ()

    def show(self, tiles: Sequence[Tile]) -> None:
        """Shows other tiles; the cursor stays on its tile."""
        name = self.current.name if self.current else ""
        self._tiles = tiles
        self.set_row_count(len(tiles))
        self.cursor = next((place for place, one in enumerate(tiles) if one.name == name), 0)

    @property
    def current(self) -> Tile | None:
        """The tile under the cursor."""
        return self._tiles[self.cursor] if self.cursor < len(self._tiles) else None

    def header(self, width: int) -> Sequence[Part]:
        """The names of the columns."""
        return [(fit(" harm", width - 2 * _FIGURE) + fit_right("raw", _FIGURE) + fit_right("now", _FIGURE), "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One tile."""
        tile = self._tiles[index]
        room = 8 if width >= 44 else 0
        largest = max((one.before for one in self._tiles), default=0)
        title = fit(f" {harm_named(tile.name).title}", width - 2 * _FIGURE - room)
        if not tile.is_checked:
            return [(title, "muted"), (fit("", room), ""), (fit_right(GLYPHS.unknown, 2 * _FIGURE), "muted")]
        now = "" if tile.after is None else short_number(tile.after)
        return [
            (title, "" if tile.before else "muted"),
            (fit(bar(tile.before, largest, max(room - 1, 0)), room), "bad"),
            (fit_right(short_number(tile.before), _FIGURE), "bad" if tile.before else "muted"),
            (fit_right(now, _FIGURE), "warn" if tile.after else "good"),
        ]


class HarmedRows(RowView):
    """The rows of one tile; those that are in the version can be edited and dropped here."""

    HEADER_LINES = 1
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", tooltip="Edit the example of this row"),
        Binding("d", "drop", "Drop", tooltip="Drop the example of this row"),
    ]

    class Asked(Message):
        """The example of a row is to be edited."""

        def __init__(self, row: HarmedRow) -> None:
            super().__init__()
            self.row = row

    class EditWanted(Asked):
        """The example of a row is to be edited."""

    class DropWanted(Asked):
        """The example of a row is to be dropped."""

    class GoneWanted(Message):
        """A key was pressed on a row that makes no example."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: Sequence[HarmedRow] = ()
        self._total = 0

    def show(self, rows: Sequence[HarmedRow], total: int, *, keep_place: bool) -> None:
        """Shows other rows, from the top where the place is not kept; ``total`` is how many the tile counts."""
        self._rows = rows
        self._total = total
        if not keep_place:
            self.cursor = 0
        self.set_row_count(len(rows))
        self.refresh()

    @property
    def current(self) -> HarmedRow | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def action_edit(self) -> None:
        """Edits the example of the row under the cursor."""
        self._ask(self.EditWanted)

    def action_drop(self) -> None:
        """Drops the example of the row under the cursor."""
        self._ask(self.DropWanted)

    def _ask(self, kind: type[Asked]) -> None:
        if (row := self.current) is not None:
            self.post_message(kind(row) if row.is_in_version else self.GoneWanted())

    def header(self, width: int) -> Sequence[Part]:
        """How many of the rows are listed."""
        more = f" (the first {len(self._rows):,} of {self._total:,})" if self._total > len(self._rows) else ""
        return [(fit(f" rows{more}", width - 9) + fit("  now", 9), "")]

    def row(self, index: int, width: int) -> Sequence[Part]:
        """One row."""
        one = self._rows[index]
        word, style = _NOW[one.is_in_version, one.is_harmed_now]
        title = fit(" " + display_line(one.title, limit=300), width - 9)
        return [(title, ""), (fit(f"  {word}", 9), style)]


_NOW = {
    (True, True): ("harmed", "warn"),
    (True, False): ("mended", "good"),
    (False, False): ("gone", "muted"),
    (False, True): ("gone", "muted"),
}


class TriageBoard(Vertical):
    """Shows what triage found. It asks; the screen does the work."""

    DEFAULT_CSS = """
    TriageBoard { height: 1fr; }
    TriageBoard #triage-state { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    TriageBoard #triage-state.-failed { color: $error; }
    TriageBoard #triage-main { height: 1fr; }
    TriageBoard #triage-tiles { width: 46; height: 1fr; border-right: vkey $border-blurred; }
    TriageBoard #triage-right { width: 1fr; height: 1fr; }
    TriageBoard #triage-tile { height: auto; min-height: 9; max-height: 50%; padding: 0 0 0 1; }
    TriageBoard #triage-rows { height: 1fr; }
    TriageBoard.-compact #triage-tiles { width: 32; }
    TriageBoard.-compact #triage-tile { height: 10; max-height: 10; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "look", "Look again"),
        Binding("f", "mend", "Mend"),
        Binding("b", "set_back", "Set back", show=False),
        Binding("c", "cancel", "Cancel", show=False),
        Binding("escape", "screen.back", "Back"),
    ]

    class LookWanted(Message):
        """Look at all records again."""

    class CancelWanted(Message):
        """Stop looking."""

    class SetBackWanted(Message):
        """Take the last fix back."""

    class RowsWanted(Message):
        """Show the rows of a tile."""

        def __init__(self, tile: Tile) -> None:
            super().__init__()
            self.tile = tile

    class MendWanted(RowsWanted):
        """Set the keys of the recipe that mend a tile."""

    class RowWanted(Message):
        """Show one row whole."""

        def __init__(self, row: HarmedRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._report: TriageReport | None = None
        self._pace = Pace()
        self._tile_of_rows = ""
        self.is_looking = False
        self.refusal = ""

    def compose(self) -> ComposeResult:
        yield Static("", id="triage-state", markup=False)
        with Horizontal(id="triage-main"):
            yield TileList(id="triage-tiles")
            with Vertical(id="triage-right"):
                yield StyledLines(id="triage-tile")
                yield HarmedRows(id="triage-rows")

    def on_resize(self) -> None:
        """Closer together on a small terminal."""
        self.set_class(self.size.width < 100, "-compact")

    # What the screen shows here

    def show(self, kept: KeptTriage) -> None:
        """Shows a report with its age."""
        self._report = kept.report
        self.is_looking = False
        tiles = self.query_one(TileList)
        tiles.show(kept.report.tiles)
        self._say(age_words(kept))
        self._show_tile()

    def show_progress(self, event: Progressed) -> None:
        """Shows how far the look is."""
        self.is_looking = True
        words = self._pace.words(event.stage, event.done, event.total, event.unit)
        self._state(progress_line(event, words, self.app.size.width - BESIDE, reading="Looking"))

    def show_rows(self, tile: Tile, rows: Sequence[HarmedRow]) -> None:
        """Shows the rows of a tile, if it is still the one under the cursor."""
        current = self.query_one(TileList).current
        if current is not None and current.name == tile.name:
            self.query_one(HarmedRows).show(
                rows, max(tile.before, tile.now), keep_place=tile.name == self._tile_of_rows
            )
            self._tile_of_rows = tile.name

    def say(self, words: str, *, failed: bool = False) -> None:
        """Says something in the line at the top."""
        self.is_looking = False
        self._say(words, failed=failed)

    @property
    def tile(self) -> Tile | None:
        """The tile under the cursor."""
        return self.query_one(TileList).current

    @property
    def are_rows_focused(self) -> bool:
        """Whether the keys go to the rows."""
        return not self.query_one(TileList).has_focus

    def focus_rows(self) -> None:
        """The keys go to the rows."""
        self.query_one(HarmedRows).focus()

    def focus_tiles(self) -> None:
        """The keys go to the tiles."""
        self.query_one(TileList).focus()

    # The person's wishes

    @on(RowView.Moved, "#triage-tiles")
    def _tile_moved(self, event: RowView.Moved) -> None:
        event.stop()
        self._show_tile()

    @on(RowView.Chosen, "#triage-tiles")
    def _tile_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        self.query_one(HarmedRows).focus()

    @on(RowView.Moved, "#triage-rows")
    def _row_moved(self, event: RowView.Moved) -> None:
        event.stop()

    @on(HarmedRows.GoneWanted)
    def _row_is_gone(self, event: HarmedRows.GoneWanted) -> None:
        event.stop()
        self._say("This row makes no example: there is nothing to edit or to drop. D tells why it went")

    @on(RowView.Chosen, "#triage-rows")
    def _row_chosen(self, event: RowView.Chosen) -> None:
        event.stop()
        if row := self.query_one(HarmedRows).current:
            self.post_message(self.RowWanted(row))

    def action_look(self) -> None:
        """Looks at all records again."""
        if not self.is_looking:
            self.post_message(self.LookWanted())

    def action_cancel(self) -> None:
        """Stops looking."""
        if self.is_looking:
            self.post_message(self.CancelWanted())

    def action_mend(self) -> None:
        """Mends the tile under the cursor, or says why there is nothing to do."""
        tile = self.query_one(TileList).current
        if tile is None:
            self._say("Nothing was looked at yet: r looks at the records")
        elif self.refusal:
            self._say(self.refusal, failed=True)
        elif not tile.is_checked:
            self._say(f"{harm_named(tile.name).title} can't be mended here: its part is not installed")
        elif not tile.now:
            self._say(f"{harm_named(tile.name).title}: nothing to mend")
        elif tile.left == tile.now:
            self._say("No step mends what is left: enter goes to the rows, e edits one, d drops it")
        elif not tile.fix:
            self._say("The recipe mends it already: p and r prepare anew")
        else:
            self.post_message(self.MendWanted(tile))

    def action_set_back(self) -> None:
        """Takes the last fix back."""
        if self.refusal:
            self._say(self.refusal, failed=True)
        else:
            self.post_message(self.SetBackWanted())

    # Drawing

    def _show_tile(self) -> None:
        tile, report = self.query_one(TileList).current, self._report
        if tile is None or report is None:
            return

        def lines(width: int) -> Sequence[StyledLine]:
            return tile_lines(tile, report, width)

        self.query_one("#triage-tile", StyledLines).show(lines)
        self.post_message(self.RowsWanted(tile))

    def _say(self, words: str, *, failed: bool = False) -> None:
        self._state(Content(display_line(words, limit=300)), failed=failed)

    def _state(self, words: Content, *, failed: bool = False) -> None:
        state = self.query_one("#triage-state", Static)
        state.set_class(failed, "-failed")
        state.update(words)
