"""From an example to its records, raw bytes and page, and back; and deleting a collection with what hangs on it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from webtune_tui.domain.errors import NotFound, StorageFailed
from webtune_tui.domain.origins import (
    RAW_LIMIT,
    Deleted,
    DeletedRecord,
    Dependents,
    Origin,
    PageText,
    RawPiece,
    RecordSource,
    RecordUses,
)
from webtune_tui.domain.records import Collection, Record
from webtune_tui.pipeline.cleaning import markup_to_text, tidy_space
from webtune_tui.services.raw_piece import RawFolder
from webtune_tui.storage import raw_folders
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.deletion import CollectionDeletion
from webtune_tui.storage.files import open_plain, storage_error
from webtune_tui.storage.origins import OriginQueries
from webtune_tui.storage.workspace import Workspace

_EXAMPLES = 200


class _Stopped(Exception):
    """The caller no longer waits; the deletion is taken back."""


class OriginsService:
    """Provenance of the workspace's records."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._queries = OriginQueries(workspace.database)
        self._collections = CollectionRepository(workspace.database)
        self._deletion = CollectionDeletion(workspace.database)

    # From an example to the bytes

    async def of_record(self, record_id: int, *, limit: int = RAW_LIMIT) -> RecordSource:
        """A record with its collection and at most ``limit`` of its raw bytes; with 0 no file is read through.

        A raw file that is missing or was changed is told in ``raw``.

        Raises:
            NotFound: there is no such record; the text says with which collection it was deleted.
        """
        found = await asyncio.to_thread(self._origin, record_id, limit)
        if isinstance(found, DeletedRecord):
            raise NotFound(f"There is no record {record_id}: {found.words}", hint="See: webtune collect list")
        return found

    async def of_records(self, record_ids: Sequence[int], *, limit: int = 0) -> Sequence[Origin]:
        """As :meth:`of_record` for the records of an example; deleted ones are told as such."""
        return await asyncio.to_thread(lambda: [self._origin(one, limit) for one in record_ids])

    async def at(self, collection_id: str, position: int, *, limit: int = RAW_LIMIT) -> RecordSource:
        """What a collection delivered at a position, also where another one holds it. Raises NotFound."""
        return await asyncio.to_thread(self._at, collection_id, position, limit)

    async def page_text(self, page: Path, *, encoding: str = "utf-8", limit: int = RAW_LIMIT) -> PageText:
        """A page of :class:`RecordSource` as words. Raises StorageFailed."""
        return await asyncio.to_thread(_page_text, page, encoding, limit)

    # Back

    async def examples_of(self, record_id: int, *, limit: int = _EXAMPLES) -> RecordUses:
        """The examples of the working version made of a record, its versions, and who else delivered it."""
        return await asyncio.to_thread(lambda: self._queries.uses(record_id, limit=limit))

    async def place_of_example(self, example_id: str) -> int | None:
        """The place of an example in the list of the working version, from 0; ``None`` where it is not in it."""
        return await asyncio.to_thread(self._queries.place_of_example, example_id)

    # Deleting

    async def dependents(self, collection_id: str) -> Dependents:
        """What depends on a collection. Raises NotFound."""

        def look() -> Dependents:
            found = self._deletion.dependents(collection_id)
            return replace(found, raw_bytes=raw_folders.size_of(self._workspace.raw_folder(collection_id)))

        return await asyncio.to_thread(look)

    async def delete(self, collection_id: str, *, told: Callable[[int, int], None] | None = None) -> Deleted:
        """Deletes a collection with its records and raw files: all of it or, when it is ended early, nothing.

        Records that others delivered too stay with the newest of them; what the others had replaced counts again.
        Dataset versions, money and exports stay. ``told`` hears how many of how many records are done.

        Raises:
            NotFound: there is no such collection. UsageError: it is not finished; cancel it first.
        """
        loop, is_unwanted = asyncio.get_running_loop(), threading.Event()

        def tell(done: int, total: int) -> None:
            if is_unwanted.is_set():
                raise _Stopped
            if told is not None:
                loop.call_soon_threadsafe(told, done, total)

        work = asyncio.ensure_future(asyncio.to_thread(self._delete, collection_id, tell))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            is_unwanted.set()
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()  # taken: the caller is gone, and nothing is half done
            raise

    async def settle_interrupted(self) -> Sequence[Path]:
        """Ends deletions that were killed, before anything else is done; answers what can't be removed yet."""
        raw = self._workspace.root / "raw"
        return await asyncio.to_thread(raw_folders.settle_interrupted, raw, self._deletion.exists)

    # Blocking

    def _origin(self, record_id: int, limit: int) -> Origin:
        record = self._queries.record(record_id)
        found = self._source(record, limit) if record else None
        return found or self._queries.deleted(record_id)

    def _at(self, collection_id: str, position: int, limit: int) -> RecordSource:
        record = self._queries.delivered(collection_id, position)
        found = self._source(record, limit) if record else None
        if found is None:
            raise NotFound(
                f"Collection {collection_id} has no record {position}",
                hint=f"See: webtune collect show {collection_id}",
            )
        return found

    def _source(self, record: Record, limit: int) -> RecordSource | None:
        """The record with what lies on disk; ``None`` where its collection was deleted since it was read."""
        collection = self._collections.get(record.collection_id)
        if collection is None:
            return None
        folder = self._folder(collection)
        raw = folder.piece(record.place, record.position, limit=limit)
        page = folder.page(self._queries.page_file(record))
        if page is None and _is_whole_file(raw):
            page = folder.page(raw.place.file)
        also = [
            one
            for one in self._queries.also_in(record.record_id)
            if (one.collection_id, one.position) != (record.collection_id, record.position)
        ]
        return RecordSource(record, collection, raw, page, tuple(also))

    def _folder(self, collection: Collection) -> RawFolder:
        stored = self._workspace.absolute(collection.raw_path) if collection.raw_path else None
        return RawFolder(self._workspace.raw_folder(collection.collection_id), stored)

    def _delete(self, collection_id: str, tell: Callable[[int, int], None]) -> Deleted:
        self._deletion.require_deletable(collection_id)
        aside = raw_folders.set_aside(self._workspace.raw_folder(collection_id))
        try:
            deleted = self._deletion.delete(collection_id, tell)
        except BaseException:
            if aside is not None:
                raw_folders.put_back(aside)
            raise
        if aside is None:
            return deleted
        try:
            raw_folders.discard(aside)
        except StorageFailed:
            return replace(deleted, leftover=aside)
        return deleted


def _is_whole_file(raw: RawPiece) -> bool:
    if raw.path is None or raw.size is None or raw.place.start != 0 or "!" in raw.place.file:
        return False
    return raw.path.is_file() and raw.size == raw.path.stat().st_size


def _page_text(page: Path, encoding: str, limit: int) -> PageText:
    try:
        with open_plain(page) as stream:
            size, data = os.fstat(stream.fileno()).st_size, stream.read(limit)
    except OSError as error:
        raise storage_error(page, error) from error
    text = data.decode(encoding, "replace")
    if page.suffix.lower() in (".html", ".htm"):
        text = tidy_space(markup_to_text(text))
    return PageText(page, text, size, size > len(data))
