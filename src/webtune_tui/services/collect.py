"""Collecting records through a remote scraping service, priced, capped and resumable."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import secrets
import shlex
import shutil
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from webtune_tui import __version__, registry
from webtune_tui.domain import clock
from webtune_tui.domain.costs import Operation, OperationState
from webtune_tui.domain.errors import (
    NoSpace,
    NotFound,
    Offline,
    OutcomeUnknown,
    RateLimited,
    ServiceUnavailable,
    StillRunning,
    TryLater,
    UsageError,
    WebtuneError,
)
from webtune_tui.domain.events import CollectEvent, CollectionChanged, Noted, Progressed, RecordsArrived
from webtune_tui.domain.records import Collection, CollectionState, Record
from webtune_tui.services import raw_data
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.ingest import Ingest, RejectsFile
from webtune_tui.services.money import MoneyService
from webtune_tui.services.patience import Patience, Waiting
from webtune_tui.services.stepwise import in_thread
from webtune_tui.settings import Settings
from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources import catalogue
from webtune_tui.sources.base import (
    CutBody,
    Scraper,
    ScraperDoor,
    ScrapingService,
    SnapshotEmpty,
    SnapshotExpired,
    SnapshotListing,
    SnapshotMissing,
    SnapshotNotReady,
    SnapshotStatus,
    TriggerRequest,
)
from webtune_tui.sources.delivered import delivered_record
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.files import make_folder, require_space, storage_error
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

SOURCE = "brightdata"
OPERATION = "collect"
_SAMPLE = 5
_YOUNG_SECONDS = 20  # the service may not know a snapshot for a moment after its trigger
_BEFORE, _AFTER = timedelta(minutes=2), timedelta(minutes=10)
_DOWNLOAD_TRIES = 5
_BYTES_PER_RECORD = 24_000
_SPARE_BYTES = 64 * 1024**2
_PROGRESS_SECONDS = 0.1
_SHOWN_INPUTS = 20


def new_collection_id() -> str:
    """A short id that sorts by day."""
    return f"c{datetime.now(UTC):%y%m%d}-{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class CollectPlan:
    """A checked request with what it will cost at most, before anything is sent.

    ``body`` and ``query`` are what goes over the wire; ``command`` is the same as a ``webtune`` command line. A plan
    is good for one collection: starting it again goes on with the one it began.
    """

    request: TriggerRequest
    scraper: Scraper
    address: str
    is_sandbox: bool
    worst_case_records: int
    estimated_cost: float
    basis: str
    query: Mapping[str, str]
    body: str
    command: str
    collection_id: str = field(default_factory=new_collection_id)


class CollectService:
    """Collections of a workspace."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        accounts: AccountsService,
        money: MoneyService,
        *,
        waiting: Waiting | None = None,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._accounts = accounts
        self._money = money
        self._waiting = waiting or Waiting()
        self._collections = CollectionRepository(workspace.database)
        self._records = RecordRepository(workspace.database)
        self._clients: dict[str, ScrapingService] = {}

    async def scrapers(self, search: str = "") -> Sequence[Scraper]:
        """The scrapers of the bundled catalogue that match a text, by name, site or id."""
        return await asyncio.to_thread(catalogue.search, search)

    async def plan(
        self,
        scraper: str,
        inputs: Sequence[Mapping[str, Any]],
        *,
        discover_by: str | None = None,
        limit_per_input: int | None = None,
        max_records: int | None = None,
    ) -> CollectPlan:
        """Checks a request against the scraper's declared inputs and prices it. Raises NotFound, UsageError."""
        chosen = await asyncio.to_thread(catalogue.find, scraper)
        door = catalogue.choose_door(chosen, inputs, discover_by)
        for name, value in (("limit per input", limit_per_input), ("most records", max_records)):
            if value is not None and value < 1:
                raise UsageError(f"The {name} must be at least 1, not {value}", hint="Give a whole number.")
        request, worst_case = self._request(chosen, door, inputs, limit_per_input, max_records)
        price = self._settings.price_per_1000_records
        address = self._settings.brightdata_url
        return CollectPlan(
            request=request,
            scraper=chosen,
            address=address,
            is_sandbox=wire.is_loopback(address),
            worst_case_records=worst_case,
            estimated_cost=round(worst_case * price / 1000, 6),
            basis=f"at most {worst_case:,} records x ${price:g} per 1,000, price of {self._settings.price_dated}",
            query=wire.trigger_query(request),
            body=wire.trigger_body(request),
            command=_command(request),
        )

    async def start(self, plan: CollectPlan, *, deadline: float | None = None) -> AsyncGenerator[CollectEvent, None]:
        """Triggers once and follows to the stored records; ends with CollectionChanged.

        Leaving the iteration leaves the remote work running; :meth:`resume` goes on.

        Raises:
            OutcomeUnknown: the reply was lost; it is looked up by :meth:`resume`, never sent again.
            CapExceeded, CredentialMissing: nothing was sent.
            StillRunning: ``deadline`` seconds passed; everything is kept.
            CredentialRefused, RateLimited, InvalidInput: the service said no.
        """
        if await self._stored(plan.collection_id) is not None:
            async with aclosing(self.resume(plan.collection_id, deadline=deadline)) as events:
                async for event in events:
                    yield event
            return
        patience = self._patience(deadline)
        await self._accounts.find(SOURCE, plan.address)
        await self._money.require_allowed(plan.estimated_cost, "The collection")
        collection = _draft(plan)
        await asyncio.to_thread(self._collections.add, collection)
        yield CollectionChanged(collection)
        collection = await self._trigger(plan)
        yield CollectionChanged(collection)
        patience.answered()
        patience.is_young_for(_YOUNG_SECONDS)
        async with aclosing(self._follow(collection, patience)) as events:
            async for event in events:
                yield event

    async def resume(self, collection_id: str, *, deadline: float | None = None) -> AsyncGenerator[CollectEvent, None]:
        """Goes on with a collection from where it stands; never triggers anew. An unknown one is looked up first.

        Raises:
            NotFound: there is no such collection.
            OutcomeUnknown: the service's list does not tell (yet) what became of it.
        """
        collection = await self.collection(collection_id)
        if collection.state.is_final:
            yield CollectionChanged(collection)
            return
        if collection.source != SOURCE:
            yield CollectionChanged(await self._settle_interrupted_import(collection))
            return
        patience = self._patience(deadline)
        if collection.snapshot_id is None:
            collection = await self._find_snapshot(collection)
            yield CollectionChanged(collection)
        if collection.snapshot_id is None:
            return
        patience.is_young_for(_YOUNG_SECONDS - _age(collection))
        async with aclosing(self._follow(collection, patience)) as events:
            async for event in events:
                yield event

    async def adopt(self, snapshot_id: str, *, deadline: float | None = None) -> AsyncGenerator[CollectEvent, None]:
        """Takes over an existing snapshot of the account as a collection.

        Raises:
            NotFound: the account has no such snapshot.
        """
        known = await asyncio.to_thread(self._collections.by_snapshot, snapshot_id)
        if known is None:
            known = await self._adopted(snapshot_id)
        else:
            yield Noted(f"Snapshot {snapshot_id} is here already as {known.collection_id}")
        async with aclosing(self.resume(known.collection_id, deadline=deadline)) as events:
            async for event in events:
                yield event

    async def cancel(self, collection_id: str) -> Collection:
        """Asks the service to stop; answers the collection's true state.

        Raises:
            NotFound: there is no such collection.
            OutcomeUnknown: it is not known whether it was ever accepted.
        """
        collection = await self.collection(collection_id)
        if collection.state.is_final:
            return collection
        if collection.snapshot_id is None and collection.source == SOURCE:
            collection = await self._find_snapshot(collection)
        if collection.snapshot_id is None:
            return await self._change(collection, "Cancelled", state=CollectionState.CANCELLED)
        client = await self._client(collection.address)
        await client.cancel(collection.snapshot_id)
        await self._log(collection, "Asked the service to cancel")
        return await self._state_after_cancel(client, collection)

    async def collections(self) -> Sequence[Collection]:
        """Every collection, newest first."""
        return await asyncio.to_thread(self._collections.newest_first)

    async def collection(self, collection_id: str) -> Collection:
        """One collection. Raises NotFound."""
        found = await self._stored(collection_id)
        if found is None:
            raise NotFound(f"There is no collection {collection_id!r}", hint="See: webtune collect list")
        return found

    async def events_of(self, collection_id: str) -> Sequence[tuple[str, str, str]]:
        """The log of a collection: time, level, message; oldest first."""
        return await asyncio.to_thread(self._collections.log_of, collection_id)

    async def records_of(self, collection_id: str, *, limit: int = 50, offset: int = 0) -> Sequence[Record]:
        """Stored records of a collection in the order of delivery, error rows included."""
        return await asyncio.to_thread(lambda: self._records.of_collection(collection_id, limit=limit, offset=offset))

    async def unfinished(self) -> Sequence[Collection]:
        """Collections that can go on: running, unknown, or begun and perhaps never sent; oldest first."""
        states = (CollectionState.RUNNING, CollectionState.UNKNOWN, CollectionState.DRAFT)
        return await asyncio.to_thread(self._collections.in_states, states)

    async def aclose(self) -> None:
        """Closes the connections."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()

    # Before the trigger and around it

    def _request(
        self,
        scraper: Scraper,
        door: ScraperDoor,
        inputs: Sequence[Mapping[str, Any]],
        limit_per_input: int | None,
        max_records: int | None,
    ) -> tuple[TriggerRequest, int]:
        """What is sent, and how many records it can bring at most. What can bring many is always capped."""
        brings_many = catalogue.brings_many(scraper, door)
        cap = max_records or (self._settings.max_records if brings_many else None)
        per_input = 1
        limit = None
        if door.discover_by is not None:
            limit = per_input = limit_per_input or self._settings.limit_per_input
        elif limit_per_input is not None:
            raise UsageError(
                "A limit per input works for discovery only", hint="Leave --limit-per-input out; use --max-records."
            )
        elif brings_many:
            per_input = cap or 1
        worst_case = len(inputs) * per_input
        request = TriggerRequest(
            scraper_id=scraper.scraper_id,
            inputs=tuple(dict(given) for given in inputs),
            discover_by=door.discover_by,
            limit_per_input=limit,
            max_records=cap,
        )
        return request, min(worst_case, cap) if cap else worst_case

    async def _trigger(self, plan: CollectPlan) -> Collection:
        """Sends the plan once through the journal and stores the snapshot id."""
        collection_id = plan.collection_id
        client = await self._client(plan.address)

        async def send() -> str:
            await self._set(collection_id, state=CollectionState.UNKNOWN, phase="sending")
            return await client.trigger(plan.request)

        try:
            operation = await self._money.perform(
                kind=OPERATION,
                service=SOURCE,
                address=plan.address,
                subject_id=collection_id,
                fingerprint=_fingerprint(plan),
                estimate=plan.estimated_cost,
                basis=plan.basis,
                send=send,
            )
        except OutcomeUnknown as error:
            await self._set(collection_id, "warn", state=CollectionState.UNKNOWN, phase="", message=error.message)
            raise
        except WebtuneError as error:
            await self._set(
                collection_id,
                "error",
                state=CollectionState.FAILED,
                phase="not accepted",
                message=error.message,
                finished_at=clock.now(),
            )
            raise
        return await self._accepted(collection_id, operation)

    async def _accepted(self, collection_id: str, operation: Operation) -> Collection:
        return await self._set(
            collection_id,
            state=CollectionState.RUNNING,
            phase="starting",
            snapshot_id=operation.remote_id,
            operation_id=operation.operation_id,
            message="",
        )

    async def _find_snapshot(self, collection: Collection) -> Collection:
        """What became of a collection without a snapshot id, by the journal and by the service's own list."""
        operation = await self._money.of_subject(collection.collection_id, OPERATION)
        if operation is None or operation.state in (OperationState.INTENT, OperationState.ABANDONED):
            return await self._set(
                collection.collection_id,
                state=CollectionState.CANCELLED,
                phase="",
                message="It was never sent, so nothing was charged. Start it again if it is still wanted.",
                finished_at=clock.now(),
            )
        if operation.state is OperationState.REFUSED:
            return await self._set(
                collection.collection_id,
                "error",
                state=CollectionState.FAILED,
                phase="not accepted",
                message=operation.message or "The service did not accept it.",
                finished_at=clock.now(),
            )
        if operation.state is OperationState.CONFIRMED:
            return await self._accepted(collection.collection_id, operation)
        if operation.state is OperationState.SENT:
            raise OutcomeUnknown(f"{collection.collection_id} is being sent right now", hint="Wait for its outcome.")
        return await self._look_up(collection, operation)

    async def _look_up(self, collection: Collection, operation: Operation) -> Collection:
        """Adopts the one snapshot of the account that fits an unknown trigger.

        Raises:
            OutcomeUnknown: none or several fit; the text says what was found.
            WorkFailed: the service surely never accepted it.
        """
        fitting = await self._fitting(collection, operation)
        sent_at = operation.sent_at or operation.created_at
        if len(fitting) == 1:
            found = fitting[0].snapshot_id
            operation = await self._money.resolve(
                operation.operation_id, remote_id=found, message="found in the list of snapshots"
            )
            return await self._accepted(collection.collection_id, operation)
        if fitting:
            listed = ", ".join(f"{row.snapshot_id} ({row.created_at}, {row.state})" for row in fitting[:10])
            raise await self._still_unknown(
                collection,
                f"{len(fitting)} snapshots fit the time of {collection.collection_id}: {listed}",
                "Choose one: webtune collect snapshot ID",
            )
        if datetime.now(UTC) - clock.parse_rfc3339(sent_at) < _AFTER:
            raise await self._still_unknown(
                collection,
                f"No snapshot of the account fits {collection.collection_id} (sent {sent_at}) yet",
                "Look again in some minutes: webtune collect resume",
            )
        message = f"The service lists no snapshot from the time it was sent ({sent_at}): it was never accepted"
        await self._money.resolve(operation.operation_id, remote_id=None, message=message)
        return await self._set(
            collection.collection_id,
            "error",
            state=CollectionState.FAILED,
            phase="not accepted",
            message=message,
            finished_at=clock.now(),
        )

    async def _still_unknown(self, collection: Collection, message: str, hint: str) -> OutcomeUnknown:
        await self._set(collection.collection_id, "warn", state=CollectionState.UNKNOWN, phase="", message=message)
        return OutcomeUnknown(message, hint=hint)

    async def _fitting(self, collection: Collection, operation: Operation) -> list[SnapshotListing]:
        """The account's snapshots of the same scraper from the time of sending, without those known here."""
        sent_at = clock.parse_rfc3339(operation.sent_at or operation.created_at)
        client = await self._client(collection.address)
        scraper_id = str(collection.request.get("scraper_id", ""))
        rows = await client.snapshots(scraper_id, clock.rfc3339((sent_at - _BEFORE).timestamp()))
        fitting = []
        for row in rows:
            created = _moment(row.created_at)
            if created is None or not sent_at - _BEFORE <= created <= sent_at + _AFTER:
                continue
            if row.scraper_id not in ("", scraper_id):
                continue
            if await asyncio.to_thread(self._collections.by_snapshot, row.snapshot_id) is None:
                fitting.append(row)
        return fitting

    async def _adopted(self, snapshot_id: str) -> Collection:
        """A new collection for a snapshot of the account, or the unknown one that it settles."""
        address = self._settings.brightdata_url
        client = await self._client(address)
        try:
            status = await client.progress(snapshot_id)
        except SnapshotMissing as error:
            raise NotFound(error.message, hint="Check the id and the account of the key.") from error
        except SnapshotNotReady:
            status = SnapshotStatus(snapshot_id, "running", "building")
        for unknown in await asyncio.to_thread(self._collections.in_states, (CollectionState.UNKNOWN,)):
            operation = await self._money.of_subject(unknown.collection_id, OPERATION)
            if operation is None or operation.state is not OperationState.UNKNOWN:
                continue
            if snapshot_id in {row.snapshot_id for row in await self._fitting(unknown, operation)}:
                operation = await self._money.resolve(
                    operation.operation_id, remote_id=snapshot_id, message="chosen by the person"
                )
                return await self._accepted(unknown.collection_id, operation)
        return await self._add_adopted(snapshot_id, status, address)

    async def _add_adopted(self, snapshot_id: str, status: SnapshotStatus, address: str) -> Collection:
        name = status.scraper_id
        with contextlib.suppress(NotFound):  # a scraper outside the bundled list keeps its id as its name
            name = catalogue.find(status.scraper_id).name
        now = clock.now()
        collection = Collection(
            collection_id=new_collection_id(),
            source=SOURCE,
            label=name or snapshot_id,
            state=CollectionState.RUNNING,
            created_at=now,
            updated_at=now,
            phase=status.raw_state,
            request={"scraper_id": status.scraper_id, "scraper": name, "adopted": True},
            address=address,
            is_sandbox=wire.is_loopback(address),
            snapshot_id=snapshot_id,
        )
        await asyncio.to_thread(self._collections.add, collection)
        await self._log(collection, f"Took over snapshot {snapshot_id}")
        return collection

    # From the snapshot id to stored records

    async def _follow(self, collection: Collection, patience: Patience) -> AsyncGenerator[CollectEvent, None]:
        """From a snapshot id to the stored records; what earlier runs did is not done again."""
        folder = self._workspace.raw_folder(collection.collection_id)
        await asyncio.to_thread(make_folder, folder)
        if not await asyncio.to_thread(_is_downloaded, folder):
            async for event in self._fetch(collection, folder, patience):
                if isinstance(event, CollectionChanged):
                    collection = event.collection
                yield event
            if collection.state is not CollectionState.RUNNING:
                return
        async for event in self._ingest(collection, folder):
            yield event
        yield CollectionChanged(await self._settle(collection.collection_id))

    async def _fetch(
        self, collection: Collection, folder: Path, patience: Patience
    ) -> AsyncGenerator[CollectEvent, None]:
        """Waits for the snapshot and downloads it, through whatever trouble a free call may meet."""
        client = await self._client(collection.address)
        tries, expected = 0, None
        is_ready = False
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
                    collection = await self._set(collection.collection_id, phase="downloading")
                    yield CollectionChanged(collection)
                    async with aclosing(self._download(client, collection, folder, patience, expected)) as steps:
                        async for event in steps:
                            yield event
                    is_whole = await self._keep_raw(collection, folder, expected, is_last=tries >= 2)
                    if is_whole:
                        return
                    raise CutBody(f"The download holds fewer records than the {expected} that were announced")
                await patience.between_polls()
            except SnapshotNotReady as error:
                patience.answered()
                collection = await self._set(collection.collection_id, phase="building")
                yield CollectionChanged(collection)
                await patience.between_polls(error.retry_after)
            except SnapshotEmpty as error:
                yield CollectionChanged(await self._finish_empty(collection, error.message))
                return
            except SnapshotMissing as error:
                if isinstance(error, SnapshotExpired) or not patience.is_young:
                    yield CollectionChanged(await self._finish_failed(collection, error.message))
                    return
                await patience.between_polls()
            except (Offline, ServiceUnavailable, RateLimited, CutBody) as error:
                tries += isinstance(error, CutBody)
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
            await self._log(collection, f"The service says: {status.raw_state}")
            collection = await self._set(collection.collection_id, **changes)
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
        await self._log(collection, error.message, "warn")
        return await self._set(
            collection.collection_id, phase=f"{word} since {time.strftime('%H:%M:%S')}", message=error.message
        )

    async def _download(
        self,
        client: ScrapingService,
        collection: Collection,
        folder: Path,
        patience: Patience,
        expected: int | None,
    ) -> AsyncGenerator[CollectEvent, None]:
        """Streams the body into the part file, watching the deadline and the disk."""
        part = folder / raw_data.PART
        needed = (expected or 0) * _BYTES_PER_RECORD + _SPARE_BYTES
        await asyncio.to_thread(require_space, folder, needed)
        shown = 0.0
        async with aclosing(client.download(_snapshot(collection), part)) as pieces:
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

    async def _keep_raw(self, collection: Collection, folder: Path, expected: int | None, *, is_last: bool) -> bool:
        """Checks the part file and gives it its name; false where it holds fewer rows than were announced."""
        raw = await asyncio.to_thread(raw_data.measured, folder / raw_data.PART)
        if expected is not None and raw.rows < expected:
            if not is_last:
                return False
            await self._log(collection, f"The service announced {expected} records and sent {raw.rows}", "warn")
        await asyncio.to_thread(raw_data.keep, folder)
        await asyncio.to_thread(raw_data.write_manifest, folder, _facts(collection), [dataclasses.asdict(raw)])
        await self._set(
            collection.collection_id,
            phase="storing",
            raw_path=self._workspace.relative(folder / raw_data.RECORDS),
            message="",
        )
        await self._log(collection, f"Downloaded {raw.bytes:,} bytes, {raw.rows:,} rows")
        return True

    async def _ingest(self, collection: Collection, folder: Path) -> AsyncGenerator[CollectEvent, None]:
        """Stores the raw rows as records in a thread."""
        collection_id = collection.collection_id
        scraper_id = str(collection.request.get("scraper_id", ""))
        if not (folder / raw_data.MANIFEST).exists():  # killed between the rename and the manifest
            raw = await asyncio.to_thread(raw_data.measured, folder / raw_data.RECORDS)
            await asyncio.to_thread(raw_data.write_manifest, folder, _facts(collection), [dataclasses.asdict(raw)])
        raw_path = self._workspace.relative(folder / raw_data.RECORDS)
        await self._set(collection_id, phase="storing", raw_path=raw_path)
        rejects = RejectsFile(folder / "rejects.jsonl")
        done = await asyncio.to_thread(self._records.stored_up_to, collection_id)
        await asyncio.to_thread(rejects.forget_from, done)
        now = clock.now()
        ingest = Ingest(
            self._records,
            rejects,
            collection_id,
            lambda position, fields: delivered_record(collection_id, position, fields, scraper_id, now=now),
            str(folder / raw_data.RECORDS),
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

    # How it ends

    async def _settle(self, collection_id: str) -> Collection:
        """The receipt: what was delivered and what it cost."""
        collection = await self.collection(collection_id)
        price = self._settings.price_per_1000_records
        if collection.is_sandbox:
            cost, basis = 0.0, "sandbox: nothing is charged"
        else:
            cost = round(collection.records * price / 1000, 6)
            basis = f"{collection.records:,} records x ${price:g} per 1,000, price of {self._settings.price_dated}"
        await self._money.charge(collection_id, cost, basis, collection.operation_id)
        if not collection.records:
            return await self._finish_empty(
                collection,
                f"No records: all {collection.errors:,} rows are errors" if collection.errors else "No records",
                cost=cost,
            )
        message = f"{collection.rejected:,} rows could not be read" if collection.rejected else ""
        await self._log(
            collection,
            f"Stored {collection.records:,} records ({collection.new:,} new, {collection.changed:,} changed, "
            f"{collection.duplicates:,} already here), {collection.errors:,} error rows; ${cost:,.4f}, {basis}",
        )
        return await self._set(
            collection_id,
            state=CollectionState.READY,
            phase="",
            cost=cost,
            message=message,
            finished_at=clock.now(),
        )

    async def _finish_empty(self, collection: Collection, message: str, *, cost: float = 0.0) -> Collection:
        await self._money.charge(collection.collection_id, cost, "nothing delivered", collection.operation_id)
        return await self._set(
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
        return await self._set(
            collection.collection_id,
            "error",
            state=CollectionState.FAILED,
            phase="",
            message=message,
            cost=0.0,
            finished_at=clock.now(),
        )

    async def _finish_cancelled(self, collection: Collection) -> Collection:
        return await self._set(
            collection.collection_id,
            "warn",
            state=CollectionState.CANCELLED,
            phase="",
            message="Cancelled at the service; what it delivered before may be charged",
            finished_at=clock.now(),
        )

    async def _state_after_cancel(self, client: ScrapingService, collection: Collection) -> Collection:
        """Asks a few times what became of it; one that is still running goes on to be followed."""
        patience = self._patience(10.0)
        with contextlib.suppress(StillRunning):
            for _ in range(5):
                with contextlib.suppress(SnapshotNotReady):
                    status = await client.progress(_snapshot(collection))
                    if status.state != "running":
                        collection, _ = await self._note_status(collection, status)
                        return collection
                await patience.between_polls()
        return await self._set(collection.collection_id, phase="cancelling")

    async def _settle_interrupted_import(self, collection: Collection) -> Collection:
        return await self._set(
            collection.collection_id,
            "warn",
            state=CollectionState.FAILED,
            phase="",
            message=f"The import was interrupted after {collection.records:,} records; import the files again: "
            "what is here already is not added twice",
            finished_at=clock.now(),
        )

    # Small things

    def _patience(self, deadline: float | None) -> Patience:
        return Patience(self._settings.poll_seconds, deadline, self._waiting)

    async def _client(self, address: str) -> ScrapingService:
        """The connection to an address. httpx is loaded here: only what talks to the network pays for it."""
        if address not in self._clients:
            create: Callable[..., ScrapingService] = await asyncio.to_thread(
                lambda: registry.load("sources", SOURCE).create
            )
            self._clients[address] = await asyncio.to_thread(create, address, self._accounts.find)
        return self._clients[address]

    async def _stored(self, collection_id: str) -> Collection | None:
        return await asyncio.to_thread(self._collections.get, collection_id)

    async def _set(self, collection_id: str, level: str = "", **changes: Any) -> Collection:
        """Changes a collection; with a level its message goes into the log too."""
        if level and changes.get("message"):
            await asyncio.to_thread(self._collections.log, collection_id, changes["message"], level)
        return await asyncio.to_thread(lambda: self._collections.change(collection_id, **changes))

    async def _change(self, collection: Collection, message: str, **changes: Any) -> Collection:
        return await self._set(
            collection.collection_id, "info", message=message, phase="", finished_at=clock.now(), **changes
        )

    async def _log(self, collection: Collection, message: str, level: str = "info") -> None:
        await asyncio.to_thread(self._collections.log, collection.collection_id, message, level)


def _draft(plan: CollectPlan) -> Collection:
    """A collection as it is stored before anything is sent."""
    now = clock.now()
    request = plan.request
    return Collection(
        collection_id=plan.collection_id,
        source=SOURCE,
        label=plan.scraper.name,
        state=CollectionState.DRAFT,
        created_at=now,
        updated_at=now,
        request={
            "scraper_id": request.scraper_id,
            "scraper": plan.scraper.name,
            "discover_by": request.discover_by,
            "inputs": [dict(given) for given in request.inputs],
            "limit_per_input": request.limit_per_input,
            "max_records": request.max_records,
        },
        address=plan.address,
        is_sandbox=plan.is_sandbox,
        estimated_cost=plan.estimated_cost,
    )


def _command(request: TriggerRequest) -> str:
    """The request as a command line that can be typed again."""
    words = ["webtune", "collect", SOURCE, "--scraper", request.scraper_id]
    if request.discover_by is not None:
        words += ["--discover-by", request.discover_by]
    if len(request.inputs) > _SHOWN_INPUTS:
        words += ["--inputs", "inputs.jsonl"]
    else:
        for given in request.inputs:
            words += ["--input", *(f"{name}={value}" for name, value in given.items())]
    if request.limit_per_input is not None:
        words += ["--limit-per-input", str(request.limit_per_input)]
    if request.max_records is not None:
        words += ["--max-records", str(request.max_records)]
    return shlex.join(words)


def _fingerprint(plan: CollectPlan) -> str:
    sent = f"{plan.address}\n{sorted(plan.query.items())}\n{plan.body}"
    return hashlib.blake2b(sent.encode(), digest_size=16).hexdigest()


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


def _age(collection: Collection) -> float:
    """The seconds since the collection was begun."""
    return (datetime.now(UTC) - clock.parse_rfc3339(collection.created_at)).total_seconds()


def _is_downloaded(folder: Path) -> bool:
    return (folder / raw_data.RECORDS).exists()


def _moment(text: str) -> datetime | None:
    """A time as the service writes it, or ``None`` where it can't be read."""
    try:
        moment = clock.parse_rfc3339(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
