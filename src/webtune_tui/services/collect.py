"""Collecting records through a remote scraping service, priced, capped and resumable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.errors import NotFound, OutcomeUnknown, WebtuneError
from webtune_tui.domain.events import CollectEvent, CollectionChanged, Noted
from webtune_tui.domain.records import Collection, CollectionState, Record, RecordKind
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.collect_plan import SOURCE, CollectPlan, draft_of, fingerprint_of, make_plan
from webtune_tui.services.collection_book import CollectionBook, Connections
from webtune_tui.services.money import MoneyService
from webtune_tui.services.patience import Patience, Waiting
from webtune_tui.services.snapshot_follow import SnapshotFollow
from webtune_tui.services.snapshot_lookup import OPERATION, SnapshotLookup
from webtune_tui.settings import Settings
from webtune_tui.sources import catalogue
from webtune_tui.sources.base import PagesRequest, Scraper
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

__all__ = ["CollectPlan", "CollectService"]

_YOUNG_SECONDS = 20  # the service may not know a snapshot for a moment after its trigger
_CANCEL_SECONDS = 10.0


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
        self._settings = settings
        self._accounts = accounts
        self._money = money
        self._waiting = waiting or Waiting()
        self._book = CollectionBook(CollectionRepository(workspace.database))
        self._records = RecordRepository(workspace.database)
        self._connections = Connections(accounts)
        self._lookup = SnapshotLookup(self._book, self._connections, money, settings.listing_seconds)
        self._follow = SnapshotFollow(workspace, settings, self._book, self._connections, money)
        self._followed: set[str] = set()

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
        return await asyncio.to_thread(
            lambda: make_plan(
                self._settings,
                scraper,
                inputs,
                discover_by=discover_by,
                limit_per_input=limit_per_input,
                max_records=max_records,
            )
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
        if plan.collection_id in self._followed or await self._book.find(plan.collection_id) is not None:
            async with aclosing(self.resume(plan.collection_id, deadline=deadline)) as events:
                async for event in events:
                    yield event
            return
        patience = self._patience(deadline)
        await self._accounts.find(SOURCE, plan.address)
        await self._money.require_allowed(plan.estimated_cost, "The collection")
        self._followed.add(plan.collection_id)
        try:
            draft = draft_of(plan)
            await asyncio.to_thread(self._book.rows.add, draft)
            yield CollectionChanged(draft)
            collection = await self._trigger(plan)
            yield CollectionChanged(collection)
            patience.answered()
            patience.is_young_for(_YOUNG_SECONDS)
            async with aclosing(self._follow.run(collection, patience)) as events:
                async for event in events:
                    yield event
        finally:
            self._followed.discard(plan.collection_id)

    async def resume(self, collection_id: str, *, deadline: float | None = None) -> AsyncGenerator[CollectEvent, None]:
        """Goes on with a collection from where it stands; never triggers anew. An unknown one is looked up first.

        Raises:
            NotFound: there is no such collection.
            OutcomeUnknown: the service's list does not tell (yet) what became of it.
        """
        if collection_id in self._followed:
            yield Noted(f"{collection_id} is being followed already")
            yield CollectionChanged(await self.collection(collection_id))
            return
        self._followed.add(collection_id)
        try:
            async with aclosing(self._go_on(await self.collection(collection_id), deadline)) as events:
                async for event in events:
                    yield event
        finally:
            self._followed.discard(collection_id)

    async def adopt(self, snapshot_id: str, *, deadline: float | None = None) -> AsyncGenerator[CollectEvent, None]:
        """Takes over an existing snapshot of the account as a collection.

        Raises:
            NotFound: the account has no such snapshot.
        """
        known = await asyncio.to_thread(self._book.rows.by_snapshot, snapshot_id)
        if known is None:
            known = await self._lookup.adopt(snapshot_id, self._settings.brightdata_url)
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
        if collection.source != SOURCE:
            return await self._settle_interrupted_import(collection)
        if collection.snapshot_id is None:
            collection = await self._lookup.find(collection)
        if collection.snapshot_id is None:
            return collection
        client = await self._connections.of(collection)
        await client.cancel(collection.snapshot_id)
        await self._book.log(collection, "Asked the service to cancel")
        return await self._follow.state_after_cancel(collection, self._patience(_CANCEL_SECONDS))

    async def collections(self) -> Sequence[Collection]:
        """Every collection, newest first."""
        return await asyncio.to_thread(self._book.rows.newest_first)

    async def collection(self, collection_id: str) -> Collection:
        """One collection. Raises NotFound."""
        found = await self._book.find(collection_id)
        if found is None:
            raise NotFound(f"There is no collection {collection_id!r}", hint="See: webtune collect list")
        return found

    async def events_of(self, collection_id: str) -> Sequence[tuple[str, str, str]]:
        """The log of a collection: time, level, message; oldest first."""
        return await asyncio.to_thread(self._book.rows.log_of, collection_id)

    async def records_of(
        self, collection_id: str, *, limit: int = 50, offset: int = 0, kinds: Sequence[RecordKind] = ()
    ) -> Sequence[Record]:
        """Stored records of a collection in the order of delivery; ``kinds`` picks some, else error rows included."""
        return await asyncio.to_thread(
            lambda: self._records.of_collection(collection_id, limit=limit, offset=offset, kinds=kinds)
        )

    async def unfinished(self) -> Sequence[Collection]:
        """Collections that can go on: running, unknown, or begun and perhaps never sent; oldest first."""
        states = (CollectionState.RUNNING, CollectionState.UNKNOWN, CollectionState.DRAFT)
        return await asyncio.to_thread(self._book.rows.in_states, states)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._connections.aclose()

    async def _go_on(self, collection: Collection, deadline: float | None) -> AsyncGenerator[CollectEvent, None]:
        if collection.state.is_final:
            yield CollectionChanged(collection)
            return
        if collection.source != SOURCE:
            yield CollectionChanged(await self._settle_interrupted_import(collection))
            return
        patience = self._patience(deadline)
        if collection.snapshot_id is None:
            collection = await self._lookup.find(collection)
            yield CollectionChanged(collection)
        if collection.snapshot_id is None:
            return
        age = (datetime.now(UTC) - clock.parse_rfc3339(collection.created_at)).total_seconds()
        patience.is_young_for(_YOUNG_SECONDS - age)
        async with aclosing(self._follow.run(collection, patience)) as events:
            async for event in events:
                yield event

    async def _trigger(self, plan: CollectPlan) -> Collection:
        """Sends the plan once through the journal and stores the snapshot id."""
        collection_id = plan.collection_id
        client = await self._connections.to(plan.source, plan.address)

        async def send() -> str:
            await self._book.set(collection_id, state=CollectionState.UNKNOWN, phase="sending")
            assert not isinstance(plan.request, PagesRequest), "pages are fetched one by one"
            return await client.trigger(plan.request)

        try:
            operation = await self._money.perform(
                kind=OPERATION,
                service=plan.source,
                address=plan.address,
                subject_id=collection_id,
                fingerprint=fingerprint_of(plan),
                estimate=plan.estimated_cost,
                basis=plan.basis,
                send=send,
            )
        except OutcomeUnknown as error:
            await self._book.set(collection_id, "warn", state=CollectionState.UNKNOWN, phase="", message=error.message)
            raise
        except WebtuneError as error:
            await self._book.set(
                collection_id,
                "error",
                state=CollectionState.FAILED,
                phase="not accepted",
                message=error.message,
                finished_at=clock.now(),
            )
            raise
        return await self._lookup.accepted(collection_id, operation)

    async def _settle_interrupted_import(self, collection: Collection) -> Collection:
        return await self._book.set(
            collection.collection_id,
            "warn",
            state=CollectionState.FAILED,
            phase="",
            message=f"The import was interrupted after {collection.records:,} records; import the files again: "
            "what is here already is not added twice",
            finished_at=clock.now(),
        )

    def _patience(self, deadline: float | None) -> Patience:
        return Patience(self._settings.poll_seconds, deadline, self._waiting)
