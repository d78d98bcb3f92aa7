"""Bright Data's marketplace: a filter over a ready dataset makes a snapshot. One call a method, no retries."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from urllib.parse import quote

from webtune_tui.domain.errors import UsageError
from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources.base import (
    Batch,
    FilterRequest,
    KeyLookup,
    SnapshotEmpty,
    SnapshotListing,
    SnapshotRequest,
    SnapshotStatus,
)
from webtune_tui.sources.brightdata_downloads import count_batches, fetch_rows, fields_of, listings_in, status_of
from webtune_tui.sources.brightdata_http import (
    BrightDataHttp,
    outcome_unknown,
    text_of,
)

NO_MATCH = 422
_FORMAT = "jsonl"


class MarketplaceClient:
    """The marketplace of one account at one address."""

    def __init__(self, address: str, find_key: KeyLookup) -> None:
        self._http = BrightDataHttp(address, find_key)
        self.address = self._http.address

    async def trigger(self, request: SnapshotRequest) -> str:
        """Starts a paid filter, sent exactly once, and answers its snapshot id.

        Raises:
            OutcomeUnknown: it may have been accepted, but no readable reply came.
            SnapshotEmpty: no record passes the filter; nothing is charged.
            Offline: the connection could not be made, so nothing was sent.
            RateLimited, CredentialRefused, InvalidInput: the service said no.
        """
        assert isinstance(request, FilterRequest), "triggers go to the scrapers"
        response = await self._http.post_paid(
            wire.FILTER_PATH, {}, wire.filter_body(request).encode(), expected=(NO_MATCH,)
        )
        text = text_of(response)
        if response.status_code == NO_MATCH:
            raise SnapshotEmpty(f"No record passes the filter: {wire.words_of(text)}", hint="Loosen the conditions.")
        snapshot_id = wire.snapshot_id_of(text)
        if snapshot_id is None:
            raise outcome_unknown(f"its answer ({response.status_code}) holds no snapshot id")
        return snapshot_id

    async def progress(self, snapshot_id: str) -> SnapshotStatus:
        """The snapshot's state. Raises SnapshotMissing for an id that the account does not know (yet)."""
        return await status_of(self._http, _path(snapshot_id), snapshot_id)

    async def download(self, snapshot_id: str, target: Path, batch: Batch | None = None) -> AsyncGenerator[int, None]:
        """Streams the records as JSON lines into ``target``; yields the bytes so far.

        Raises:
            SnapshotNotReady, SnapshotEmpty, SnapshotMissing, NoBatches, CutBody: as of a scraper's snapshot.
        """
        path = f"{_path(snapshot_id)}/download"
        async with aclosing(
            fetch_rows(self._http, path, wire.download_query(_FORMAT, batch), snapshot_id, target, batch)
        ) as pieces:
            async for written in pieces:
                yield written

    async def batches(self, snapshot_id: str, size: int) -> int:
        """In how many batches of ``size`` records a ready snapshot can be fetched. Raises NoBatches."""
        path = f"{_path(snapshot_id)}/parts"
        return await count_batches(self._http, path, wire.batches_query(_FORMAT, size), snapshot_id)

    async def inputs_of(self, snapshot_id: str) -> Sequence[Mapping[str, str]] | None:
        """The marketplace does not tell the filter of a snapshot."""
        return None

    async def fields_of(self, dataset_id: str) -> Mapping[str, str] | None:
        """The active fields of a dataset with their types; ``None`` where the service does not tell them."""
        return await fields_of(self._http, dataset_id)

    async def cancel(self, snapshot_id: str) -> None:
        """Raises UsageError: the marketplace has no such call."""
        raise UsageError(
            f"The marketplace can't cancel {snapshot_id}", hint="A filter ends by itself within five minutes."
        )

    async def snapshots(self, scraper_id: str, since: str) -> Sequence[SnapshotListing]:
        """The account's marketplace snapshots of a dataset since an RFC 3339 time."""
        day = wire.day_before(since)
        response = await self._http.get("/datasets/snapshots", {"dataset_id": scraper_id, "from_date": day})
        if response.status_code == 400:  # these narrow the list where the service knows them
            response = await self._http.get("/datasets/snapshots")
        return listings_in(self._http, response)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def create(address: str, find_key: KeyLookup) -> MarketplaceClient:
    """The client for an address."""
    return MarketplaceClient(address, find_key)


def _path(snapshot_id: str) -> str:
    return f"/datasets/snapshots/{quote(snapshot_id, safe='')}"
