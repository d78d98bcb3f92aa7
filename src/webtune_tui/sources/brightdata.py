"""Bright Data's Web Scraper API over httpx: one call a method, typed answers, typed errors, no retries.

Waiting and trying again are decided by services/collect.py; a trigger is never sent twice by anybody.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import httpx

from webtune_tui import __version__
from webtune_tui.domain.addresses import host_of
from webtune_tui.domain.errors import (
    CredentialRefused,
    InvalidInput,
    Offline,
    OutcomeUnknown,
    RateLimited,
    ServiceUnavailable,
    WebtuneError,
    WorkFailed,
)
from webtune_tui.sources import brightdata_requests as wire
from webtune_tui.sources.base import (
    CutBody,
    KeyLookup,
    Overloaded,
    SnapshotEmpty,
    SnapshotExpired,
    SnapshotListing,
    SnapshotMissing,
    SnapshotNotReady,
    SnapshotRequest,
    SnapshotStatus,
    TriggerRequest,
)

KEY_NAME = "brightdata"
LARGEST_DOWNLOAD = 20 * 1024**3
LARGEST_EXPANSION = 100  # JSON packs about 10:1; a body that grows more than this is a bomb
_EXPANSION_FREE = 64 * 1024**2
_TEXT_LIMIT = 1024**2
_WRITE_SIZE = 1024**2
_TIMEOUTS = httpx.Timeout(connect=15, read=75, write=60, pool=15)
_DOWNLOAD_TIMEOUTS = httpx.Timeout(connect=15, read=120, write=60, pool=15)


class BrightDataClient:
    """One account at one address. The key is looked up at each call, so that a new one works at once."""

    def __init__(self, address: str, find_key: KeyLookup) -> None:
        self.address = address.rstrip("/")
        self._find_key = find_key
        self._host = host_of(self.address)
        self._http = httpx.AsyncClient(
            base_url=self.address,
            timeout=_TIMEOUTS,
            headers={"User-Agent": f"webtune-tui/{__version__}"},
            follow_redirects=False,
            limits=httpx.Limits(max_connections=5),
            mounts=dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]")),  # never by a proxy
        )

    async def trigger(self, request: SnapshotRequest) -> str:
        """Starts a paid collection, sent exactly once, and answers its snapshot id.

        Raises:
            OutcomeUnknown: it may have been accepted, but no readable reply came.
            Offline: the connection could not be made, so nothing was sent.
            RateLimited, CredentialRefused, InvalidInput: the service said no.
        """
        assert isinstance(request, TriggerRequest), "filters go to the marketplace"
        headers = await self._authorization() | {"Content-Type": "application/json"}
        body = wire.trigger_body(request).encode()
        try:
            response = await self._http.post(
                wire.TRIGGER_PATH, params=wire.trigger_query(request), content=body, headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self._offline(error) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _lost(type(error).__name__) from error
        if response.is_success:
            snapshot_id = wire.snapshot_id_of(_text(response))
            if snapshot_id is None:
                raise _lost(f"its answer ({response.status_code}) holds no snapshot id")
            return snapshot_id
        if response.status_code >= 500 or response.status_code in (408, 409):
            raise _lost(f"the service answered {response.status_code}: {wire.words_of(_text(response))}")
        raise self._refusal(response)

    async def progress(self, snapshot_id: str) -> SnapshotStatus:
        """The snapshot's state. Raises SnapshotMissing for an id that the account does not know (yet)."""
        response = await self._get(f"/datasets/v3/progress/{quote(snapshot_id, safe='')}")
        text = _text(response)
        if response.status_code == 404:
            raise SnapshotMissing(f"Snapshot {snapshot_id}: {wire.words_of(text)}", hint="Check the id.")
        if response.status_code == 202:
            raise SnapshotNotReady(wire.words_of(text), retry_after=_wait(response, text))
        if not response.is_success:
            raise self._refusal(response)
        if _is_html(response):
            raise self._not_the_service()
        return wire.status_of(snapshot_id, text)

    async def download(self, snapshot_id: str, target: Path) -> AsyncGenerator[int, None]:
        """Streams the records as NDJSON into ``target``; yields the bytes so far and syncs the file at the end.

        Raises:
            SnapshotNotReady: it is still being built. SnapshotEmpty, SnapshotMissing: there is nothing to fetch.
            CutBody: the body ended early or is damaged; ``target`` keeps what came.
        """
        request = self._http.build_request(
            "GET",
            f"/datasets/v3/snapshot/{quote(snapshot_id, safe='')}",
            params={"format": "ndjson"},
            headers=await self._authorization() | {"Accept-Encoding": "gzip"},
            timeout=_DOWNLOAD_TIMEOUTS,
        )
        response = await self._send(request, stream=True)
        try:
            await self._require_data(response, snapshot_id)
            async for written in self._store(response, target):
                yield written
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.TimeoutException) as error:
            raise CutBody(f"The download of {snapshot_id} was cut ({type(error).__name__})") from error
        finally:
            await response.aclose()

    async def cancel(self, snapshot_id: str) -> None:
        """Asks the service to stop. One that no longer runs is no error: its state tells what became of it."""
        headers = await self._authorization()
        url = f"/datasets/v3/snapshot/{quote(snapshot_id, safe='')}/cancel"
        response = await self._send(self._http.build_request("POST", url, headers=headers))
        if response.is_success or (response.status_code == 400 and "not running" in _text(response)):
            return
        if response.status_code == 404:
            raise SnapshotMissing(f"Snapshot {snapshot_id}: {wire.words_of(_text(response))}")
        raise self._refusal(response)

    async def snapshots(self, scraper_id: str, since: str) -> Sequence[SnapshotListing]:
        """The account's snapshots of a scraper since an RFC 3339 time; the service compares whole days."""
        response = await self._get(
            "/datasets/v3/snapshots", {"dataset_id": scraper_id, "from_date": since[:10], "limit": "5000"}
        )
        if not response.is_success:
            raise self._refusal(response)
        rows = wire.listings_of(_text(response))
        if rows is None:
            raise self._not_the_service()
        return rows

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _get(self, url: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        headers = await self._authorization()
        return await self._send(self._http.build_request("GET", url, params=params, headers=headers))

    async def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        try:
            return await self._http.send(request, stream=stream)
        except httpx.DecodingError as error:
            raise ServiceUnavailable(f"{self._host} sent a damaged answer", hint="Try again.") from error
        except httpx.HTTPError as error:
            raise self._offline(error) from error

    async def _authorization(self) -> dict[str, str]:
        secret = await self._find_key(KEY_NAME, self.address)
        value = secret.reveal()
        if not value.isascii() or not value.isprintable() or " " in value or not value:
            raise CredentialRefused(
                "The Bright Data key holds characters that no key has", hint="Run: webtune keys set brightdata"
            )
        return {"Authorization": f"Bearer {value}"}

    async def _require_data(self, response: httpx.Response, snapshot_id: str) -> None:
        if response.status_code == 200 and not _is_html(response):
            return
        await _read_limited(response)
        text = _text(response)
        if response.status_code == 200:
            raise self._not_the_service()
        if response.status_code == 202:
            raise SnapshotNotReady(wire.words_of(text), retry_after=_wait(response, text))
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
        raise self._refusal(response)

    async def _store(self, response: httpx.Response, target: Path) -> AsyncGenerator[int, None]:
        """The body into the file; a short first piece is looked at for a notice in place of data."""
        decoder = _Decoder(is_gzip=response.headers.get("content-encoding", "").lower() == "gzip")
        stream = await asyncio.to_thread(_create, target)
        written = 0
        try:
            pending = bytearray()
            async for chunk in response.aiter_raw():
                pending += decoder.decode(chunk)
                if len(pending) >= _WRITE_SIZE:
                    self._require_bounded(written + len(pending), decoder.taken)
                    written += await asyncio.to_thread(stream.write, bytes(pending))
                    pending.clear()
                    yield written
            decoder.finish()
            if not written:
                self._require_no_notice(bytes(pending))
            written += await asyncio.to_thread(_finish, stream, bytes(pending))
            yield written
        finally:
            await asyncio.to_thread(stream.close)

    def _require_no_notice(self, body: bytes) -> None:
        if wire.is_running_notice(body):
            text = body.decode("utf-8", "replace")
            raise SnapshotNotReady(wire.words_of(text), retry_after=wire.recommended_wait({}, text))
        if body.lstrip()[:1] == b"<":
            raise self._not_the_service()

    def _require_bounded(self, decoded: int, taken: int) -> None:
        if decoded > LARGEST_DOWNLOAD:
            raise WorkFailed(
                f"The download passed the limit of {LARGEST_DOWNLOAD // 1024**3} GB",
                hint="Collect in smaller pieces: --max-records.",
            )
        if decoded > _EXPANSION_FREE and decoded > taken * LARGEST_EXPANSION:
            raise WorkFailed(
                f"The packed download grows more than {LARGEST_EXPANSION} times; it was stopped",
                hint="Report it to Bright Data.",
            )

    def _refusal(self, response: httpx.Response) -> WebtuneError:
        """What a refusing answer means."""
        status, text = response.status_code, _text(response)
        words = wire.words_of(text)
        if status in (401, 402, 403):
            return CredentialRefused(
                f"Bright Data at {self._host} refused the key ({status}): {words}", hint=_ACCOUNT_HINTS[status]
            )
        if status == 429:
            wait = _wait(response, text)
            when = f"; come back in {_span(wait)}" if wait else ""
            return RateLimited(
                f"{self._host} asks to slow down: {words}{when}",
                retry_after=wait,
                hint="Nothing was started. Try again later." if response.request.method == "POST" else "",
            )
        if status >= 500 or status == 408:
            return Overloaded(
                f"{self._host} answered {status}: {words}",
                retry_after=wire.retry_after(response.headers.get("retry-after")),
            )
        if response.is_redirect:
            return Offline(
                f"{self._host} answered with a redirect, not as the service does",
                hint="A login page of the network may stand in the way.",
            )
        return InvalidInput(f"{self._host} refused the request ({status}): {words}", hint="Check the inputs.")

    def _not_the_service(self) -> Offline:
        return Offline(
            f"{self._host} answered with a web page in place of data",
            hint="A login page of the network may stand in the way; check the connection and the address.",
        )

    def _offline(self, error: httpx.HTTPError) -> WebtuneError:
        cause = error.__cause__
        seen: set[int] = set()
        while cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            if isinstance(cause, ssl.SSLCertVerificationError):
                return Offline(
                    f"The certificate of {self._host} is not trusted: {cause.verify_message}",
                    hint="A proxy or a login page of the network may stand in the way.",
                )
            cause = cause.__cause__ or cause.__context__
        return Offline(
            f"No connection to {self._host} ({type(error).__name__})",
            hint="Check the network and the address; nothing is lost.",
        )


def create(address: str, find_key: KeyLookup) -> BrightDataClient:
    """The client for an address; the way services get one without importing httpx beforehand."""
    return BrightDataClient(address, find_key)


class _Decoder:
    """Unpacks gzip piece by piece and knows whether its end was seen; plain bytes pass."""

    def __init__(self, *, is_gzip: bool) -> None:
        self.taken = 0
        self._is_gzip = is_gzip
        self._started = False
        self._inflater = zlib.decompressobj(31)

    def decode(self, chunk: bytes) -> bytes:
        if not self._started:
            self._started = True
            self._is_gzip = self._is_gzip or chunk[:2] == b"\x1f\x8b"
        self.taken += len(chunk)
        if not self._is_gzip:
            return chunk
        try:
            return self._inflate(chunk)
        except zlib.error as error:
            raise CutBody("The download says that it is gzip and is not") from error

    def _inflate(self, chunk: bytes) -> bytes:
        unpacked = self._inflater.decompress(chunk)
        while self._inflater.eof and self._inflater.unused_data:  # several members in one file
            rest, self._inflater = self._inflater.unused_data, zlib.decompressobj(31)
            unpacked += self._inflater.decompress(rest)
        return unpacked

    def finish(self) -> None:
        if self._is_gzip and self._started and not self._inflater.eof:
            raise CutBody("The packed download ended before its end")


_ACCOUNT_HINTS = {
    401: "Run: webtune keys set brightdata (keys are made at brightdata.com, account settings)",
    402: "The account has no funds left; see billing at brightdata.com, then run it again.",
    403: "The key lacks a permission; an admin of the account can change it at brightdata.com.",
}


def _lost(why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"The collection was sent, but whether it was accepted is unknown: {why}",
        hint="Run: webtune collect resume (it looks it up and never sends again)",
    )


def _text(response: httpx.Response) -> str:
    return response.content[:_TEXT_LIMIT].decode("utf-8", "replace")


async def _read_limited(response: httpx.Response) -> None:
    """Reads a streamed error body, of which more than the limit is of no use."""
    if int(response.headers.get("content-length", "0") or 0) > 50 * _TEXT_LIMIT:
        raise ServiceUnavailable("The service sent an error of absurd length", hint="Try again later.")
    await response.aread()


def _wait(response: httpx.Response, text: str) -> float | None:
    return wire.recommended_wait(response.headers, text)


def _is_html(response: httpx.Response) -> bool:
    """Whether a 200 is a web page; the service types short texts as HTML too, but never its 200s with data."""
    return "html" in response.headers.get("content-type", "").lower()


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _create(target: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(target, flags, 0o600), "wb")


def _finish(stream: BinaryIO, rest: bytes) -> int:
    written = stream.write(rest)
    stream.flush()
    os.fsync(stream.fileno())
    return written
