"""Bright Data's Web Scraper API: one call a method, typed answers, typed errors, no retries.

Waiting and trying again are decided by services/collect.py; a trigger is never sent twice by anybody.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources.base import (
    CutBody,
    KeyLookup,
    SnapshotEmpty,
    SnapshotExpired,
    SnapshotListing,
    SnapshotMissing,
    SnapshotNotReady,
    SnapshotRequest,
    SnapshotStatus,
    TriggerRequest,
)
from webtune_tui.sources.brightdata_http import (
    DOWNLOAD_TIMEOUTS,
    BrightDataHttp,
    is_html,
    outcome_unknown,
    read_limited,
    text_of,
    wait_of,
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
        response = await self._http.get(f"/datasets/v3/progress/{quote(snapshot_id, safe='')}")
        text = text_of(response)
        if response.status_code == 404:
            raise SnapshotMissing(f"Snapshot {snapshot_id}: {wire.words_of(text)}", hint="Check the id.")
        if response.status_code == 202:
            raise SnapshotNotReady(wire.words_of(text), retry_after=wait_of(response, text))
        if not response.is_success:
            raise self._http.refusal(response)
        if is_html(response):
            raise self._http.not_the_service()
        return wire.status_of(snapshot_id, text)

    async def download(self, snapshot_id: str, target: Path) -> AsyncGenerator[int, None]:
        """Streams the records as NDJSON into ``target``; yields the bytes so far and syncs the file at the end.

        Raises:
            SnapshotNotReady: it is still being built. SnapshotEmpty, SnapshotMissing: there is nothing to fetch.
            CutBody: the body ended early or is damaged; ``target`` keeps what came.
        """
        request = self._http.client.build_request(
            "GET",
            f"/datasets/v3/snapshot/{quote(snapshot_id, safe='')}",
            params={"format": "ndjson"},
            headers=await self._http.authorization() | {"Accept-Encoding": "gzip"},
            timeout=DOWNLOAD_TIMEOUTS,
        )
        response = await self._http.send(request, stream=True)
        try:
            await self._require_data(response, snapshot_id)
            async for written in self._http.store(response, target):
                yield written
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.TimeoutException) as error:
            raise CutBody(f"The download of {snapshot_id} was cut ({type(error).__name__})") from error
        finally:
            await response.aclose()

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
            "/datasets/v3/snapshots", {"dataset_id": scraper_id, "from_date": since[:10], "limit": "5000"}
        )
        if not response.is_success:
            raise self._http.refusal(response)
        rows = wire.listings_of(text_of(response))
        if rows is None:
            raise self._http.not_the_service()
        return rows

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _require_data(self, response: httpx.Response, snapshot_id: str) -> None:
        if response.status_code == 200 and not is_html(response):
            return
        await read_limited(response)
        text = text_of(response)
        if response.status_code == 200:
            raise self._http.not_the_service()
        if response.status_code == 202:
            raise SnapshotNotReady(wire.words_of(text), retry_after=wait_of(response, text))
        if response.status_code == 400 and "empty" in text.lower():
            raise SnapshotEmpty(
                f"Snapshot {snapshot_id}: the service found nothing ({wire.words_of(text)})",
                hint="Check the input, then collect again.",
            )
        if response.status_code == 400 and "expired" in text.lower():
            raise SnapshotExpired(
                f"Snapshot {snapshot_id}: {wire.words_of(text)}", hint="Bright Data keeps a snapshot for 30 days."
            )
        if response.status_code == 404:
            raise SnapshotMissing(f"Snapshot {snapshot_id}: {wire.words_of(text)}", hint="Check the id.")
        raise self._http.refusal(response)


def create(address: str, find_key: KeyLookup) -> BrightDataClient:
    """The client for an address; the way services get one without importing httpx beforehand."""
    return BrightDataClient(address, find_key)
