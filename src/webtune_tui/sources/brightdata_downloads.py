"""The state of a snapshot and its rows, whole or in batches: what scrapers and the marketplace have in common."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources.base import (
    Batch,
    CutBody,
    NoBatches,
    SnapshotEmpty,
    SnapshotExpired,
    SnapshotListing,
    SnapshotMissing,
    SnapshotNotReady,
    SnapshotStatus,
)
from webtune_tui.sources.brightdata_http import (
    DOWNLOAD_TIMEOUTS,
    BrightDataHttp,
    is_html,
    read_limited,
    seconds_ahead,
    text_of,
    wait_of,
)


async def status_of(http: BrightDataHttp, path: str, snapshot_id: str) -> SnapshotStatus:
    """How far a snapshot is. Raises SnapshotMissing, SnapshotNotReady."""
    response = await http.get(path)
    text = text_of(response)
    if response.status_code == 404:
        raise SnapshotMissing(f"Snapshot {snapshot_id}: {wire.words_of(text)}", hint="Check the id.")
    if response.status_code == 202:
        raise SnapshotNotReady(wire.words_of(text), retry_after=wait_of(response, text))
    if not response.is_success:
        raise http.refusal(response)
    if is_html(response):
        raise http.not_the_service()
    return wire.status_of(snapshot_id, text)


async def fetch_rows(
    http: BrightDataHttp, path: str, query: Mapping[str, str], snapshot_id: str, target: Path, batch: Batch | None
) -> AsyncGenerator[int, None]:
    """Streams the rows into ``target``; yields the bytes so far and syncs the file at the end.

    Raises:
        SnapshotNotReady: it is still being built. SnapshotEmpty, SnapshotMissing: there is nothing to fetch.
        NoBatches: a batch was asked for, and it can't be had.
        CutBody: the body ended early or is damaged; ``target`` keeps what came.
    """
    headers = await http.authorization() | {"Accept-Encoding": "gzip"}
    request = http.client.build_request("GET", path, params=query, headers=headers, timeout=DOWNLOAD_TIMEOUTS)
    response = await http.send(request, stream=True)
    try:
        await _require_data(http, response, snapshot_id, batch)
        async for written in http.store(response, target):
            yield written
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.TimeoutException) as error:
        raise CutBody(f"The download of {snapshot_id} was cut ({type(error).__name__})") from error
    finally:
        await response.aclose()


async def count_batches(http: BrightDataHttp, path: str, query: Mapping[str, str], snapshot_id: str) -> int:
    """The number of batches that the service names. Raises NoBatches, SnapshotNotReady."""
    response = await http.get(path, query)
    text = text_of(response)
    if response.status_code == 200 and not is_html(response):
        count = wire.batches_in(text)
        if count is not None:
            return count
    if response.status_code == 202 or (response.status_code == 400 and "not ready" in text.lower()):
        raise SnapshotNotReady(wire.words_of(text), retry_after=wait_of(response, text))
    if response.status_code in (401, 402, 403, 429) or response.status_code >= 500:
        raise http.refusal(response)
    raise NoBatches(f"Snapshot {snapshot_id} does not come in batches: {wire.words_of(text)}")


def listings_in(http: BrightDataHttp, response: httpx.Response) -> Sequence[SnapshotListing]:
    """The account's snapshots that an answer lists."""
    if not response.is_success:
        raise http.refusal(response)
    rows = wire.listings_of(text_of(response), ahead=seconds_ahead(response))
    if rows is None:
        raise http.not_the_service()
    return rows


async def fields_of(http: BrightDataHttp, dataset_id: str) -> Mapping[str, str] | None:
    """The active fields of a dataset with their types; ``None`` where the service does not tell them."""
    response = await http.get(f"/datasets/{quote(dataset_id, safe='')}/metadata")
    if response.status_code in (401, 403, 429) or response.status_code >= 500:
        raise http.refusal(response)
    return None if response.status_code != 200 or is_html(response) else wire.fields_in(text_of(response))


async def _require_data(http: BrightDataHttp, response: httpx.Response, snapshot_id: str, batch: Batch | None) -> None:
    if response.status_code == 200 and not is_html(response):
        return
    await read_limited(response)
    status, text = response.status_code, text_of(response)
    words = wire.words_of(text)
    if status == 200:
        raise http.not_the_service()
    if status == 202:
        raise SnapshotNotReady(words, retry_after=wait_of(response, text))
    if status == 400 and "expired" in text.lower():
        raise SnapshotExpired(f"Snapshot {snapshot_id}: {words}", hint="Bright Data keeps a snapshot for 30 days.")
    if batch is not None and status in (400, 404, 416, 422):
        raise NoBatches(f"Snapshot {snapshot_id} has no batch {batch.number}: {words}")
    if status == 400 and "empty" in text.lower():
        raise SnapshotEmpty(
            f"Snapshot {snapshot_id}: the service found nothing ({words})",
            hint="Check the input, then collect again.",
        )
    if status == 404:
        raise SnapshotMissing(f"Snapshot {snapshot_id}: {words}", hint="Check the id.")
    raise http.refusal(response)
