"""The calls of this process to one address: together they are never refused so often that the service blocks us."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from webtune_tui.domain.errors import Offline, RateLimited, WebtuneError
from webtune_tui.services.patience import Waiting
from webtune_tui.sources.base import Batch, ScrapingService, SnapshotListing, SnapshotRequest, SnapshotStatus

BLOCK_WINDOW, MOST_REFUSALS = 300.0, 20  # the service blocks at 25 refusals in five minutes
_FIRST_WAIT, _LONGEST_OWN_WAIT = 2.0, 32.0
_CROWD_WAIT = 1.0


class HeldBack(RateLimited):
    """The call was not sent: the service asked for silence a moment ago. ``retry_after`` says until when."""


class Traffic:
    """What goes to one address, whichever collection it is for.

    After a refusal everybody waits as long as the service asked for (2, 4, 8, 16, 32 seconds where it did not say), and
    then one call at a time goes out until one is answered. Refusals within five minutes, and calls under way that may
    become some, never reach the number that the service blocks for.
    """

    def __init__(self, host: str, waiting: Waiting) -> None:
        self._host = host
        self._waiting = waiting
        self._refusals: deque[float] = deque()
        self._in_a_row = 0
        self._silent_until = float("-inf")
        self._under_way = 0

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """Around one call, or the beginning of a download. Raises HeldBack before it is sent."""
        self._require_turn()
        self._under_way += 1
        try:
            yield
        except RateLimited as error:
            error.retry_after = self._refused(error.retry_after)
            raise
        except WebtuneError as error:
            if not isinstance(error, Offline):
                self._in_a_row = 0
            raise
        else:
            self._in_a_row = 0
        finally:
            self._under_way -= 1

    def _require_turn(self) -> None:
        now = self._waiting.monotonic()
        while self._refusals and self._refusals[0] <= now - BLOCK_WINDOW:
            self._refusals.popleft()
        wait = self._silent_until - now
        room = 1 if self._in_a_row else MOST_REFUSALS - len(self._refusals)
        if wait <= 0 and self._under_way >= room:
            wait = _CROWD_WAIT if self._under_way else self._refusals[0] + BLOCK_WINDOW - now
        if wait > 0:
            raise HeldBack(
                f"{self._host} asked to slow down; nothing was sent, come back in {wait:.0f} s",
                retry_after=wait,
                hint="Nothing was started. Try again later.",
            )

    def _refused(self, asked: float | None) -> float:
        """Notes a refusal; the seconds of silence that follow it."""
        now = self._waiting.monotonic()
        self._refusals.append(now)
        wait = min(_FIRST_WAIT * 2 ** min(self._in_a_row, 10), _LONGEST_OWN_WAIT) if asked is None else asked
        self._in_a_row += 1
        if len(self._refusals) >= MOST_REFUSALS:
            wait = max(wait, self._refusals[-MOST_REFUSALS] + BLOCK_WINDOW - now)
        self._silent_until = max(self._silent_until, now + wait)
        return wait


class PacedService:
    """A scraping service whose calls keep to the traffic of its address."""

    def __init__(self, service: ScrapingService, traffic: Traffic) -> None:
        self._service = service
        self._traffic = traffic
        self.address = service.address

    async def trigger(self, request: SnapshotRequest) -> str:
        """As the service's; held back it was not sent."""
        with self._traffic.call():
            return await self._service.trigger(request)

    async def progress(self, snapshot_id: str) -> SnapshotStatus:
        """As the service's."""
        with self._traffic.call():
            return await self._service.progress(snapshot_id)

    async def download(self, snapshot_id: str, target: Path, batch: Batch | None = None) -> AsyncGenerator[int, None]:
        """As the service's; only its beginning can be refused."""
        async with aclosing(self._service.download(snapshot_id, target, batch)) as pieces:
            with self._traffic.call():
                first = await anext(pieces, None)
            if first is None:
                return
            yield first
            async for written in pieces:
                yield written

    async def batches(self, snapshot_id: str, size: int) -> int:
        """As the service's."""
        with self._traffic.call():
            return await self._service.batches(snapshot_id, size)

    async def inputs_of(self, snapshot_id: str) -> Sequence[Mapping[str, str]] | None:
        """As the service's."""
        with self._traffic.call():
            return await self._service.inputs_of(snapshot_id)

    async def fields_of(self, dataset_id: str) -> Mapping[str, str] | None:
        """As the service's."""
        with self._traffic.call():
            return await self._service.fields_of(dataset_id)

    async def cancel(self, snapshot_id: str) -> None:
        """As the service's."""
        with self._traffic.call():
            await self._service.cancel(snapshot_id)

    async def snapshots(self, scraper_id: str, since: str) -> Sequence[SnapshotListing]:
        """As the service's."""
        with self._traffic.call():
            return await self._service.snapshots(scraper_id, since)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._service.aclose()
