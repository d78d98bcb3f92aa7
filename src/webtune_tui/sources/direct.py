"""Public pages fetched from this machine, politely: robots.txt first, one request at a time per host, with a pause."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from webtune_tui import __version__
from webtune_tui.domain import clock
from webtune_tui.domain.errors import RateLimited, UsageError
from webtune_tui.domain.limits import ReadLimits
from webtune_tui.settings import Settings
from webtune_tui.sources import page_body, public_addresses, robots
from webtune_tui.sources.base import FetchedPage, KeyLookup, Overloaded, PageRefused
from webtune_tui.sources.brightdata_requests import retry_after
from webtune_tui.sources.page_connection import PageConnection
from webtune_tui.sources.public_addresses import PageAddress, Resolve, resolve_name

USER_AGENT = f"webtune-tui/{__version__}"
MOST_REDIRECTS = 5
LONGEST_CRAWL_DELAY = 30.0  # seconds; a robots.txt that wants more gets this
_LONGEST_PAGE = 180.0  # seconds for one request with its body, however slowly it drips
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Pace:
    """The clock of the pauses between two requests to a host; tests bring their own. Times are seconds."""

    delay: float = 1.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic


@dataclass
class _Host:
    """A host's turns during a run, whatever the scheme and port."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    last_request: float | None = None


@dataclass
class _Origin:
    """The rules of a scheme, host and port during a run."""

    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: robots.RobotsRules | None = None
    failed: str = ""


class DirectFetcher:
    """Fetches pages of the public web. Nothing is kept between runs."""

    def __init__(self, connection: PageConnection, user_agent: str, pace: Pace, limits: ReadLimits) -> None:
        self._connection = connection
        self._token = robots.product_token(user_agent)
        self._pace = pace
        self._limits = limits
        self._hosts: dict[str, _Host] = {}
        self._origins: dict[str, _Origin] = {}

    async def fetch(self, url: str, target: Path) -> FetchedPage:
        """Streams the body of a page into ``target``, following at most five redirects.

        Raises:
            PageRefused: robots.txt forbids it, an address is not public, or the page can't be had or read.
            Offline, ServiceUnavailable, RateLimited, CutBody: not now.
        """
        address = public_addresses.parse(url)
        for _ in range(MOST_REDIRECTS + 1):
            await self._require_allowed(address)
            async with self._asked(address) as response:
                if response.status_code not in _REDIRECTS:
                    return await self._stored(url, address, response, target)
                address = _redirected(address, response)
        raise PageRefused(f"{address.host} redirects more than {MOST_REDIRECTS} times", reason="redirects")

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._connection.aclose()

    @contextlib.asynccontextmanager
    async def _asked(self, address: PageAddress) -> AsyncIterator[httpx.Response]:
        """One request in the host's turn, after its pause."""
        host = self._hosts.setdefault(address.host, _Host())
        async with host.turn:
            if host.last_request is not None:
                pause = host.last_request + self._delay(address) - self._pace.monotonic()
                if pause > 0:
                    await self._pace.sleep(pause)
            try:
                async with asyncio.timeout(_LONGEST_PAGE), self._connection.get(address) as response:
                    yield response
            except TimeoutError as error:
                raise PageRefused(f"{address.host} took longer than {_LONGEST_PAGE:.0f} s", reason="slow") from error
            finally:
                host.last_request = self._pace.monotonic()

    async def _stored(self, url: str, address: PageAddress, response: httpx.Response, target: Path) -> FetchedPage:
        _require_page(address, response)
        media_type, charset = page_body.media_type_of(response.headers.get("content-type", ""), address.target)
        encoding = response.headers.get("content-encoding", "")
        size = await page_body.store(response.aiter_raw(), encoding, target, self._limits)
        if not size:
            raise PageRefused(f"{address.host} sent an empty page", reason="empty", status=response.status_code)
        if not media_type:
            media_type = page_body.guessed(await asyncio.to_thread(_head, target))
        return FetchedPage(
            url=url,
            final_url=address.url,
            status=response.status_code,
            media_type=media_type,
            charset=charset,
            size=size,
            fetched_at=clock.now(),
        )

    async def _require_allowed(self, address: PageAddress) -> None:
        origin = self._origin(address)
        async with origin.reading:
            if origin.rules is None:
                await self._read_rules(address.robots, origin)
        assert origin.rules is not None
        if not origin.rules.allows(address.target):
            if origin.failed:
                raise PageRefused(
                    f"robots.txt of {address.host} can't be read ({origin.failed}), so nothing is fetched there",
                    reason="robots_unreachable",
                )
            raise PageRefused(f"robots.txt of {address.host} does not allow {address.target[:200]}", reason="robots")

    async def _read_rules(self, address: PageAddress, origin: _Origin) -> None:
        """Asks for a robots.txt. A missing one allows everything, one that can't be read nothing."""
        status = 0
        for hop in range(MOST_REDIRECTS + 1):
            try:
                async with self._asked(address) as response:
                    status = response.status_code
                    if response.is_success:
                        encoding = response.headers.get("content-encoding", "")
                        body = await page_body.beginning(response.aiter_raw(), encoding, robots.LARGEST, self._limits)
                        origin.rules = robots.parse(body, self._token)
                        return
                    if status not in _REDIRECTS:
                        break
                    address = _redirected(address, response)
            except PageRefused as error:
                if not hop:  # the page itself has the same fault, which is told better there
                    raise
                origin.rules, origin.failed = robots.NOTHING, error.message
                return
        if status == 429 or status >= 500:
            origin.rules, origin.failed = robots.NOTHING, f"it answers {status}"
        else:
            origin.rules = robots.EVERYTHING

    def _delay(self, address: PageAddress) -> float:
        rules = self._origin(address).rules
        wanted = rules.delay if rules is not None else None
        return max(self._pace.delay, min(wanted or 0.0, LONGEST_CRAWL_DELAY))

    def _origin(self, address: PageAddress) -> _Origin:
        return self._origins.setdefault(f"{address.scheme}://{address.authority}", _Origin())


def create(settings: Settings, _: KeyLookup | None = None) -> DirectFetcher:
    """The fetcher for the person's settings. Raises UsageError for a User-Agent that is none."""
    return create_paced(settings, Pace(delay=settings.page_delay_seconds))


def create_paced(settings: Settings, pace: Pace, resolve: Resolve = resolve_name) -> DirectFetcher:
    """As :func:`create`, with a clock and a resolver of one's own."""
    user_agent = settings.page_user_agent or USER_AGENT
    if not user_agent.isascii() or not user_agent.isprintable():
        raise UsageError("user_agent in [pages] holds characters that no header may have", hint="Use plain ASCII.")
    connection = PageConnection(user_agent, settings.page_allow_private, resolve)
    return DirectFetcher(connection, user_agent, pace, settings.limits)


def _redirected(address: PageAddress, response: httpx.Response) -> PageAddress:
    place = response.headers.get("location", "")
    if not place:
        raise PageRefused(f"{address.host} redirects to nowhere", reason="redirects", status=response.status_code)
    return public_addresses.parse(place, base=address.url)


def _require_page(address: PageAddress, response: httpx.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    wait = retry_after(response.headers.get("retry-after"))
    if status == 429:
        raise RateLimited(f"{address.host} asks to slow down", retry_after=wait)
    if status >= 500:
        raise Overloaded(f"{address.host} answered {status}", retry_after=wait)
    raise PageRefused(f"{address.host} answered {status}", reason=f"http_{status}", status=status)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(1024)
