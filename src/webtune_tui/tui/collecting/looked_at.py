"""The collection under the cursor: what is read of it, and its panes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from textual.content import Content

from webtune_tui.domain import clock
from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.records import Collection, Record, RecordKind
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.drift import CollectionDrift
from webtune_tui.tui.collecting.durations import UsualDurations
from webtune_tui.tui.known_collections import KnownCollections
from webtune_tui.tui.presentation.collections import status, waiting_words
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.collection_detail import CollectionDetail, stored
from webtune_tui.tui.widgets.record_pages import Asked

_LOG_SECONDS = 0.5


class LookedAt:
    """Keeps which collection is looked at and fills its panes; what comes late for an earlier one is dropped."""

    def __init__(self, screen: StageScreen, known: KnownCollections, durations: UsualDurations) -> None:
        self._screen = screen
        self._known = known
        self._durations = durations
        self._drift: dict[str, CollectionDrift | None] = {}
        self._shown_id: str | None = None
        self._shown_title = ""
        self._log_read_at = 0.0

    @property
    def current(self) -> Collection | None:
        """The collection that is looked at, as it is known now."""
        return self._known.get(self._shown_id)

    @property
    def detail(self) -> CollectionDetail:
        """Its panes."""
        return self._screen.query_one("#collect-detail", CollectionDetail)

    def turn_to(self, collection_id: str) -> bool:
        """Looks at a collection from now on; false where it was looked at already."""
        if collection_id == self._shown_id:
            return False
        self._shown_id = collection_id
        self._drift.pop(collection_id, None)
        self.show_status()
        self._screen.launch(self.load, "load")
        return True

    def show_status(self) -> None:
        """Draws its state and the names of its panes."""
        collection = self.current
        if collection is None:
            return
        key = collection.collection_id
        detail = self.detail
        title = display_line(collection.label or key, limit=60)
        if title != self._shown_title:  # setting it draws the whole panel
            self._shown_title = title
            detail.query_one("#collect-state").border_title = Content(title)
        drift = self._drift.get(key)
        progress, typical = self._known.progress_of(key), self._durations.of(collection)
        words = status(collection, progress, clock.now(), width=detail.state_width, typical=typical, drift=drift)
        detail.show_state(words)
        detail.show_tabs(collection, drift)
        if not collection.state.is_final:
            detail.say_what_is_empty(collection, waiting_words(collection, progress, clock.now(), typical))

    def grow(self, *, is_log_dirty: bool) -> bool:
        """Shows what has come to it; answers whether the log is read anew, which it is twice a second at most."""
        collection = self.current
        if collection is None:
            return False
        self.detail.records.grow(stored(collection))
        if not is_log_dirty or time.monotonic() - self._log_read_at < _LOG_SECONDS:
            return False
        self._log_read_at = time.monotonic()
        self._screen.launch(partial(self.load_log, collection.collection_id), "log")
        return True

    async def load(self) -> None:
        """Reads everything below the board."""
        collection = self.current
        if collection is None:
            return
        key = collection.collection_id
        kinds = (RecordKind.DATA,) if collection.errors or not collection.state.is_final else ()
        read = partial(self._read_records, key, kinds)
        self.detail.open(collection, read, partial(self._read_records, key, (RecordKind.ERROR, RecordKind.WARNING)))
        await self.load_log(key)
        await self._load_rejects(collection)
        await self._load_drift(key)
        if key == self._shown_id and collection.state.is_final:
            self.detail.say_what_is_empty(collection)
        self.show_status()

    async def refresh(self) -> None:
        """What has come to a collection that is followed elsewhere, such as by the demo."""
        collection = self.current
        if collection is not None and not collection.state.is_final:
            self.detail.records.grow(stored(collection))
            await self.load_log(collection.collection_id)

    async def load_log(self, collection_id: str) -> None:
        """Reads the log of a collection anew."""
        lines = await self._screen.services.collect.events_of(collection_id)
        if collection_id == self._shown_id:
            self.detail.show_log(lines)

    async def _read_records(self, collection_id: str, kinds: Sequence[RecordKind], asked: Asked) -> Sequence[Record]:
        try:
            return await self._screen.services.collect.records_of(
                collection_id, limit=asked.limit, after=asked.after, before=asked.before, kinds=kinds
            )
        except NotFound:
            return ()

    async def _load_rejects(self, collection: Collection) -> None:
        from webtune_tui.services.rejects import read_rejects, rejects_path

        if not collection.rejected:
            return
        workspace = self._screen.services.workspace
        found = await read_rejects(workspace, collection.collection_id)
        if collection.collection_id == self._shown_id:
            path = rejects_path(workspace, collection.collection_id)
            self.detail.show_rejects(found, collection.rejected, str(path))

    async def _load_drift(self, collection_id: str) -> None:
        try:
            self._drift[collection_id] = await self._screen.services.drift.report(collection_id)
        except NotFound:
            return
        if collection_id == self._shown_id:
            self.detail.show_drift(self._drift[collection_id])
            self.show_status()
