"""Triage on the screen: the report that was kept, a new look, the rows of a tile, and the fix of one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.triage import harm_named
from webtune_tui.services.triage import KeptTriage, Triaged, TriageEvent
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.editing import Editing
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.looking_at_dropped import LookingAtDropped
from webtune_tui.tui.dataset.part import ViewPart
from webtune_tui.tui.dataset.preparing import Preparing
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation.triage import effect_words, fix_words, set_back_words
from webtune_tui.tui.widgets.triage_board import HarmedRows, TriageBoard

_DRAW_SECONDS = 0.1
_QUICK_SECONDS = 5.0  # a look that takes no longer is taken again by itself where something changed


class Triaging(ViewPart):
    """Does what the board asks for."""

    VIEW = "triage"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "triage", "Triage", tooltip="What harms in the records and in this version, and what mends it"),
    ]

    def __init__(self, screen: DatasetFrame, editing: Editing, preparing: Preparing, dropped: LookingAtDropped) -> None:
        super().__init__(screen)
        self._editing = editing
        self._preparing = preparing
        self._dropped = dropped
        self._run: Worker[None] | None = None
        self._drawn_at = 0.0
        self._before: Mapping[str, str] = {}
        self._found: TriageReport | None = None

    @property
    def board(self) -> TriageBoard:
        """The pane."""
        return self._screen.query_one(TriageBoard)

    def compose(self) -> TriageBoard:
        """The pane."""
        board = TriageBoard(id=self.VIEW, classes="panel")
        board.border_title = "Triage"
        return board

    def focus(self) -> None:
        """Puts the keys into the tiles."""
        self.board.focus_tiles()

    async def services_ready(self) -> None:
        """Says why nothing can be mended in a read-only workspace."""
        if self._screen.is_read_only:
            self.board.refusal = self._screen.webtune.place.read_only_reason

    def action_triage(self) -> None:
        """Shows the newest report; without one looks at once."""
        screen = self._screen
        if screen.are_services_open and not screen.is_editing and screen.view not in ("studio", "triage"):
            screen.show_view("triage")
            screen.launch(self._open, "triage-report")

    def leave(self) -> None:
        """Goes back from the rows to the tiles, then to the table."""
        if self.board.are_rows_focused:
            self.board.focus_tiles()
        else:
            super().leave()

    async def _open(self) -> None:
        try:
            kept = await self._screen.services.triage.newest()
        except WebtuneError as error:
            self.board.say(error_display.words(error).replace("\n", "  ·  "), failed=True)
            return
        if kept is not None:
            self.board.show(kept)
            if kept.is_stale and kept.report.seconds <= _QUICK_SECONDS:
                self.look()
        elif not sum(collection.records for collection in await self._screen.services.collect.collections()):
            self.board.say("No records to look at yet: go to Collect (2)")
        elif not self._is_running:
            self.look()

    # Looking

    @property
    def _is_running(self) -> bool:
        return self._run is not None and not self._run.is_finished

    @heard(TriageBoard.LookWanted)
    def look(self) -> None:
        """Looks at all records."""
        if self._is_running:
            return
        self.board.show_progress(Progressed("starting", 0))
        self._found = None
        self._run = self._screen.follow(
            self._screen.services.triage.run(),
            self._show_event,
            group="triage",
            label="Triage",
            survives=False,
            ended=self._ended,
        )

    def _show_event(self, event: TriageEvent) -> None:
        if isinstance(event, Triaged):
            self._found = event.report
        elif isinstance(event, Progressed):
            now = time.monotonic()
            if now - self._drawn_at >= _DRAW_SECONDS:
                self._drawn_at = now
                self.board.show_progress(event)

    async def _ended(self) -> None:
        if self._screen.webtune.is_leaving:
            return
        if self._found is not None:  # a read-only workspace keeps no report
            self.board.show(KeptTriage(self._found, False, False, False))
        elif (kept := await self._screen.services.triage.newest()) is not None:
            self.board.show(kept)
        else:
            self.board.say("Nothing was looked at yet: r looks at the records")

    @heard(TriageBoard.CancelWanted)
    def _cancel(self) -> None:
        """Stops looking; the report before stays."""
        if self._run is not None and self._is_running:
            self._run.cancel()
            self._screen.say("Stopped; the report before stays", "-care")

    # Rows

    @heard(TriageBoard.RowsWanted)
    def _rows_wanted(self, event: TriageBoard.RowsWanted) -> None:
        """Shows the rows of a tile."""
        if type(event) is TriageBoard.RowsWanted:
            self._screen.launch(partial(self._load_rows, event.tile), "triage-rows")

    async def _load_rows(self, tile: Tile) -> None:
        self.board.show_rows(tile, await self._screen.services.triage.rows(tile))

    def edited(self) -> None:
        """Shows the rows of the tile under the cursor as they are now."""
        if (tile := self.board.tile) is not None:
            self._screen.launch(partial(self._load_rows, tile), "triage-rows")

    @heard(TriageBoard.RowWanted)
    def _row_wanted(self, event: TriageBoard.RowWanted) -> None:
        """Shows the record of a row."""
        self._dropped.open_record(event.row.record_id)

    @heard(HarmedRows.EditWanted)
    def _edit_wanted(self, event: HarmedRows.EditWanted) -> None:
        if not self._screen.refuses_editing():
            self._editing.edit(event.row.example_id, back=self._back_to_rows)

    def _back_to_rows(self) -> None:
        self._screen.show_view("triage")
        self.board.focus_rows()
        self.edited()

    @heard(HarmedRows.DropWanted)
    def _drop_wanted(self, event: HarmedRows.DropWanted) -> None:
        if not self._screen.refuses_editing():
            self._editing.drop((event.row.example_id,), then=self.edited)

    # Mending

    @heard(TriageBoard.MendWanted)
    def _mend_wanted(self, event: TriageBoard.MendWanted) -> None:
        """Sets the keys that mend a tile, after showing what they would do, and offers to prepare again."""
        self._screen.queue(partial(self._mend, event.tile), "recipe")

    async def _mend(self, tile: Tile) -> None:
        title = harm_named(tile.name).title
        question = f"{effect_words(tile)}\n\nrecipe.toml gets:\n{fix_words(tile.fix)}\n\nb sets it back."
        if not await self._screen.confirm(
            f"Mend: {title.lower()}?", question, yes="Mend", no="Leave it", harmless=True
        ):
            return
        prepare = self._screen.services.prepare
        before = values_of(await prepare.recipe(), tile.fix)
        await prepare.set_option(tile.fix)
        self._before = before
        self._screen.say(f"The recipe mends it. To set it back: b, or {set_back_words(before)}", "-good")
        await self._open()
        if await self._screen.confirm(
            "Prepare again?",
            "The fix works from the next run of the recipe on. The version before stays readable.",
            yes="Prepare",
            no="Later",
            harmless=True,
        ):
            self._prepare_again()

    def _prepare_again(self) -> None:
        self._preparing.action_prepare()
        self._preparing.run({}, then=self._look_again)

    def _look_again(self) -> None:
        """Back to the board that asked for the run, with the counts after it."""
        if self._screen.view == "prepare":
            self._screen.show_view("triage")
            self.look()

    @heard(TriageBoard.SetBackWanted)
    def _set_back_wanted(self) -> None:
        """Takes the last fix back."""
        self._screen.queue(self._set_back, "recipe")

    async def _set_back(self) -> None:
        if not self._before:
            self.board.say("Nothing was mended here since the app was started")
            return
        await self._screen.services.prepare.set_option(self._before)
        self._screen.say(f"Set back: {', '.join(self._before)}", "-good")
        self._before = {}
        await self._open()


def values_of(recipe: Mapping[str, object], keys: Mapping[str, str]) -> Mapping[str, str]:
    """What the recipe says of some keys of steps, as they are set."""
    found = {}
    for key in keys:
        value: object = recipe
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        found[key] = _as_text(value)
    return found


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
