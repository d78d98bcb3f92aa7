"""The dropped records on the screen: their reasons, what each would be beside what stayed, and bringing them back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.datasets import DroppedRecord
from webtune_tui.domain.errors import NotFound, WebtuneError
from webtune_tui.domain.examples import Message
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.part import ViewPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation.restoring import restored_words
from webtune_tui.tui.widgets.dropped_records import DroppedRecords

_SHOWN = 500
_PAIR_SECONDS = 0.05
_FINAL = ("error", "warning")


class LookingAtDropped(ViewPart):
    """Does what the list of dropped records asks for."""

    VIEW = "dropped"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "dropped", "Dropped", show=False, tooltip="The dropped records and their reasons"),
    ]

    def __init__(self, screen: DatasetFrame, listing: Listing) -> None:
        super().__init__(screen)
        self._listing = listing
        self._waiting: frozenset[str] = frozenset()

    @property
    def pane(self) -> DroppedRecords:
        """The reasons and their records."""
        return self._screen.query_one(DroppedRecords)

    def compose(self) -> DroppedRecords:
        """The reasons and their records."""
        pane = DroppedRecords(id=self.VIEW, classes="panel")
        pane.border_title = "Dropped records"
        return pane

    def focus(self) -> None:
        """Puts the keys into the reasons."""
        self.pane.focus_reasons()

    def action_dropped(self) -> None:
        """Shows which records made no example, and why."""
        screen = self._screen
        if screen.is_editing:
            return
        if screen.report is None:
            screen.say("Nothing was prepared yet, so nothing was dropped")
            return
        screen.show_view("dropped")
        self.edited()
        self.pane.focus_reasons()

    def edited(self) -> None:
        """Shows the counts as they are now."""
        if self._screen.report is not None:
            self.pane.show_reasons(self._screen.report.dropped)

    def prepared(self) -> None:
        """A new run: what waited for it is back."""
        self._waiting = frozenset()
        self.pane.show_waiting(self._waiting)

    @heard(DroppedRecords.ReasonWanted)
    def _reason_wanted(self, event: DroppedRecords.ReasonWanted) -> None:
        """Shows the records of a reason."""
        self._screen.launch(partial(self._load, event.reason), "dropped")

    async def _load(self, reason: str) -> None:
        prepare = self._screen.services.prepare
        records = await prepare.dropped(reason, limit=_SHOWN)
        self._waiting = wanted_back(await prepare.recipe())
        self.pane.show_records(reason, by_cluster(records))
        self.pane.show_waiting(self._waiting)

    # One record

    @heard(DroppedRecords.PairWanted)
    def _pair_wanted(self, event: DroppedRecords.PairWanted) -> None:
        """Shows what a record would be, beside the example that stayed for it."""
        self._screen.launch(partial(self._load_pair, event.record), "dropped-pair")

    async def _load_pair(self, record: DroppedRecord) -> None:
        await asyncio.sleep(_PAIR_SECONDS)  # a held arrow key passes many records
        gone = await self._as_built(record.record_id)
        self.pane.show_pair(record, await self._kept(record.keeper_id), gone)

    async def _as_built(self, record_id: int) -> Sequence[Message]:
        try:
            found = await self._screen.services.studio.preview(None, [record_id])
        except WebtuneError:  # the recipe can't be read; its panel says so
            return ()
        return found.rows[0].messages if found and found.rows else ()

    async def _kept(self, keeper_id: str) -> Sequence[Message]:
        if not keeper_id:
            return ()
        try:
            return (await self._screen.services.curate.example(keeper_id)).messages
        except NotFound:  # it was dropped by hand since
            return ()

    @heard(DroppedRecords.RecordWanted)
    def _record_wanted(self, event: DroppedRecords.RecordWanted) -> None:
        if type(event) is DroppedRecords.RecordWanted:
            self.open_record(event.record.record_id)

    def open_record(self, record_id: int) -> None:
        """Shows one record whole."""
        self._screen.launch(partial(self._open_record, record_id), "origin")

    async def _open_record(self, record_id: int) -> None:
        from webtune_tui.tui.modals.record import RecordDetail

        source = await self._screen.services.origins.of_record(record_id, limit=0)
        await self._screen.app.push_screen(RecordDetail(source.record))

    # Bringing back

    @heard(DroppedRecords.RestoreWanted)
    def _restore_wanted(self, event: DroppedRecords.RestoreWanted) -> None:
        """Brings records back; a duplicate takes the place of the one that stayed for it."""
        if self._screen.refuses_editing():
            return
        wanted = [one.example_id for one in event.records if one.example_id and one.reason not in _FINAL]
        if wanted:
            self._screen.queue(partial(self._restore, wanted), "edit")
        elif event.records:
            self._screen.say("A row that a source sent instead of data makes no example", "-care")

    async def _restore(self, example_ids: Sequence[str]) -> None:
        screen = self._screen
        result = await screen.services.curate.restore(example_ids)
        self._waiting |= frozenset(result.waiting)
        self.pane.show_waiting(self._waiting)
        await screen.read_version()
        screen.say(restored_words(result), "-good")
        screen.refresh_overview()
        if result.changed:
            self.edited()
            await self._listing.reload()


def by_cluster(records: Sequence[DroppedRecord]) -> Sequence[DroppedRecord]:
    """Duplicates of one example beside each other, the largest clusters first; others as they are."""
    sizes = Counter(one.keeper_id for one in records if one.keeper_id)
    return sorted(records, key=lambda one: (-sizes[one.keeper_id], one.keeper_id)) if sizes else records


def wanted_back(recipe: Mapping[str, object]) -> frozenset[str]:
    """The examples that the recipe's edits bring back."""
    edits = recipe.get("edits")
    kept = (edit.get("keep", ()) for edit in edits if isinstance(edit, Mapping)) if isinstance(edits, list) else ()
    return frozenset(one for ids in kept for one in ids)
