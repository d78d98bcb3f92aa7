"""Finding out what became of a trigger: by the journal, and by the service's own list of snapshots."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from webtune_tui.domain import clock
from webtune_tui.domain.addresses import host_of, is_loopback
from webtune_tui.domain.costs import Operation, OperationState
from webtune_tui.domain.errors import NotFound, OutcomeUnknown
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services.collect_plan import MARKETPLACE, SNAPSHOT_SOURCES, SOURCE, new_collection_id, price_of
from webtune_tui.services.collection_book import CollectionBook, Connections
from webtune_tui.services.money import MoneyService
from webtune_tui.services.scraper_catalogue import KnownScrapers
from webtune_tui.settings import Settings
from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources.base import SnapshotListing, SnapshotMissing, SnapshotNotReady, SnapshotStatus

OPERATION = "collect"
_MOST_COMPARED = 20
_BEFORE, _AFTER = timedelta(minutes=2), timedelta(minutes=10)


class SnapshotLookup:
    """Gives collections their snapshots; sends nothing that costs."""

    def __init__(
        self,
        book: CollectionBook,
        connections: Connections,
        money: MoneyService,
        settings: Settings,
        known: KnownScrapers,
    ) -> None:
        self._book = book
        self._connections = connections
        self._money = money
        self._listing_time = timedelta(seconds=settings.listing_seconds)
        self._prices = {source: price_of(settings, source) for source in SNAPSHOT_SOURCES}
        self._known = known

    async def accepted(self, collection_id: str, operation: Operation) -> Collection:
        """A collection whose trigger is confirmed: from here on the snapshot is followed."""
        return await self._book.set(
            collection_id,
            state=CollectionState.RUNNING,
            phase="starting",
            snapshot_id=operation.remote_id,
            operation_id=operation.operation_id,
            message="",
        )

    async def find(self, collection: Collection) -> Collection:
        """What became of a collection without a snapshot id, by the journal and by the service's own list."""
        operation = await self._money.of_subject(collection.collection_id, OPERATION)
        if operation is None or operation.state in (OperationState.INTENT, OperationState.ABANDONED):
            return await self._book.set(
                collection.collection_id,
                state=CollectionState.CANCELLED,
                phase="",
                message="It was never sent, so nothing was charged. Start it again if it is still wanted.",
                finished_at=clock.now(),
            )
        if operation.state is OperationState.REFUSED:
            return await self._book.set(
                collection.collection_id,
                "error",
                state=CollectionState.FAILED,
                phase="not accepted",
                message=operation.message or "The service did not accept it.",
                finished_at=clock.now(),
            )
        if operation.state is OperationState.CONFIRMED:
            return await self.accepted(collection.collection_id, operation)
        if operation.state is OperationState.SENT:
            raise OutcomeUnknown(f"{collection.collection_id} is being sent right now", hint="Wait for its outcome.")
        return await self._look_up(collection, operation)

    async def _look_up(self, collection: Collection, operation: Operation) -> Collection:
        """Adopts the one snapshot of the account that fits an unknown trigger by scraper, time and inputs.

        Where the service can't tell the inputs of any, the only one of the time is taken.

        Raises:
            OutcomeUnknown: none or several fit; the text says what was found.
        """
        fitting = await self._fitting(collection, operation)
        sent_at = operation.sent_at or operation.created_at
        same = await self._with_same_inputs(collection, fitting)
        if len(same) == 1:
            found = same[0].snapshot_id
            operation = await self._money.resolve(
                operation.operation_id, remote_id=found, message="found in the list of snapshots"
            )
            return await self.accepted(collection.collection_id, operation)
        if fitting:
            offered = same or fitting
            listed = ", ".join(f"{row.snapshot_id} ({row.created_at}, {row.state})" for row in offered[:10])
            raise await self._still_unknown(
                collection,
                f"{_snapshots(len(offered))} the time of {collection.collection_id}"
                f"{'' if same else ', with other inputs'}: {listed}",
                "Choose one: webtune collect snapshot ID",
            )
        if datetime.now(UTC) - clock.parse_rfc3339(sent_at) < self._listing_time:
            raise await self._still_unknown(
                collection,
                f"No snapshot of the account fits {collection.collection_id} (sent {sent_at}) yet",
                "Look again in some minutes: webtune collect resume",
            )
        message = f"The service lists no snapshot from the time it was sent ({sent_at}): it was never accepted"
        await self._money.resolve(operation.operation_id, remote_id=None, message=message)
        return await self._book.set(
            collection.collection_id,
            "error",
            state=CollectionState.FAILED,
            phase="not accepted",
            message=message,
            finished_at=clock.now(),
        )

    async def _still_unknown(self, collection: Collection, message: str, hint: str) -> OutcomeUnknown:
        await self._book.set(collection.collection_id, "warn", state=CollectionState.UNKNOWN, phase="", message=message)
        return OutcomeUnknown(message, hint=hint)

    async def _fitting(self, collection: Collection, operation: Operation) -> list[SnapshotListing]:
        """The account's snapshots of the same scraper from the time of sending, without those known here."""
        sent_at = clock.parse_rfc3339(operation.sent_at or operation.created_at)
        client = await self._connections.of(collection)
        scraper_id = str(collection.request.get("scraper_id", ""))
        rows = await client.snapshots(scraper_id, clock.rfc3339((sent_at - _BEFORE).timestamp()))
        fitting = []
        for row in rows:
            created = _moment(row.created_at)
            if created is None or not sent_at - _BEFORE <= created <= sent_at + _AFTER:
                continue
            if row.scraper_id not in ("", scraper_id):
                continue
            if await asyncio.to_thread(self._book.rows.by_snapshot, row.snapshot_id) is None:
                fitting.append(row)
        return fitting

    async def _with_same_inputs(
        self, collection: Collection, rows: Sequence[SnapshotListing]
    ) -> Sequence[SnapshotListing]:
        """Those that were started with our inputs; those that can't be told where none surely was."""
        ours = collection.request.get("inputs")
        if not isinstance(ours, list) or not rows:
            return rows
        client = await self._connections.of(collection)
        same, unclear = [], []
        for row in rows[:_MOST_COMPARED]:
            theirs = await client.inputs_of(row.snapshot_id)
            if theirs is None:
                unclear.append(row)
            elif wire.same_inputs(ours, theirs):
                same.append(row)
        return same or [*unclear, *rows[_MOST_COMPARED:]]

    async def adopt(self, snapshot_id: str, address: str) -> Collection:
        """A new collection for a snapshot of the account, or the unknown one that it settles."""
        source = MARKETPLACE if snapshot_id.startswith("snap_") else SOURCE
        client = await self._connections.to(source, address)
        try:
            status = await client.progress(snapshot_id)
        except SnapshotMissing as error:
            raise NotFound(error.message, hint="Check the id and the account of the key.") from error
        except SnapshotNotReady:
            status = SnapshotStatus(snapshot_id, "running", "building")
        for unknown in await asyncio.to_thread(self._book.rows.in_states, (CollectionState.UNKNOWN,)):
            operation = await self._money.of_subject(unknown.collection_id, OPERATION)
            if operation is None or operation.state is not OperationState.UNKNOWN or unknown.source != source:
                continue
            if snapshot_id in {row.snapshot_id for row in await self._fitting(unknown, operation)}:
                operation = await self._money.resolve(
                    operation.operation_id, remote_id=snapshot_id, message="chosen by the person"
                )
                return await self.accepted(unknown.collection_id, operation)
        return await self._add_adopted(source, snapshot_id, status, address)

    async def _add_adopted(self, source: str, snapshot_id: str, status: SnapshotStatus, address: str) -> Collection:
        name = status.scraper_id
        with contextlib.suppress(NotFound):  # a scraper outside the list keeps its id as its name
            name = (await asyncio.to_thread(self._known.current)).find(status.scraper_id).name
        now = clock.now()
        collection = Collection(
            collection_id=new_collection_id(),
            source=source,
            label=name or snapshot_id,
            state=CollectionState.RUNNING,
            created_at=now,
            updated_at=now,
            phase=status.raw_state,
            request={"scraper_id": status.scraper_id, "scraper": name, "adopted": True} | self._prices[source],
            address=address,
            is_sandbox=is_loopback(host_of(address)),
            snapshot_id=snapshot_id,
        )
        await asyncio.to_thread(self._book.rows.add, collection)
        await self._book.log(collection, f"Took over snapshot {snapshot_id}")
        return collection


def _snapshots(count: int) -> str:
    return "1 snapshot fits" if count == 1 else f"{count} snapshots fit"


def _moment(text: str) -> datetime | None:
    """A time as the service writes it, or ``None`` where it can't be read."""
    try:
        moment = clock.parse_rfc3339(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
