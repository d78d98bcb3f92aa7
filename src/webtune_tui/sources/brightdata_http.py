"""One account of Bright Data over httpx: the key on each call, typed errors, and bodies that stream into files.

No retries: waiting and trying again are decided by the services.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import zlib
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

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
from webtune_tui.sources.base import CutBody, KeyLookup, Overloaded, PageRefused, SnapshotNotReady

KEY_NAME = "brightdata"
LARGEST_DOWNLOAD = 20 * 1024**3
LARGEST_EXPANSION = 100  # JSON packs about 10:1; a body that grows more than this is a bomb
DOWNLOAD_TIMEOUTS = httpx.Timeout(connect=15, read=120, write=60, pool=15)
_EXPANSION_FREE = 64 * 1024**2
_TEXT_LIMIT = 1024**2
_SAME_TIME = 30.0
_TAKEN_SIZE = 256 * 1024  # of what the network gives, handed to a thread at once
_WRITE_SIZE = 1024**2
_TIMEOUTS = httpx.Timeout(connect=15, read=75, write=60, pool=15)


class BrightDataHttp:
    """The connections of one account at one address. The key is looked up at each call: a new one works at once."""

    def __init__(self, address: str, find_key: KeyLookup) -> None:
        self.address = address.rstrip("/")
        self._find_key = find_key
        self.host = host_of(self.address)
        self.client = httpx.AsyncClient(
            base_url=self.address,
            timeout=_TIMEOUTS,
            headers={"User-Agent": f"webtune-tui/{__version__}"},
            follow_redirects=False,
            limits=httpx.Limits(max_connections=5),
            mounts=dict.fromkeys(("all://localhost", "all://127.0.0.1", "all://[::1]")),  # never by a proxy
        )

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.client.aclose()

    async def get(self, url: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        """A free call whose whole answer is read."""
        headers = await self.authorization()
        return await self.send(self.client.build_request("GET", url, params=params, headers=headers))

    async def send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """Sends once; a free call may raise Offline."""
        try:
            return await self.client.send(request, stream=stream)
        except httpx.DecodingError as error:
            raise ServiceUnavailable(f"{self.host} sent a damaged answer", hint="Try again.") from error
        except httpx.HTTPError as error:
            raise self.offline(error) from error

    async def post_paid(
        self, path: str, query: Mapping[str, str], body: bytes, *, expected: Collection[int] = ()
    ) -> httpx.Response:
        """Sends a call that costs money exactly once; answers a reply that says it was accepted.

        A refusal whose status is ``expected`` is answered too: the caller knows what it means.

        Raises:
            OutcomeUnknown: it may have been accepted, but no clear reply came.
            Offline: the connection could not be made, so nothing was sent.
            RateLimited, CredentialRefused, InvalidInput: the service said no.
        """
        response = await self.send_paid(path, query, body)
        if response.is_success or response.status_code in expected:
            return response
        if response.status_code >= 500 or response.status_code in (408, 409):
            raise outcome_unknown(f"the service answered {response.status_code}: {wire.words_of(text_of(response))}")
        raise self.refusal(response)

    async def send_paid(
        self, path: str, query: Mapping[str, str], body: bytes, *, seconds: float = 75, largest: int | None = None
    ) -> httpx.Response:
        """Sends a call that costs money exactly once; answers whatever whole reply came, good or bad.

        ``seconds`` is the longest silence to wait through, ``largest`` the longest body in bytes.

        Raises:
            OutcomeUnknown: it may have arrived, but no whole reply came.
            Offline: the connection could not be made, so nothing was sent.
        """
        headers = await self.authorization() | {"Content-Type": "application/json"}
        timeouts = httpx.Timeout(connect=15, read=seconds, write=60, pool=seconds)
        request = self.client.build_request("POST", path, params=query, content=body, headers=headers, timeout=timeouts)
        try:
            response = await self.client.send(request, stream=True)
            try:
                return await _whole(response, largest)
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self.offline(error) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise outcome_unknown(type(error).__name__) from error

    async def authorization(self) -> dict[str, str]:
        """The header with the key. Raises CredentialMissing, CredentialRefused."""
        secret = await self._find_key(KEY_NAME, self.address)
        value = secret.reveal()
        if not value.isascii() or not value.isprintable() or " " in value or not value:
            raise CredentialRefused(
                "The Bright Data key holds characters that no key has", hint="Run: webtune keys set brightdata"
            )
        return {"Authorization": f"Bearer {value}"}

    async def store(self, response: httpx.Response, target: Path) -> AsyncGenerator[int, None]:
        """The body into the file; a short first piece is looked at for a notice in place of data."""
        decoder = _Decoder(is_gzip=response.headers.get("content-encoding", "").lower() == "gzip")
        stream = _create(target)  # microseconds; in a thread a cancelled caller would lose the open file
        body = _Body(stream, decoder, self._require_bounded)
        try:
            taken, written = bytearray(), 0
            async for chunk in response.aiter_raw():
                taken += chunk
                if len(taken) >= _TAKEN_SIZE:
                    before, written = written, await asyncio.to_thread(body.add, bytes(taken))
                    taken.clear()
                    if written > before:
                        yield written
            written = await asyncio.to_thread(body.add, bytes(taken))
            decoder.finish()
            if not written:
                self._require_no_notice(bytes(body.pending))
            yield await asyncio.to_thread(body.finish)
        finally:
            stream.close()  # not in a thread: a cancelled call that still waits for one is never made

    def _require_no_notice(self, body: bytes) -> None:
        if wire.is_running_notice(body):
            text = body.decode("utf-8", "replace")
            raise SnapshotNotReady(wire.words_of(text), retry_after=wire.recommended_wait({}, text))
        if body.lstrip()[:1] == b"<":
            raise self.not_the_service()

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

    def refusal(self, response: httpx.Response) -> WebtuneError:
        """What a refusing answer means."""
        status, text = response.status_code, text_of(response)
        words = wire.words_of(text)
        if status in (401, 402, 403):
            return CredentialRefused(
                f"Bright Data at {self.host} refused the key ({status}): {words}", hint=_ACCOUNT_HINTS[status]
            )
        if status == 429:
            wait = wait_of(response, text)
            when = f"; come back in {_span(wait)}" if wait else ""
            return RateLimited(
                f"{self.host} asks to slow down: {words}{when}",
                retry_after=wait,
                hint="Nothing was started. Try again later." if response.request.method == "POST" else "",
            )
        if status >= 500 or status == 408:
            return Overloaded(
                f"{self.host} answered {status}: {words}",
                retry_after=wire.retry_after(response.headers.get("retry-after")),
            )
        if response.is_redirect:
            return Offline(
                f"{self.host} answered with a redirect, not as the service does",
                hint="A login page of the network may stand in the way.",
            )
        return InvalidInput(f"{self.host} refused the request ({status}): {words}", hint="Check the inputs.")

    def not_the_service(self) -> Offline:
        """What it means that a web page came in place of data."""
        return Offline(
            f"{self.host} answered with a web page in place of data",
            hint="A login page of the network may stand in the way; check the connection and the address.",
        )

    def offline(self, error: httpx.HTTPError) -> WebtuneError:
        """What a failed connection means, with the certificate's fault where that is it."""
        cause = error.__cause__
        seen: set[int] = set()
        while cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            if isinstance(cause, ssl.SSLCertVerificationError):
                return Offline(
                    f"The certificate of {self.host} is not trusted: {cause.verify_message}",
                    hint="A proxy or a login page of the network may stand in the way.",
                )
            cause = cause.__cause__ or cause.__context__
        return Offline(
            f"No connection to {self.host} ({type(error).__name__})",
            hint="Check the network and the address; nothing is lost.",
        )


@dataclass(slots=True)
class _Body:
    """What was received, unpacked and written in a thread: neither holds up the screen."""

    stream: BinaryIO
    decoder: _Decoder
    require_bounded: Callable[[int, int], None]
    written: int = 0
    pending: bytearray = field(default_factory=bytearray)

    def add(self, received: bytes) -> int:
        """Takes bytes as they came; answers how many were written so far, unpacked."""
        for piece in self.decoder.pieces(received):
            self.pending += piece
            if len(self.pending) >= _WRITE_SIZE:
                self.require_bounded(self.written + len(self.pending), self.decoder.taken)
                self._write()
        return self.written

    def finish(self) -> int:
        """Writes the rest to the disk itself."""
        self._write()
        self.stream.flush()
        os.fsync(self.stream.fileno())
        return self.written

    def _write(self) -> None:
        self.written += self.stream.write(self.pending)
        self.pending.clear()


class _Decoder:
    """Unpacks gzip piece by piece and knows whether its end was seen; plain bytes pass."""

    def __init__(self, *, is_gzip: bool) -> None:
        self.taken = 0
        self._is_gzip = is_gzip
        self._started = False
        self._inflater = zlib.decompressobj(31)

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What a piece of the body becomes, in pieces of bounded size however much it was packed."""
        if not chunk:
            return
        if not self._started:
            self._started = True
            self._is_gzip = self._is_gzip or chunk[:2] == b"\x1f\x8b"
        self.taken += len(chunk)
        if not self._is_gzip:
            yield chunk
            return
        try:
            yield from self._inflated(chunk)
        except zlib.error as error:
            raise CutBody("The download says that it is gzip and is not") from error

    def _inflated(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._inflater.eof:  # several members in one file
                self._inflater = zlib.decompressobj(31)
            piece = self._inflater.decompress(chunk, _WRITE_SIZE)
            chunk = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            yield piece
        while not self._inflater.eof and (piece := self._inflater.decompress(b"", _WRITE_SIZE)):
            yield piece

    def finish(self) -> None:
        if self._is_gzip and self._started and not self._inflater.eof:
            raise CutBody("The packed download ended before its end")


_ACCOUNT_HINTS = {
    401: "Run: webtune keys set brightdata (keys are made at brightdata.com, account settings)",
    402: "The account has no funds left; see billing at brightdata.com, then run it again.",
    403: "The key lacks a permission; an admin of the account can change it at brightdata.com.",
}


def outcome_unknown(why: str) -> OutcomeUnknown:
    """A paid call whose fate is open."""
    return OutcomeUnknown(
        f"The collection was sent, but whether it was accepted is unknown: {why}",
        hint="Run: webtune collect resume (it looks it up and never sends again)",
    )


async def _whole(response: httpx.Response, largest: int | None) -> httpx.Response:
    """A streamed reply with its whole body, unpacked."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if largest is not None and len(body) > largest:
            raise PageRefused(
                f"The answer is larger than {largest // 1024**2} MB",
                reason="too_large",
                hint="page_mb in [limits] of the settings allows more.",
            )
    framing = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in response.headers.multi_items() if name not in framing]
    return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=response.request)


def text_of(response: httpx.Response) -> str:
    return response.content[:_TEXT_LIMIT].decode("utf-8", "replace")


async def read_limited(response: httpx.Response) -> None:
    """Reads a streamed error body, of which more than the limit is of no use."""
    if int(response.headers.get("content-length", "0") or 0) > 50 * _TEXT_LIMIT:
        raise ServiceUnavailable("The service sent an error of absurd length", hint="Try again later.")
    await response.aread()


def seconds_ahead(response: httpx.Response) -> float:
    """How far the service's clock is before ours, by the date of its answer; 0 where it is about the same."""
    dated = wire.moment_of(response.headers.get("date"))
    ahead = 0.0 if dated is None else (dated - datetime.now(UTC)).total_seconds()
    return ahead if abs(ahead) > _SAME_TIME else 0.0


def wait_of(response: httpx.Response, text: str) -> float | None:
    return wire.recommended_wait(response.headers, text)


def is_html(response: httpx.Response) -> bool:
    """Whether a 200 is a web page; the service types short texts as HTML too, but never its 200s with data."""
    return "html" in response.headers.get("content-type", "").lower()


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _create(target: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    return os.fdopen(os.open(target, flags, 0o600), "wb")
