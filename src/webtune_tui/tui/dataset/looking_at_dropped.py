"""The dropped records on the screen: their reasons, the records of one of them, and one record whole."""

from __future__ import annotations

from functools import partial

from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.widgets.dropped_records import DroppedRecords

_SHOWN = 500


class LookingAtDropped:
    """Does what the list of dropped records asks for."""

    def __init__(self, screen: DatasetFrame) -> None:
        self._screen = screen

    @property
    def pane(self) -> DroppedRecords:
        """The reasons and their records."""
        return self._screen.query_one(DroppedRecords)

    def open(self) -> None:
        """Shows which records made no example, and why."""
        screen = self._screen
        if screen.report is None:
            screen.say("Nothing was prepared yet, so nothing was dropped")
            return
        screen.show_view("dropped")
        self.pane.show_reasons(screen.report.dropped)
        self.pane.focus_reasons()

    def load(self, reason: str) -> None:
        """Shows the records of a reason."""
        self._screen.launch(partial(self._load, reason), "dropped")

    async def _load(self, reason: str) -> None:
        records = await self._screen.services.prepare.dropped(reason, limit=_SHOWN)
        self.pane.show_records(reason, records)

    def open_record(self, record_id: int) -> None:
        """Shows one record whole."""
        self._screen.launch(partial(self._open_record, record_id), "origin")

    async def _open_record(self, record_id: int) -> None:
        from webtune_tui.tui.modals.record import RecordDetail

        source = await self._screen.services.origins.of_record(record_id, limit=0)
        await self._screen.app.push_screen(RecordDetail(source.record))
