"""Following a snapshot: waiting, downloading, storing, and the receipt at the end."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import shutil
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from webtune_tui import __version__
from webtune_tui.domain import clock
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.errors import NoSpace, Offline, RateLimited, ServiceUnavailable, StillRunning, TryLater
from webtune_tui.domain.events import CollectEvent, CollectionChanged, Noted, Progressed, RecordsArrived
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services import raw_data
from webtune_tui.services.batched_download import BatchedDownload
from webtune_tui.services.batched_download import forget as forget_batches
from webtune_tui.services.beside_screen import SHORT_COLLECTIONS
from webtune_tui.services.collection_book import CollectionBook, Connections
from webtune_tui.services.drift import DriftService
from webtune_tui.services.ingest import FEW_ROWS, Ingest, RejectsFile
from webtune_tui.services.money import MoneyService
from webtune_tui.services.patience import Patience
from webtune_tui.services.stepwise import in_thread
from webtune_tui.settings import Settings
from webtune_tui.sources.base import (
    CutBody,
    NoBatches,
    ScrapingService,
    SnapshotEmpty,
    SnapshotExpired,
    SnapshotMissing,
    SnapshotNotReady,
    SnapshotStatus,
)
from webtune_tui.sources.delivered import delivered_record, place_of
from webtune_tui.storage.files import make_folder, require_space, storage_error
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

_SAMPLE = 5
_DOWNLOAD_TRIES = 5
_BYTES_PER_RECORD = 24_000
_SMALLEST_BATCH = 1000  # the service takes no smaller ones
_SPACE_ASKED_FOR = 20_000  # records that must fit before a download begins; beyond it the disk is watched
_SPARE_BYTES = 64 * 1024**2
_PROGRESS_SECONDS = 0.1
_SANDBOX_BASIS = "sandbox: nothing is charged"


class SnapshotFollow:
    """From a snapshot id to stored records. Every call may be made again; what is done is not done twice."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        book: CollectionBook,
        connections: Connections,
        money: MoneyService,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._book = book
        self._connections = connections
        self._money = money
        self._records = RecordRepository(workspace.database)
        self._drift = DriftService(workspace)

    async def run(self, collection: Collection, patience: Patience) -> AsyncGenerator[CollectEvent, None]:
        """From a snapshot id to the stored records; what earlier runs did is not done again."""
        with SHORT_COLLECTIONS:
            async with aclosing(self._run(collection, patience)) as steps:
                async for event in steps:
                    yield event

    async def _run(self, collection: Collection, patience: Patience) -> AsyncGenerator[CollectEvent, None]:
        folder = self._workspace.raw_folder(collection.collection_id)
        await asyncio.to_thread(make_folder, folder)
        if not await asyncio.to_thread(_is_downloaded, folder):
            async for event in self._fetch(collection, folder, patience):
                if isinstance(event, CollectionChanged):
                    collection = event.collection
                yield event
            if collection.state is not CollectionState.RUNNING:
                return
        await asyncio.to_thread(forget_batches, folder)  # a run that was killed may have left these
        await asyncio.to_thread(raw_data.sweep, folder)
        async for event in self._ingest(collection, folder):
            yield event
        yield CollectionChanged(await self._settle(collection.collection_id))

    async def _fetch(
        self, collection: Collection, folder: Path, patience: Patience
    ) -> AsyncGenerator[CollectEvent, None]:
        """Waits for the snapshot and downloads it, through whatever trouble a free call may meet."""
        client = await self._connections.of(collection)
        tries, expected = 0, None
        short: set[str] = set()
        is_ready, may_be_batched = False, True
        batched: BatchedDownload | None = None
        while True:
            try:
                if not is_ready:
                    status = await client.progress(_snapshot(collection))
                    patience.answered()
                    collection, is_ready = await self._note_status(collection, status)
                    yield CollectionChanged(collection)
                    if collection.state is not CollectionState.RUNNING:
                        return
                    expected = status.records
                if is_ready:
                    collection = await self._book.set(collection.collection_id, phase="downloading")
                    yield CollectionChanged(collection)
                    if may_be_batched and batched is None:
                        batched = self._batches(client, collection, folder, expected)
                    part = folder / raw_data.PART
                    pieces = batched.run() if batched else client.download(_snapshot(collection), part)
                    async with aclosing(self._download(pieces, folder, patience, expected)) as steps:
                        async for event in steps:
                            yield event
                    is_whole = await self._keep_raw(collection, folder, expected, short, in_batches=batched is not None)
                    if is_whole:
                        return
                    raise CutBody(f"The download holds fewer records than the {expected} that were announced")
                await patience.between_polls()
            except SnapshotNotReady as error:
                patience.answered()
                collection = await self._book.set(collection.collection_id, phase="building")
                yield CollectionChanged(collection)
                await patience.between_polls(error.retry_after)
            except NoBatches as error:
                batched, may_be_batched = None, False
                await self._book.log(collection, f"{error.message}; fetching the whole body instead", "warn")
                await asyncio.to_thread(forget_batches, folder)
            except SnapshotEmpty as error:
                yield CollectionChanged(await self._finish_empty(collection, error.message))
                return
            except SnapshotMissing as error:
                if isinstance(error, SnapshotExpired) or not patience.is_young:
                    yield CollectionChanged(await self._finish_failed(collection, error.message))
                    return
                await patience.between_polls()
            except (Offline, ServiceUnavailable, RateLimited, CutBody) as error:
                is_ahead = batched is not None and batched.has_advanced()
                tries = 0 if is_ahead else tries + isinstance(error, CutBody)
                if tries >= _DOWNLOAD_TRIES:
                    raise
                collection = await self._note_trouble(collection, error)
                yield CollectionChanged(collection)
                yield Noted(error.message, level="warn")
                await patience.after_trouble(error)

    async def _note_status(self, collection: Collection, status: SnapshotStatus) -> tuple[Collection, bool]:
        """Stores what the service says; the truth is whether the snapshot is ready to be fetched."""
        if status.state in ("failed", "cancelled"):
            if status.state == "cancelled":
                return await self._finish_cancelled(collection), False
            if "snapshot is empty" in status.message.lower():
                return await self._finish_empty(collection, status.message), False
            return await self._finish_failed(collection, status.message), False
        is_ready = status.state == "ready"
        changes: dict[str, Any] = {"phase": status.raw_state}
        if collection.message:
            changes["message"] = ""
        if changes["phase"] != collection.phase or collection.message:
            await self._book.log(collection, f"The service says: {status.raw_state}")
            collection = await self._book.set(collection.collection_id, **changes)
        if is_ready:
            return collection, True
        live = dataclasses.replace(
            collection, records=status.records or collection.records, errors=status.errors or collection.errors
        )
        return live, False

    async def _note_trouble(self, collection: Collection, error: TryLater) -> Collection:
        """Shows trouble as a phase with its beginning; it ends no collection."""
        if collection.phase.startswith(("offline since", "slowed down since")):
            return collection
        word = "slowed down" if isinstance(error, RateLimited) else "offline"
        await self._book.log(collection, error.message, "warn")
        return await self._book.set(
            collection.collection_id, phase=f"{word} since {time.strftime('%H:%M:%S')}", message=error.message
        )

    def _batches(
        self, client: ScrapingService, collection: Collection, folder: Path, expected: int | None
    ) -> BatchedDownload | None:
        """The download in batches of what is large enough for it."""
        if expected is None or expected < self._settings.batches_from_records:
            return None
        size = max(_SMALLEST_BATCH, self._settings.records_per_batch)
        return BatchedDownload(client, _snapshot(collection), folder, size, expected)

    async def _download(
        self, pieces: AsyncGenerator[int, None], folder: Path, patience: Patience, expected: int | None
    ) -> AsyncGenerator[CollectEvent, None]:
        """Takes the pieces of a download, watching the deadline and the disk."""
        part = folder / raw_data.PART
        needed = min(expected or 0, _SPACE_ASKED_FOR) * _BYTES_PER_RECORD + _SPARE_BYTES
        await asyncio.to_thread(require_space, folder, needed)
        shown = 0.0
        async with aclosing(pieces):
            while True:
                try:
                    written = await asyncio.wait_for(anext(pieces), patience.left)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    raise StillRunning(
                        "The deadline passed during the download", hint="Run: webtune collect resume"
                    ) from error
                except OSError as error:
                    raise storage_error(part, error) from error
                if shutil.disk_usage(folder).free < _SPARE_BYTES:
                    raise NoSpace(
                        f"{folder} is almost full; the download stopped at {written / 1e6:,.0f} MB",
                        hint="Free some space, then: webtune collect resume",
                    )
                if time.monotonic() - shown >= _PROGRESS_SECONDS:
                    shown = time.monotonic()
                    yield Progressed("downloading", written, unit="bytes")

    async def _keep_raw(
        self, collection: Collection, folder: Path, expected: int | None, short: set[str], *, in_batches: bool
    ) -> bool:
        """Checks the part file and gives it its name; false where it holds fewer rows than were announced.

        ``short`` remembers the hashes of those: the very same bytes twice are what the service has, and no cut.
        """
        raw = await asyncio.to_thread(raw_data.measured, folder / raw_data.PART)
        if expected is not None and raw.rows < expected:
            if raw.sha256 not in short:
                short.add(raw.sha256)
                return False
            await self._book.log(collection, f"The service announced {expected} records and sent {raw.rows}", "warn")
        await asyncio.to_thread(raw_data.keep, folder)
        facts = _facts(collection) | ({raw_data.ANNOUNCED: expected} if in_batches else {})
        await asyncio.to_thread(raw_data.write_manifest, folder, facts, [dataclasses.asdict(raw)])
        await self._book.set(
            collection.collection_id,
            phase="storing",
            raw_path=self._workspace.relative(folder / raw_data.RECORDS),
            message="",
        )
        await self._book.log(collection, f"Downloaded {raw.bytes:,} bytes, {raw.rows:,} rows")
        return True

    async def _ingest(self, collection: Collection, folder: Path) -> AsyncGenerator[CollectEvent, None]:
        """Stores the raw rows as records in a thread."""
        collection_id = collection.collection_id
        scraper_id = str(collection.request.get("scraper_id", ""))
        if not (folder / raw_data.MANIFEST).exists():  # killed between the rename and the manifest
            raw = await asyncio.to_thread(raw_data.measured, folder / raw_data.RECORDS)
            await asyncio.to_thread(raw_data.write_manifest, folder, _facts(collection), [dataclasses.asdict(raw)])
        raw_path = self._workspace.relative(folder / raw_data.RECORDS)
        await self._book.set(collection_id, phase="storing", raw_path=raw_path)
        rejects = RejectsFile(folder / "rejects.jsonl")
        done = await asyncio.to_thread(self._records.stored_up_to, collection_id)
        await asyncio.to_thread(rejects.forget_from, done)
        now = clock.now()
        is_overlapping = await asyncio.to_thread(raw_data.surplus_of, folder) > 0
        ingest = Ingest(
            self._records,
            rejects,
            collection_id,
            lambda position, row: delivered_record(
                collection_id,
                position,
                row.fields,
                scraper_id,
                now=now,
                place=place_of(row),
                is_overlapping=is_overlapping,
            ),
            str(folder / raw_data.RECORDS),
            turn_rows=FEW_ROWS,
        )
        shown = 0.0
        async with aclosing(in_thread(ingest.run(raw_data.rows_of(folder / raw_data.RECORDS)))) as batches:
            async for batch in batches:
                if batch.stored:
                    yield RecordsArrived(collection_id, tuple(batch.stored[:_SAMPLE]))
                if time.monotonic() - shown >= _PROGRESS_SECONDS:
                    shown = time.monotonic()
                    yield Progressed("storing", batch.collection.records, unit="records")
                    yield CollectionChanged(batch.collection)

    async def _settle(self, collection_id: str) -> Collection:
        """The receipt: what was delivered and what it cost."""
        found = await self._book.find(collection_id)
        assert found is not None, "collections are never deleted while they are followed"
        collection = found
        if collection.is_sandbox:
            cost, basis = 0.0, _SANDBOX_BASIS
        else:
            price = float(collection.request.get("price_per_1000", self._settings.price_per_1000_records))
            dated = str(collection.request.get("price_dated", self._settings.price_dated))
            delivered = collection.records - await asyncio.to_thread(self._doubled, collection)
            cost = round(delivered * price / 1000, 6)
            basis = f"{delivered:,} records x ${price:g} per 1,000, price of {dated}"
        await self._money.charge(collection_id, cost, basis, collection.operation_id)
        if not collection.records:
            return await self._finish_empty(
                collection,
                f"No records: all {collection.errors:,} rows are errors" if collection.errors else "No records",
                cost=cost,
            )
        message = f"{collection.rejected:,} rows could not be read" if collection.rejected else ""
        previous, gone = await asyncio.to_thread(self._drift.settle, collection)
        since = f", {gone:,} gone since {previous.created_at[:10]}" if previous is not None else ""
        await self._book.log(
            collection,
            f"Stored {collection.records:,} records: {collection.new:,} new, {collection.changed:,} changed{since} "
            f"({collection.duplicates:,} already here), {collection.errors:,} error rows; {usd(cost)}, {basis}",
        )
        return await self._book.set(
            collection_id,
            state=CollectionState.READY,
            phase="",
            cost=cost,
            message=message,
            finished_at=clock.now(),
            previous_id=previous.collection_id if previous is not None else None,
            gone=gone,
        )

    def _doubled(self, collection: Collection) -> int:
        """Records that came twice because batches of the download overlap: the service delivered them once."""
        surplus = raw_data.surplus_of(self._workspace.raw_folder(collection.collection_id))
        return min(surplus, self._records.repeated_in(collection)) if surplus else 0

    async def _finish_empty(self, collection: Collection, message: str, *, cost: float = 0.0) -> Collection:
        await self._money.charge(collection.collection_id, cost, "nothing delivered", collection.operation_id)
        return await self._book.set(
            collection.collection_id,
            "warn",
            state=CollectionState.EMPTY,
            phase="",
            message=message,
            cost=cost,
            finished_at=clock.now(),
        )

    async def _finish_failed(self, collection: Collection, message: str) -> Collection:
        await self._money.charge(collection.collection_id, 0.0, "failed: nothing delivered", collection.operation_id)
        return await self._book.set(
            collection.collection_id,
            "error",
            state=CollectionState.FAILED,
            phase="",
            message=message,
            cost=0.0,
            finished_at=clock.now(),
        )

    async def _finish_cancelled(self, collection: Collection) -> Collection:
        if collection.is_sandbox:
            await self._money.charge(collection.collection_id, 0.0, _SANDBOX_BASIS, collection.operation_id)
        return await self._book.set(
            collection.collection_id,
            "warn",
            state=CollectionState.CANCELLED,
            phase="",
            message="Cancelled at the service; what it delivered before may be charged",
            finished_at=clock.now(),
        )

    async def state_after_cancel(self, collection: Collection, patience: Patience) -> Collection:
        """Asks a few times what became of it; one that is still running goes on to be followed."""
        client = await self._connections.of(collection)
        with contextlib.suppress(StillRunning):
            for _ in range(5):
                with contextlib.suppress(SnapshotNotReady):
                    status = await client.progress(_snapshot(collection))
                    if status.state != "running":
                        collection, _ = await self._note_status(collection, status)
                        return collection
                await patience.between_polls()
        return await self._book.set(collection.collection_id, phase="cancelling")


def _facts(collection: Collection) -> dict[str, Any]:
    """What the manifest says beside the files."""
    return {
        "collection_id": collection.collection_id,
        "source": collection.source,
        "request": dict(collection.request),
        "snapshot_id": collection.snapshot_id,
        "address": collection.address,
        "is_sandbox": collection.is_sandbox,
        "downloaded_at": clock.now(),
        "webtune": __version__,
    }


def _snapshot(collection: Collection) -> str:
    assert collection.snapshot_id is not None, "only collections with a snapshot are followed"
    return collection.snapshot_id


def _is_downloaded(folder: Path) -> bool:
    return (folder / raw_data.RECORDS).exists()
