"""One run over the waiting pages of a collection: several hosts or requests at once, each page's fate on disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from webtune_tui.domain.errors import (
    Offline,
    OutcomeUnknown,
    StillRunning,
    TryLater,
    WebtuneError,
)
from webtune_tui.domain.records import Collection
from webtune_tui.services.collection_book import CollectionBook
from webtune_tui.services.patience import Patience, Waiting
from webtune_tui.sources.base import FetchedPage, PageFetcher, PageRefused
from webtune_tui.sources.page_body import suffix_of
from webtune_tui.storage.files import storage_error, sync_folder
from webtune_tui.storage.pages import Page, PageRepository, PageState

HOSTS_AT_ONCE = 8
REQUESTS_AT_ONCE = 4
PAGES = "pages"
_AHEAD = 2 * HOSTS_AT_ONCE  # pages under way or fetched and not stored yet
_TRIES = 3
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 60.0


class PageRun:
    """Fetches what waits. ``stop`` ends it before the next page; what is under way is brought to its end.

    A paid request is on disk as sent before it leaves, and never sent a second time by itself: one whose end is not
    known stays so. A page that this machine fetches itself is tried again a few times.
    """

    def __init__(
        self,
        pages: PageRepository,
        book: CollectionBook,
        collection: Collection,
        fetcher: PageFetcher,
        folder: Path,
        *,
        is_paid: bool,
        waiting: Waiting,
    ) -> None:
        self._pages = pages
        self._book = book
        self._collection = collection
        self._fetcher = fetcher
        self._folder = folder
        self._is_paid = is_paid
        self._waiting = waiting
        self._unreachable: list[tuple[Page, Offline]] = []
        self._had_contact = False
        self._room = asyncio.Semaphore(_AHEAD)
        self.is_stopped = False

    def stop(self) -> None:
        """No further page is begun."""
        self.is_stopped = True

    async def run(self, patience: Patience) -> AsyncGenerator[Page, None]:
        """Gives each page when its fate is on disk.

        Raises:
            StillRunning: the deadline passed. The rest waits for the next run.
            RateLimited, CredentialRefused, Offline, InvalidInput: the service says no to everything; the rest waits.
        """
        waiting = await asyncio.to_thread(self._pages.in_state, self._collection.collection_id, PageState.WAITING)
        lanes = iter([[page] for page in waiting] if self._is_paid else _by_host(waiting))
        finished: asyncio.Queue[Page | None] = asyncio.Queue()
        count = min(REQUESTS_AT_ONCE if self._is_paid else HOSTS_AT_ONCE, len(waiting))
        workers = [asyncio.ensure_future(self._work(lanes, finished)) for _ in range(count)]
        is_late = False
        try:
            left = len(workers)
            while left:
                try:
                    page = await asyncio.wait_for(finished.get(), None if is_late else patience.left)
                except TimeoutError:
                    is_late = True
                    self.stop()
                    if not self._is_paid:
                        break
                    continue
                if page is None:
                    left -= 1
                else:
                    yield page
                    self._room.release()
            if not is_late:
                await asyncio.gather(*workers)
        finally:
            await _ended(workers)
        if is_late:
            raise StillRunning("The deadline passed; the pages that wait are kept", hint="Run: webtune collect resume")
        for page in await self._settle_unreachable():
            yield page

    async def _work(self, lanes: Iterator[Sequence[Page]], finished: asyncio.Queue[Page | None]) -> None:
        try:
            for lane in lanes:
                for page in lane:
                    await self._room.acquire()
                    if self.is_stopped:
                        return
                    if await self._is_settled(page):
                        finished.put_nowait(page)
                    else:
                        self._room.release()
        except WebtuneError:
            self.stop()
            raise
        finally:
            finished.put_nowait(None)

    async def _is_settled(self, page: Page) -> bool:
        """Fetches a page; false where it is left for the end of the run."""
        part = self._folder / PAGES / f"{page.position + 1:06d}.part"
        try:
            fetched = await self._fetched(page, part)
        except PageRefused as error:
            self._had_contact = True
            await self._fail(page, error.reason, error.message, error.status)
        except OutcomeUnknown as error:
            await self._set(page, PageState.UNKNOWN, code=error.code, message=error.message)
            await self._book.log(self._collection, error.message, "warn")
        except Offline as error:
            if self._is_paid:
                raise
            self._unreachable.append((page, error))
            return False
        except TryLater as error:
            if self._is_paid:
                raise
            self._had_contact = True
            await self._fail(page, error.code, error.message)
        else:
            self._had_contact = True
            await self._keep(page, fetched, part)
        return True

    async def _fetched(self, page: Page, part: Path) -> FetchedPage:
        if self._is_paid:
            return await self._fetched_once(page, part)
        tries = 0
        while True:
            try:
                return await self._fetcher.fetch(page.url, part)
            except OSError as error:
                raise storage_error(part, error) from error
            except TryLater as error:
                tries += 1
                wait = getattr(error, "retry_after", None) or _FIRST_WAIT * 2 ** (tries - 1)
                if tries >= _TRIES or wait > _LONGEST_WAIT or self.is_stopped:
                    raise
                await self._waiting.sleep(wait)

    async def _fetched_once(self, page: Page, part: Path) -> FetchedPage:
        """A paid page: what is not surely unsent counts as sent. Only a connection that never was is tried again."""
        tries = 0
        while True:
            await self._set(page, PageState.SENT)
            try:
                return await self._fetcher.fetch(page.url, part)
            except (PageRefused, OutcomeUnknown):
                raise
            except OSError as error:
                raise OutcomeUnknown(f"{page.url} was paid and could not be stored: {error.strerror}") from error
            except WebtuneError as error:  # the service said no to it, or it never left
                await self._set(page, PageState.WAITING)
                tries += 1
                if not isinstance(error, Offline) or tries >= _TRIES or self.is_stopped:
                    raise
            await self._waiting.sleep(_FIRST_WAIT * 2 ** (tries - 1))

    async def _keep(self, page: Page, fetched: FetchedPage, part: Path) -> None:
        name = f"{PAGES}/{page.position + 1:06d}{suffix_of(fetched.media_type)}"
        await asyncio.to_thread(_rename, part, self._folder / name)
        charset = f"; charset={fetched.charset}" if fetched.charset else ""
        await self._set(
            page,
            PageState.DONE,
            final_url=fetched.final_url,
            status=fetched.status,
            raw_file=name,
            media_type=f"{fetched.media_type}{charset}",
            bytes=fetched.size,
            fetched_at=fetched.fetched_at,
            code="",
            message="",
        )
        await self._book.log(self._collection, f"{page.url}: {fetched.media_type}, {fetched.size:,} bytes")

    async def _fail(self, page: Page, code: str, message: str, status: int | None = None) -> None:
        part = self._folder / PAGES / f"{page.position + 1:06d}.part"
        await asyncio.to_thread(part.unlink, missing_ok=True)
        await self._set(page, PageState.FAILED, code=code, message=message, status=status)
        await self._book.log(self._collection, f"{page.url}: {message} ({code})", "warn")

    async def _set(self, page: Page, state: PageState, **changes: object) -> None:
        await asyncio.to_thread(
            lambda: self._pages.change(self._collection.collection_id, page.position, state, **changes)
        )

    async def _settle_unreachable(self) -> list[Page]:
        """Pages whose hosts can't be reached failed, unless nothing at all could be reached: then they wait."""
        if not self._unreachable:
            return []
        counts = await asyncio.to_thread(self._pages.counts, self._collection.collection_id)
        if not self._had_contact and not counts[PageState.DONE] and not counts[PageState.FAILED]:
            raise self._unreachable[0][1]
        for page, error in self._unreachable:
            await self._fail(page, "unreachable", error.message)
        return [page for page, _ in self._unreachable]


def _by_host(pages: Sequence[Page]) -> list[list[Page]]:
    lanes: dict[str, list[Page]] = defaultdict(list)
    for page in pages:
        lanes[urlsplit(page.url).netloc].append(page)
    return list(lanes.values())


async def _ended(workers: Sequence[asyncio.Future[None]]) -> None:
    for worker in workers:
        worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*workers, return_exceptions=True)


def _rename(part: Path, target: Path) -> None:
    try:
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise storage_error(target, error) from error
