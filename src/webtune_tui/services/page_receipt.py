"""The end of a collection of pages: what came, what it cost, and what is not known; and its manifest."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webtune_tui import __version__
from webtune_tui.domain import clock
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services import raw_data
from webtune_tui.services.collection_book import CollectionBook
from webtune_tui.services.drift import DriftService
from webtune_tui.services.money import MoneyService
from webtune_tui.services.page_plan import paid_basis
from webtune_tui.services.page_records import NO_TEXT, UNREADABLE
from webtune_tui.settings import Settings
from webtune_tui.storage.files import make_folder
from webtune_tui.storage.pages import PageRepository, PageState
from webtune_tui.storage.workspace import Workspace

# failures after the service had delivered: it may charge them
_PAID_FAILURES = ("too_large", "media_type", "empty", NO_TEXT, UNREADABLE)


@dataclass(frozen=True, slots=True)
class UnknownPages:
    """Pages that were asked for and whose end is not known; asking again costs at most ``cost`` USD more."""

    count: int
    cost: float
    basis: str


class PageReceipts:
    """Settles collections of pages."""

    def __init__(
        self, workspace: Workspace, settings: Settings, book: CollectionBook, money: MoneyService, pages: PageRepository
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._book = book
        self._money = money
        self._pages = pages
        self._drift = DriftService(workspace)

    async def unknown(self, collection: Collection) -> UnknownPages:
        """The pages of unknown end, and what asking for them again costs at most."""
        counts = await asyncio.to_thread(self._pages.counts, collection.collection_id)
        count = counts[PageState.UNKNOWN] + counts[PageState.SENT]
        price, dated = self._price(collection)
        return UnknownPages(count, round(count * price / 1000, 6), paid_basis(count, price, dated))

    async def settled(self, collection_id: str, *, is_cancelled: bool) -> Collection:
        """Charges what came, writes the manifest and gives the collection its last state."""
        found = await self._book.find(collection_id)
        assert found is not None
        counts = await asyncio.to_thread(self._pages.counts, collection_id)
        cost = await self._charged(found, counts)
        await asyncio.to_thread(self._write_manifest, found)
        unknown = counts[PageState.UNKNOWN]
        state, message = CollectionState.READY, ""
        if is_cancelled:
            state, message = CollectionState.CANCELLED, f"Stopped; {counts[PageState.WAITING]:,} pages were not fetched"
        elif unknown:
            state = CollectionState.UNKNOWN
            message = f"{unknown:,} paid pages were sent and their end is unknown; they count as charged"
        elif not found.records:
            state = CollectionState.EMPTY
            message = "No records: every page failed" if found.errors else "No records"
        level = "info" if state is CollectionState.READY else "warn"
        previous, gone = None, None
        if state is CollectionState.READY:
            previous, gone = await asyncio.to_thread(self._drift.settle, found)
        since = f", {gone:,} gone since {previous.created_at[:10]}" if previous is not None else ""
        await self._book.log(
            found,
            f"Stored {found.records:,} records: {found.new:,} new, {found.changed:,} changed{since} "
            f"({found.duplicates:,} already here), {found.errors:,} pages failed; {usd(cost)}",
        )
        finished_at = None if state is CollectionState.UNKNOWN else clock.now()
        return await self._book.set(
            collection_id,
            level,
            state=state,
            phase="",
            message=message,
            cost=cost,
            finished_at=finished_at,
            previous_id=previous.collection_id if previous is not None else None,
            gone=gone,
        )

    async def _charged(self, collection: Collection, counts: Mapping[PageState, int]) -> float:
        """What all pages cost by now, in the ledger; what is not known counts as charged."""
        collection_id = collection.collection_id
        if not is_paid(collection):
            return 0.0
        failed = await asyncio.to_thread(self._pages.failed_with, collection_id, _PAID_FAILURES)
        unknown = counts[PageState.UNKNOWN] + counts[PageState.RESENT]
        paid = counts[PageState.DONE] + failed + unknown
        price, dated = self._price(collection)
        total = 0.0 if collection.is_sandbox else round(paid * price / 1000, 6)
        basis = "sandbox: nothing is charged" if collection.is_sandbox else paid_basis(paid, price, dated)
        if unknown:
            basis += f", {unknown} of them of unknown end"
        subject = collection_id
        if collection.cost is not None:
            subject = again_subject(collection_id, sum(counts.values()))
        more = round(total - (collection.cost or 0.0), 6)
        if more or collection.cost is None:
            await self._money.charge(subject, more, basis, collection.operation_id)
        return total

    def _price(self, collection: Collection) -> tuple[float, str]:
        price = float(collection.request.get("price_per_1000", self._settings.price_per_1000_requests))
        return price, str(collection.request.get("price_dated", self._settings.price_dated))

    def _write_manifest(self, collection: Collection) -> None:
        folder = self._workspace.raw_folder(collection.collection_id)
        make_folder(folder)
        files = [
            {
                "path": page.raw_file,
                "bytes": page.bytes,
                "sha256": _sha256(folder / page.raw_file),
                "url": page.url,
                "final_url": page.final_url,
                "media_type": page.media_type,
                "fetched_at": page.fetched_at,
            }
            for page in self._pages.in_state(collection.collection_id, PageState.DONE)
        ]
        facts = {
            "collection_id": collection.collection_id,
            "source": collection.source,
            "request": dict(collection.request),
            "address": collection.address,
            "is_sandbox": collection.is_sandbox,
            "webtune": __version__,
        }
        raw_data.write_manifest(folder, facts, files)


def is_paid(collection: Collection) -> bool:
    """Whether each of its pages is a paid request."""
    return is_paid_way(way_of(collection))


def is_paid_way(via: str) -> bool:
    """Whether pages that are fetched this way are paid."""
    return via in ("unlocker", "serp")


def way_of(collection: Collection) -> str:
    """How its pages are fetched: direct, unlocker or serp."""
    return str(collection.request.get("via", ""))


def again_subject(collection_id: str, total: int) -> str:
    """What the ledger calls pages that are asked for a second time; ``total`` counts all pages with them."""
    return f"{collection_id}/again-{total}"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
