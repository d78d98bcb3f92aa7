"""Bright Data's Web Scraper API: one call a method, typed answers, typed errors, no retries.

Waiting and trying again are decided by services/collect.py; a trigger is never sent twice by anybody.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from urllib.parse import quote

from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources.base import (
    Batch,
    KeyLookup,
    SnapshotListing,
    SnapshotMissing,
    SnapshotRequest,
    SnapshotStatus,
    TriggerRequest,
)
from webtune_tui.sources.brightdata_downloads import count_batches, fetch_rows, fields_of, listings_in, status_of
from webtune_tui.sources.brightdata_http import (
    BrightDataHttp,
    is_html,
    outcome_unknown,
    text_of,
)


class BrightDataClient:
    """One account at one address. The key is looked up at each call, so that a new one works at once."""

    def __init__(self, address: str, find_key: KeyLookup) -> None:
        self._http = BrightDataHttp(address, find_key)
        self.address = self._http.address

    async def trigger(self, request: SnapshotRequest) -> str:
        """Starts a paid collection, sent exactly once, and answers its snapshot id.

        Raises:
            OutcomeUnknown: it may have been accepted, but no readable reply came.
            Offline: the connection could not be made, so nothing was sent.
            RateLimited, CredentialRefused, InvalidInput: the service said no.
        """
        assert isinstance(request, TriggerRequest), "filters go to the marketplace"
        response = await self._http.post_paid(
            wire.TRIGGER_PATH, wire.trigger_query(request), wire.trigger_body(request).encode()
        )
        snapshot_id = wire.snapshot_id_of(text_of(response))
        if snapshot_id is None:
            raise outcome_unknown(f"its answer ({response.status_code}) holds no snapshot id")
        return snapshot_id

    async def progress(self, snapshot_id: str) -> SnapshotStatus:
        """The snapshot's state. Raises SnapshotMissing for an id that the account does not know (yet)."""
        return await status_of(self._http, f"/datasets/v3/progress/{quote(snapshot_id, safe='')}", snapshot_id)

    async def download(self, snapshot_id: str, target: Path, batch: Batch | None = None) -> AsyncGenerator[int, None]:
        """Streams the records as NDJSON into ``target``; yields the bytes so far and syncs the file at the end.

        Raises:
            SnapshotNotReady: it is still being built. SnapshotEmpty, SnapshotMissing: there is nothing to fetch.
            NoBatches: this batch can't be had.
            CutBody: the body ended early or is damaged; ``target`` keeps what came.
        """
        path = f"/datasets/v3/snapshot/{quote(snapshot_id, safe='')}"
        async with aclosing(
            fetch_rows(self._http, path, wire.download_query("ndjson", batch), snapshot_id, target, batch)
        ) as pieces:
            async for written in pieces:
                yield written

    async def batches(self, snapshot_id: str, size: int) -> int:
        """In how many batches of ``size`` records a ready snapshot can be fetched. Raises NoBatches."""
        path = f"/datasets/v3/snapshot/{quote(snapshot_id, safe='')}/parts"
        return await count_batches(self._http, path, wire.batches_query("ndjson", size), snapshot_id)

    async def inputs_of(self, snapshot_id: str) -> Sequence[Mapping[str, str]] | None:
        """The inputs of a snapshot by its CSV of them; ``None`` where the service has none or can't tell."""
        response = await self._http.get(f"/datasets/v3/snapshot/{quote(snapshot_id, safe='')}/input")
        if response.status_code in (401, 402, 403, 429):
            raise self._http.refusal(response)
        return None if response.status_code != 200 or is_html(response) else wire.inputs_of(text_of(response))

    async def fields_of(self, dataset_id: str) -> Mapping[str, str] | None:
        """The active output fields of a scraper with their types; ``None`` where the service does not tell them."""
        return await fields_of(self._http, dataset_id)

    async def cancel(self, snapshot_id: str) -> None:
        """Asks the service to stop. One that no longer runs is no error: its state tells what became of it."""
        headers = await self._http.authorization()
        url = f"/datasets/v3/snapshot/{quote(snapshot_id, safe='')}/cancel"
        response = await self._http.send(self._http.client.build_request("POST", url, headers=headers))
        if response.is_success or (response.status_code == 400 and "not running" in text_of(response)):
            return
        if response.status_code == 404:
            raise SnapshotMissing(f"Snapshot {snapshot_id}: {wire.words_of(text_of(response))}")
        raise self._http.refusal(response)

    async def snapshots(self, scraper_id: str, since: str) -> Sequence[SnapshotListing]:
        """The account's snapshots of a scraper since an RFC 3339 time; the service compares whole days."""
        response = await self._http.get(
            "/datasets/v3/snapshots", {"dataset_id": scraper_id, "from_date": wire.day_before(since), "limit": "5000"}
        )
        return listings_in(self._http, response)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def create(address: str, find_key: KeyLookup) -> BrightDataClient:
    """The client for an address; the way services get one without importing httpx beforehand."""
    return BrightDataClient(address, find_key)
