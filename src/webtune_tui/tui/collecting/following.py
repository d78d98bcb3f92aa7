"""Collections and imports that the Collect screen follows live; they go on when one looks elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial

from webtune_tui.domain.events import (
    CollectEvent,
    CollectionChanged,
    FileImported,
    Imported,
    ImportEvent,
    Noted,
    Progressed,
    RecordsArrived,
)
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.collect import CollectPlan
from webtune_tui.services.import_files import SOURCE as FILES
from webtune_tui.tui import attention
from webtune_tui.tui.known_collections import KnownCollections
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.states import collection_look
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.source_forms.base import ImportRequest

_NEW_IMPORT = "import"


class FollowedWork:
    """Takes the events of what runs into what is known; drawing reads ``is_dirty`` and ``is_log_dirty``.

    ``begun`` is called when something is followed from now on, ``importing`` with the progress of an import, ``found``
    with the id of a collection that is new on the board, and ``ended`` when something has come to its end.
    """

    def __init__(
        self,
        screen: StageScreen,
        known: KnownCollections,
        *,
        begun: Callable[[], None],
        importing: Callable[[Progressed], None],
        found: Callable[[str], None],
        ended: Callable[[], Awaitable[None]],
    ) -> None:
        self.is_dirty = False
        self.is_log_dirty = False
        self._screen = screen
        self._known = known
        self._begun = begun
        self._importing = importing
        self._found = found
        self._ended = ended

    def start(self, plan: CollectPlan) -> None:
        """Starts what was confirmed."""
        self._follow(plan.collection_id, self._screen.services.collect.start(plan), plan.label)

    def resume(self, collection: Collection, *, resend_unknown: bool = False) -> None:
        """Goes on with a collection."""
        key = collection.collection_id
        stream = self._screen.services.collect.resume(key, resend_unknown=resend_unknown)
        self._follow(key, stream, collection.label or key)

    def adopt(self, snapshot_id: str) -> None:
        """Takes over a snapshot of the account."""
        stream = self._screen.services.collect.adopt(snapshot_id)
        self._follow(f"snapshot {snapshot_id}", stream, f"Snapshot {snapshot_id}")

    def _follow(self, key: str, stream: AsyncIterator[CollectEvent], label: str) -> None:
        self._known.begin(key)
        self._screen.webtune.is_notice_hidden = True
        self._screen.follow(
            stream,
            partial(self._collect_event, key),
            group=f"collect {key}",
            label=f"Collecting {display_line(label, limit=80)}",
            ended=partial(self._work_ended, key),
        )
        self._begun()

    def _collect_event(self, key: str, event: CollectEvent) -> None:
        match event:
            case CollectionChanged(collection):
                before = self._known.changed(key, collection)
                if before is None:
                    self._found(collection.collection_id)
                if before is None or before.state is not collection.state:
                    self._screen.refresh_overview()
                    self._screen.refresh_bindings()
                self.is_log_dirty = True
            case Progressed():
                self._known.progressed(key, event)
            case RecordsArrived():
                pass  # the counters tell how many there are; the list reads what is in sight
            case Noted():
                self.is_log_dirty = True
        self.is_dirty = True

    async def _work_ended(self, key: str) -> None:
        followed = self._known.ended(key)
        self._known.read(await self._screen.services.collect.collections())
        collection = self._known.get(followed)
        is_told = key == _NEW_IMPORT and collection is not None and collection.state is CollectionState.READY
        if collection is not None and collection.state.is_final and not is_told:
            self._tell_end(collection)
        await self._ended()

    def _tell_end(self, collection: Collection) -> None:
        label = collection.label or collection.collection_id
        if collection.state is CollectionState.READY:
            words = f"{label}: {figures.count(collection.records, 'record')} are here."
            self._screen.notify(words)
        else:
            words = f"{label}: {collection_look(collection.state).word}. {collection.message}"
        attention.announce(self._screen.webtune, "collected", words)

    # Imports

    @property
    def running_import(self) -> Collection | None:
        """The collection that a running import fills, once it is known."""
        return self._known.found_as(_NEW_IMPORT)

    def start_import(self, request: ImportRequest) -> None:
        """Imports files as a person described them."""
        self._known.begin(_NEW_IMPORT)
        self._screen.follow(
            self._screen.services.imports.run(
                request.paths, format=request.format, encoding=request.encoding, list_path=request.list_path
            ),
            self._import_event,
            group=_NEW_IMPORT,
            label=f"Importing {display_line(request.paths[0].name, limit=80)}",
            survives=False,
            ended=partial(self._work_ended, _NEW_IMPORT),
        )
        self._begun()

    def stop_import(self) -> None:
        """Stops a running import; what is here by then stays."""
        self._screen.workers.cancel_group(self._screen, _NEW_IMPORT)

    def _import_event(self, event: ImportEvent) -> None:
        match event:
            case Progressed():
                self._importing(event)
                self._known.progressed(_NEW_IMPORT, event)
                self._show_import(event)
            case Noted() | FileImported():
                self.is_log_dirty = True
            case Imported(collection, files):
                self._known.put(collection)
                self._found(collection.collection_id)
                rejected = sum(file.rejected for file in files)
                rest = f", {rejected:,} rejected (R lists them)" if rejected else ""
                words = f"Imported {figures.count(collection.records, 'record')}{rest}"
                self._screen.notify(words)
                attention.announce(self._screen.webtune, "imported", words)
        self.is_dirty = True

    def _show_import(self, progress: Progressed) -> None:
        """A row of its own for the import that runs; the service tells its collection only at the end."""
        running = self.running_import
        if running is None:
            self._screen.launch(self._find_import, "find-import")
        elif progress.unit == "records":
            self._known.put(replace(running, records=progress.done, new=progress.done))

    async def _find_import(self) -> None:
        for collection in await self._screen.services.collect.collections():
            is_it = collection.source == FILES and collection.state is CollectionState.RUNNING
            if is_it and not self._known.is_live(collection.collection_id):
                self._known.changed(_NEW_IMPORT, collection)
                self._found(collection.collection_id)
                return
