"""Collections that fetch pages one by one: begun, gone on with, stopped, and settled with their receipt."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from webtune_tui import registry
from webtune_tui.domain import clock
from webtune_tui.domain.costs import OperationState
from webtune_tui.domain.errors import OutcomeUnknown, UsageError, WebtuneError
from webtune_tui.domain.events import CollectEvent, CollectionChanged, Progressed, RecordsArrived
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services.accounts import AccountsService
from webtune_tui.services.collect_plan import CollectPlan, draft_of, fingerprint_of
from webtune_tui.services.collection_book import CollectionBook
from webtune_tui.services.money import MoneyService
from webtune_tui.services.page_receipt import PageReceipts, UnknownPages, again_subject, is_paid, is_paid_way, way_of
from webtune_tui.services.page_records import PageStore
from webtune_tui.services.page_run import PAGES, PageRun
from webtune_tui.services.patience import Patience, Waiting
from webtune_tui.services.stepwise import in_thread
from webtune_tui.settings import Settings
from webtune_tui.sources import main_text
from webtune_tui.sources.base import PageFetcher, PagesRequest
from webtune_tui.storage.files import make_folder
from webtune_tui.storage.pages import PageRepository, PageState
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

OPERATION = "pages"
SERVICE = "brightdata"
_SAMPLE = 5


class PageCollections:
    """The verbs of collecting for collections whose source is ``pages``."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        book: CollectionBook,
        accounts: AccountsService,
        money: MoneyService,
        waiting: Waiting,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._book = book
        self._accounts = accounts
        self._money = money
        self._waiting = waiting
        self._pages = PageRepository(workspace.database)
        self._records = RecordRepository(workspace.database)
        self._receipts = PageReceipts(workspace, settings, book, money, self._pages)
        self._runs: dict[str, PageRun] = {}

    async def start(self, plan: CollectPlan, deadline: float | None) -> AsyncGenerator[CollectEvent, None]:
        """Stores the pages, agrees on the price, and fetches them; ends with CollectionChanged.

        Raises:
            ExtraMissing, CredentialMissing, CapExceeded: nothing was stored or sent.
            OutcomeUnknown: the end of some paid pages is not known.
            StillRunning, RateLimited, Offline, CredentialRefused: the rest waits for :meth:`resume`.
        """
        request = plan.request
        assert isinstance(request, PagesRequest)
        if request.via != "serp" and not request.options.get("markdown"):
            await asyncio.to_thread(main_text.require_extra)
        if is_paid_way(request.via):
            await self._accounts.find(SERVICE, plan.address)
            await self._money.require_allowed(plan.estimated_cost, "The collection")
        collection = draft_of(plan)
        await asyncio.to_thread(self._book.rows.add, collection)
        yield CollectionChanged(collection)
        await asyncio.to_thread(self._pages.add, plan.collection_id, request.urls)
        if is_paid_way(request.via):
            collection = await self._agreed(collection, fingerprint_of(plan), plan.estimated_cost, plan.basis)
        async with aclosing(self._run(collection, deadline)) as events:
            async for event in events:
                yield event

    async def resume(
        self, collection: Collection, deadline: float | None, *, resend_unknown: bool = False
    ) -> AsyncGenerator[CollectEvent, None]:
        """Fetches the pages that wait; those of unknown end only where ``resend_unknown`` asks for them again."""
        counts = await asyncio.to_thread(self._pages.counts, collection.collection_id)
        if is_paid(collection):
            collection = await self._with_operation(collection)
        if not any(counts.values()) or (is_paid(collection) and collection.operation_id is None):
            yield CollectionChanged(await self._never_sent(collection))
            return
        await self._settle_interrupted(collection)
        if resend_unknown:
            again = await self.unknown(collection)
            if again.count:
                collection = await self._agreed_again(collection, again)
        async with aclosing(self._run(collection, deadline)) as events:
            async for event in events:
                yield event

    async def cancel(self, collection: Collection) -> Collection:
        """Stops before the next page. What is under way in this process is brought to its end first."""
        run = self._runs.get(collection.collection_id)
        if run is not None:
            run.stop()
            return await self._book.set(collection.collection_id, phase="cancelling")
        await self._settle_interrupted(collection)
        return await self._receipts.settled(collection.collection_id, is_cancelled=True)

    async def unknown(self, collection: Collection) -> UnknownPages:
        """The pages of unknown end, and what asking for them again costs at most."""
        return await self._receipts.unknown(collection)

    async def _run(self, collection: Collection, deadline: float | None) -> AsyncGenerator[CollectEvent, None]:
        collection_id = collection.collection_id
        folder = self._workspace.raw_folder(collection_id)
        await asyncio.to_thread(make_folder, folder / PAGES)
        collection = await self._book.set(
            collection_id,
            state=CollectionState.RUNNING,
            phase="fetching",
            message="",
            raw_path=self._workspace.relative(folder / PAGES),
        )
        yield CollectionChanged(collection)
        store = PageStore(self._pages, self._records, collection_id, folder, collection.request)
        fetcher = await asyncio.to_thread(self._fetcher, collection)
        run = PageRun(
            self._pages, self._book, collection, fetcher, folder, is_paid=is_paid(collection), waiting=self._waiting
        )
        self._runs[collection_id] = run
        counts = await asyncio.to_thread(self._pages.counts, collection_id)
        total = sum(counts.values())
        done = total - counts[PageState.WAITING]
        try:
            async with aclosing(run.run(Patience(None, deadline, self._waiting))) as pages:
                async for _ in pages:
                    done += 1
                    yield Progressed("fetching", done, total, "pages")
                    async for event in self._stored(store):
                        yield event
            async for event in self._stored(store):
                yield event
        except WebtuneError as error:
            await self._book.set(collection_id, "warn", phase="waiting", message=error.message)
            raise
        finally:
            del self._runs[collection_id]
            await fetcher.aclose()
        settled = await self._receipts.settled(collection_id, is_cancelled=run.is_stopped)
        yield CollectionChanged(settled)
        if settled.state is CollectionState.UNKNOWN:
            raise OutcomeUnknown(settled.message, hint=_resend_hint(collection_id))

    async def _stored(self, store: PageStore) -> AsyncGenerator[CollectEvent, None]:
        async with aclosing(in_thread(store.ready())) as batches:
            async for batch in batches:
                if batch.stored:
                    yield RecordsArrived(batch.collection.collection_id, tuple(batch.stored[:_SAMPLE]))
                yield CollectionChanged(batch.collection)

    def _fetcher(self, collection: Collection) -> PageFetcher:
        """The fetcher of the collection's own way and address, whatever the settings say by now."""
        request, via = collection.request, way_of(collection)
        create: Callable[..., PageFetcher] = registry.load("sources", via).create
        options: dict[str, Any] = {}
        settings = self._settings
        if is_paid_way(via):
            settings = dataclasses.replace(settings, brightdata_url=collection.address)
            options["zone"] = str(request.get("zone", ""))
        if request.get("markdown"):
            options["markdown"] = True
        if via == "serp":
            options |= {"engine": str(request.get("engine", "")), "country": str(request.get("country", ""))}
        return create(settings, self._accounts.find, **options)

    async def _agreed(self, collection: Collection, fingerprint: str, estimate: float, basis: str) -> Collection:
        """Writes the price of the run into the journal, under the cap. Each page is on record by itself."""
        operation = await self._money.perform(
            kind=OPERATION,
            service=SERVICE,
            address=collection.address,
            subject_id=collection.collection_id,
            fingerprint=fingerprint,
            estimate=estimate,
            basis=basis,
            send=_nothing_yet,
        )
        return await self._book.set(collection.collection_id, operation_id=operation.operation_id)

    async def _agreed_again(self, collection: Collection, again: UnknownPages) -> Collection:
        """As :meth:`_agreed` for pages that are asked for a second time: an operation and a charge of its own."""
        collection_id = collection.collection_id
        counts = await asyncio.to_thread(self._pages.counts, collection_id)
        total = sum(counts.values()) + again.count
        operation = await self._money.perform(
            kind=OPERATION,
            service=SERVICE,
            address=collection.address,
            subject_id=again_subject(collection_id, total),
            fingerprint=f"{collection_id} {total}",
            estimate=again.cost,
            basis=again.basis,
            send=_nothing_yet,
        )
        await asyncio.to_thread(self._pages.ask_again, collection_id)
        await self._book.log(collection, f"Asking again for {again.count} pages of unknown end")
        return await self._book.set(collection_id, operation_id=operation.operation_id)

    async def _with_operation(self, collection: Collection) -> Collection:
        """A paid collection with its place in the journal, where it got one before the program ended."""
        if collection.operation_id is not None:
            return collection
        found = await self._money.of_subject(collection.collection_id, OPERATION)
        if found is None or found.state not in (OperationState.CONFIRMED, OperationState.UNKNOWN):
            return collection
        if found.state is OperationState.UNKNOWN:  # only the agreement was being written: nothing had left
            await self._money.resolve(found.operation_id, remote_id=PAGES, message="the pages are on record")
        return await self._book.set(collection.collection_id, operation_id=found.operation_id)

    async def _settle_interrupted(self, collection: Collection) -> None:
        """Requests that an ended process had sent are of unknown end."""
        if collection.collection_id in self._runs:
            return
        count = await asyncio.to_thread(
            lambda: self._pages.change_all(
                collection.collection_id, PageState.SENT, PageState.UNKNOWN, "webtune ended before the answer came"
            )
        )
        if count:
            await self._book.log(
                collection, f"{count} pages were sent when webtune ended: their end is unknown", "warn"
            )

    async def _never_sent(self, collection: Collection) -> Collection:
        return await self._book.set(
            collection.collection_id,
            state=CollectionState.CANCELLED,
            phase="",
            message="It was never begun, so nothing was charged. Start it again if it is still wanted.",
            finished_at=clock.now(),
        )


def require_pages(collection: Collection) -> None:
    """Refuses to ask again for the pages of a collection that has none. Raises UsageError."""
    if collection.source != PAGES or not is_paid(collection):
        raise UsageError(
            f"{collection.collection_id} has no paid pages that could be asked for again",
            hint="Leave --resend-unknown out.",
        )


def _resend_hint(collection_id: str) -> str:
    return (
        f"To ask for them again at their price: webtune collect resume {collection_id} --resend-unknown; "
        f"to leave them: webtune collect cancel {collection_id}"
    )


async def _nothing_yet() -> str:
    """The journal's answer for a run whose requests are on record one by one."""
    return "pages"
