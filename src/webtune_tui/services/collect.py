"""Collecting records through a remote scraping service, priced, capped and resumable."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import statistics
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from webtune_tui import registry
from webtune_tui.domain import clock
from webtune_tui.domain.errors import (
    CredentialMissing,
    KeyringUnavailable,
    NotFound,
    OutcomeUnknown,
    TryLater,
    UsageError,
    WebtuneError,
)
from webtune_tui.domain.events import CollectEvent, CollectionChanged, Noted
from webtune_tui.domain.records import Collection, CollectionState, Record, RecordKind
from webtune_tui.services import page_plan
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.collect_plan import (
    MARKETPLACE,
    SNAPSHOT_SOURCES,
    SOURCE,
    CollectPlan,
    draft_of,
    fingerprint_of,
    make_plan,
)
from webtune_tui.services.collection_book import CollectionBook, Connections
from webtune_tui.services.failed_inputs import FailedInput, failed_inputs_of, inputs_to_retry
from webtune_tui.services.filter_plan import make_filter_plan
from webtune_tui.services.money import MoneyService
from webtune_tui.services.page_collections import PageCollections, require_pages
from webtune_tui.services.page_receipt import UnknownPages
from webtune_tui.services.patience import Patience, Waiting
from webtune_tui.services.scraper_catalogue import CatalogueInfo, KnownScrapers
from webtune_tui.services.snapshot_follow import SnapshotFollow
from webtune_tui.services.snapshot_lookup import OPERATION, SnapshotLookup
from webtune_tui.settings import Settings
from webtune_tui.sources.base import PagesRequest, Scraper, SnapshotEmpty, Zone
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

__all__ = ["CatalogueInfo", "CollectPlan", "CollectService", "FailedInput"]

_YOUNG_SECONDS = 20  # the service may not know a snapshot for a moment after its trigger
_CANCEL_SECONDS = 10.0
_FEWEST_FOR_TYPICAL = 2
_PAYS_AGAIN = timedelta(days=30)


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
        self._connections = Connections(accounts, self._waiting)
        self._known = KnownScrapers(settings, accounts)
        self._lookup = SnapshotLookup(self._book, self._connections, money, settings, self._known)
        self._follow = SnapshotFollow(workspace, settings, self._book, self._connections, money)
        self._pages = PageCollections(workspace, settings, self._book, accounts, money, self._waiting)
        self._followed: set[str] = set()

    async def scrapers(self, search: str = "") -> Sequence[Scraper]:
        """The known scrapers that a text asks for, by name, site, id, use or field; the best first."""
        return await asyncio.to_thread(lambda: self._known.current().search(search))

    async def catalogue_info(self) -> CatalogueInfo:
        """Which list of scrapers is used, and of what day."""
        return await asyncio.to_thread(self._known.info)

    async def refresh_catalogue(self) -> CatalogueInfo:
        """Asks the service for its list of scrapers, which is free and takes up to half a minute.

        Raises:
            CredentialMissing, CredentialRefused, Offline, ServiceUnavailable, RateLimited: the list before it stays.
        """
        await self._known.refresh()
        return await self.catalogue_info()

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
        plan = await asyncio.to_thread(
            lambda: make_plan(
                self._settings,
                scraper,
                inputs,
                discover_by=discover_by,
                limit_per_input=limit_per_input,
                max_records=max_records,
                known=self._known.current(),
            )
        )
        return await self._with_earlier(plan)

    async def plan_filter(
        self, dataset_id: str, condition: Mapping[str, Any], *, max_records: int | None = None
    ) -> CollectPlan:
        """Checks a filter over a dataset of the marketplace and prices it.

        Fields are checked against the service's own list where it can be asked.

        Raises:
            UsageError: an unknown field or operator, a value that does not fit, nested too deep.
            CredentialRefused: the service refuses the key.
        """
        known = await asyncio.to_thread(self._known.current)
        fields = await self.dataset_fields(dataset_id)
        plan = make_filter_plan(self._settings, known, dataset_id, condition, fields, max_records=max_records)
        return await self._with_earlier(plan)

    async def dataset_fields(self, dataset_id: str) -> Mapping[str, str] | None:
        """The fields of a dataset with their types; ``None`` where the service does not tell or can't be asked."""
        client = await self._connections.to(MARKETPLACE, self._settings.brightdata_url)
        with contextlib.suppress(TryLater, CredentialMissing):
            return await client.fields_of(dataset_id)
        return None

    async def retry_plan(self, collection_id: str, *, every: bool = False) -> CollectPlan:
        """A new collection of the failed inputs alone: those worth another try, or ``every`` one.

        Raises:
            NotFound: there is no such collection.
            UsageError: it is not finished, nothing failed, or its source takes no inputs.
        """
        collection = await self.collection(collection_id)
        if collection.source not in (SOURCE, page_plan.SOURCE):
            raise UsageError(
                f"{collection_id} was not collected by inputs", hint="Only scrapers and pages have inputs."
            )
        if not collection.state.is_final:
            raise UsageError(f"{collection_id} is not finished", hint="Run: webtune collect resume")
        known = await asyncio.to_thread(self._known.current)
        failures = await self.failed_inputs(collection_id)
        request = collection.request
        if via := page_plan.way_to_retry(collection):
            given = inputs_to_retry(collection, failures, known, every=every)
            urls = [str(one.get("url", "")) for one in given]
            markdown = request.get("markdown") is True
            return await self.plan_pages(urls, via=via, zone=str(request.get("zone", "")), markdown=markdown)
        return await self.plan(
            str(request.get("scraper_id", "")),
            inputs_to_retry(collection, failures, known, every=every),
            discover_by=request.get("discover_by"),
            limit_per_input=request.get("limit_per_input"),
            max_records=request.get("max_records"),
        )

    async def failed_inputs(self, collection_id: str) -> Sequence[FailedInput]:
        """The inputs that brought errors or bare warnings, one for each input and code. Raises NotFound."""
        collection = await self.collection(collection_id)
        rows = await asyncio.to_thread(self._records.failures_of, collection_id)
        sent = collection.request.get("inputs")
        return failed_inputs_of(rows, sent if isinstance(sent, list) else [])

    async def typical_seconds(self, collection: Collection) -> float | None:
        """How long collections of the same scraper took in this workspace, by the median; ``None`` below two."""
        rows = await asyncio.to_thread(self._book.rows.in_states, (CollectionState.READY,))
        scraper = collection.request.get("scraper_id")
        same = [row for row in rows if (row.source, row.request.get("scraper_id")) == (collection.source, scraper)]
        seconds = [
            clock.seconds_between(row.created_at, row.finished_at) for row in same if not row.request.get("adopted")
        ]
        known = [value for value in seconds if value is not None and value >= 0]
        return statistics.median(known) if len(known) >= _FEWEST_FOR_TYPICAL else None

    async def plan_pages(
        self, urls: Sequence[str], *, via: str | None = None, zone: str = "", markdown: bool = False
    ) -> CollectPlan:
        """Checks addresses of pages and prices them. Without ``via``: crawl where a key is found, else direct.

        ``markdown`` lets the unlocker make the text in place of our own rules.

        Raises:
            UsageError: an address that is none, an unknown way, or a zone that the account does not have.
        """
        distinct = await asyncio.to_thread(page_plan.distinct_urls, urls)
        if via is None:
            via = await self._way_of_pages()
        if via not in page_plan.WAYS:
            raise UsageError(f"There is no way {via!r} to pages", hint=f"There are: {', '.join(page_plan.WAYS)}")
        if (zone or markdown) and via != "unlocker":
            raise UsageError(
                f"Pages through {via} take no {'zone' if zone else 'choice of their form'}",
                hint="Leave --zone and --markdown out, or add --via unlocker.",
            )
        if via == "unlocker":
            zone = await self._zone("unlocker", zone)
            return await self._with_earlier(
                await asyncio.to_thread(page_plan.unlocker_plan, self._settings, distinct, zone, markdown=markdown)
            )
        if via == "direct":  # costs nothing, however often
            return await asyncio.to_thread(page_plan.direct_plan, self._settings, distinct)
        return await self._with_earlier(await asyncio.to_thread(page_plan.crawl_plan, self._settings, distinct))

    async def plan_search(
        self, query: str, *, engine: str = "google", zone: str = "", pages: int = 1, country: str = ""
    ) -> CollectPlan:
        """Checks a search and prices its pages of results. Raises UsageError, CredentialMissing."""
        page_plan.require_search(query, engine=engine, pages=pages, country=country)
        zone = await self._zone("serp", zone)
        plan = page_plan.search_plan(self._settings, query, engine=engine, zone=zone, pages=pages, country=country)
        return await self._with_earlier(plan)

    async def zones(self) -> Sequence[Zone]:
        """The zones of the Bright Data account; a free call. Raises CredentialMissing, CredentialRefused, Offline."""
        module = await asyncio.to_thread(registry.load, "sources", "zones")
        found: Sequence[Zone] = await module.active(self._settings.brightdata_url, self._accounts.find)
        return found

    async def urls_of(self, collection_id: str, *, limit: int) -> tuple[Sequence[str], int]:
        """The distinct addresses of a collection's records, at most ``limit``, and how many there are in all."""
        await self.collection(collection_id)
        return await asyncio.to_thread(lambda: self._records.urls_of(collection_id, limit=limit))

    async def unknown_pages(self, collection_id: str) -> UnknownPages:
        """The paid pages of a collection whose end is not known, and what asking again costs at most.

        Raises:
            NotFound, UsageError: there is no such collection, or it has no paid pages.
        """
        collection = await self.collection(collection_id)
        require_pages(collection)
        return await self._pages.unknown(collection)

    async def start(self, plan: CollectPlan, *, deadline: float | None = None) -> AsyncGenerator[CollectEvent, None]:
        """Triggers once and follows to the stored records; ends with CollectionChanged.

        Leaving the iteration leaves the remote work running; :meth:`resume` goes on.

        Raises:
            OutcomeUnknown: the reply was lost; it is looked up by :meth:`resume`, never sent again.
            CapExceeded, CredentialMissing: nothing was sent.
            StillRunning: ``deadline`` seconds passed; everything is kept.
            CredentialRefused, RateLimited, InvalidInput: the service said no.
        """
        if plan.collection_id in self._followed:
            yield Noted(f"{plan.collection_id} is being followed already")
            yield CollectionChanged(await self._book.find(plan.collection_id) or draft_of(plan))
            return
        self._followed.add(plan.collection_id)  # before anything is awaited: a second press must see it
        try:
            known = await self._book.find(plan.collection_id)
            work = self._begin(plan, deadline) if known is None else self._go_on(known, deadline, resend_unknown=False)
            async with aclosing(work) as events:
                async for event in events:
                    yield event
        finally:
            self._followed.discard(plan.collection_id)

    async def resume(
        self, collection_id: str, *, deadline: float | None = None, resend_unknown: bool = False
    ) -> AsyncGenerator[CollectEvent, None]:
        """Goes on with a collection from where it stands; never triggers anew. An unknown one is looked up first.

        ``resend_unknown`` asks again, at their price, for paid pages whose end is not known.

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
            collection = await self.collection(collection_id)
            if resend_unknown:
                require_pages(collection)
            async with aclosing(self._go_on(collection, deadline, resend_unknown)) as events:
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
        if collection.source == page_plan.SOURCE:
            return await self._pages.cancel(collection)
        if collection.source not in SNAPSHOT_SOURCES:
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
        self,
        collection_id: str,
        *,
        limit: int = 50,
        after: int = -1,
        before: int | None = None,
        kinds: Sequence[RecordKind] = (),
    ) -> Sequence[Record]:
        """Stored records of a collection in the order of delivery; ``kinds`` picks some, else error rows included.

        The first ones after a position, or with ``before`` the last ones before another.
        """
        read = partial(self._records.of_collection, collection_id, limit=limit, after=after, before=before, kinds=kinds)
        return await asyncio.to_thread(read)

    async def unfinished(self) -> Sequence[Collection]:
        """Collections that can go on: running, unknown, or begun and perhaps never sent; oldest first."""
        states = (CollectionState.RUNNING, CollectionState.UNKNOWN, CollectionState.DRAFT)
        return await asyncio.to_thread(self._book.rows.in_states, states)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._connections.aclose()

    async def _begin(self, plan: CollectPlan, deadline: float | None) -> AsyncGenerator[CollectEvent, None]:
        """Stores the draft, triggers once and follows."""
        if plan.source == page_plan.SOURCE:
            async with aclosing(self._pages.start(plan, deadline)) as events:
                async for event in events:
                    yield event
            return
        patience = self._patience(deadline)
        await self._accounts.find(SOURCE, plan.address)
        await self._money.require_allowed(plan.estimated_cost, "The collection")
        draft = draft_of(plan)
        await asyncio.to_thread(self._book.rows.add, draft)
        if plan.earlier:
            yield Noted(f"The same was asked for as {plan.earlier} within thirty days; this pays again", "warn")
        yield CollectionChanged(draft)
        collection = await self._trigger(plan)
        yield CollectionChanged(collection)
        patience.answered()
        patience.is_young_for(_YOUNG_SECONDS)
        async with aclosing(self._follow.run(collection, patience)) as events:
            async for event in events:
                yield event

    async def _go_on(
        self, collection: Collection, deadline: float | None, resend_unknown: bool
    ) -> AsyncGenerator[CollectEvent, None]:
        if collection.state.is_final:
            yield CollectionChanged(collection)
            return
        if collection.source == page_plan.SOURCE:
            again = self._pages.resume(collection, deadline, resend_unknown=resend_unknown)
            async with aclosing(again) as events:
                async for event in events:
                    yield event
            return
        if collection.source not in SNAPSHOT_SOURCES:
            yield CollectionChanged(await self._settle_interrupted_import(collection))
            return
        patience = self._patience(deadline)
        if collection.snapshot_id is None:
            collection = await self._lookup.find(collection)
            yield CollectionChanged(collection)
        if collection.snapshot_id is None:
            return
        age = (datetime.now(UTC) - clock.parse_rfc3339(collection.created_at)).total_seconds()
        patience.is_young_for(_YOUNG_SECONDS - max(0.0, age))  # the wall clock may have been set back
        async with aclosing(self._follow.run(collection, patience)) as events:
            async for event in events:
                yield event

    async def _way_of_pages(self) -> str:
        try:
            await self._accounts.find(SOURCE, self._settings.brightdata_url)
        except (CredentialMissing, KeyringUnavailable):
            return "direct"
        return "crawl"

    async def _zone(self, via: str, named: str) -> str:
        module = await asyncio.to_thread(registry.load, "sources", "zones")
        chosen: str = module.choose(await self.zones(), via, named)
        return chosen

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
        except SnapshotEmpty as error:
            changes = {"state": CollectionState.EMPTY, "phase": "", "cost": 0.0, "finished_at": clock.now()}
            await self._book.set(collection_id, "warn", message=error.message, **changes)
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

    async def _with_earlier(self, plan: CollectPlan) -> CollectPlan:
        """The plan with the collection that paid for the same within the last thirty days."""
        since = clock.rfc3339((datetime.now(UTC) - _PAYS_AGAIN).timestamp())
        found = await asyncio.to_thread(self._book.rows.newest_same, plan.request_key, plan.address, since)
        return plan if found is None else dataclasses.replace(plan, earlier=found.collection_id)

    def _patience(self, deadline: float | None) -> Patience:
        return Patience(self._settings.poll_seconds, deadline, self._waiting)
