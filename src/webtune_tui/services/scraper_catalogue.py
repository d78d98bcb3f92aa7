"""The scrapers that are known here: the bundled list, and the service's own one over it once it was asked for."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass
from pathlib import Path

from webtune_tui import registry
from webtune_tui.domain import clock
from webtune_tui.domain.addresses import host_of
from webtune_tui.services.accounts import AccountsService
from webtune_tui.settings import Settings, cache_folder
from webtune_tui.sources import catalogue
from webtune_tui.sources.base import Scraper
from webtune_tui.sources.catalogue import Catalogue
from webtune_tui.storage.files import make_folder, write_text

_VERSION = 1


@dataclass(frozen=True, slots=True)
class CatalogueInfo:
    """Which list is used: ``origin`` is live or bundled, ``dated`` its day, ``notice`` what is wrong with the kept."""

    origin: str
    dated: str
    scrapers: int
    notice: str = ""


class KnownScrapers:
    """The list for one address of the service, kept in the person's cache folder. Reading blocks."""

    def __init__(self, settings: Settings, accounts: AccountsService | None = None) -> None:
        self._address = settings.brightdata_url
        self._accounts = accounts
        self._lock = threading.Lock()
        self._read: tuple[Catalogue, str] | None = None

    @property
    def path(self) -> Path:
        """Where the live list of this address is kept; it need not exist."""
        name = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in host_of(self._address))
        return cache_folder() / "catalogue" / f"{name}.json"

    def current(self) -> Catalogue:
        """The list that is used now."""
        return self._current()[0]

    def info(self) -> CatalogueInfo:
        """What to say of it."""
        known, notice = self._current()
        return CatalogueInfo(known.origin, known.dated, len(known.scrapers), notice)

    async def refresh(self) -> Catalogue:
        """Asks the service for its list, which is free, and keeps it.

        Raises:
            CredentialMissing, CredentialRefused, Offline, ServiceUnavailable, RateLimited: the list before it stays.
        """
        assert self._accounts is not None, "asking needs a key"
        client = registry.load("sources", "brightdata_catalogue").create(self._address, self._accounts.find)
        try:
            live: tuple[Scraper, ...] = await client.fetch()
        finally:
            await client.aclose()
        dated = clock.now()[:10]
        await asyncio.to_thread(self._keep, live, dated)
        known = await asyncio.to_thread(catalogue.merged, live, dated)
        with self._lock:
            self._read = known, ""
        return known

    def _keep(self, live: tuple[Scraper, ...], dated: str) -> None:
        content = {"version": _VERSION, "dated": dated, "scrapers": [catalogue.row_of(scraper) for scraper in live]}
        make_folder(self.path.parent)
        write_text(self.path, json.dumps(content, ensure_ascii=False))

    def _current(self) -> tuple[Catalogue, str]:
        with self._lock:
            if self._read is None:
                self._read = self._from_disk()
            return self._read

    def _from_disk(self) -> tuple[Catalogue, str]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            live = [catalogue.scraper_of(row) for row in content["scrapers"]]
            if content["version"] != _VERSION or not live:
                raise ValueError("another version")
            return catalogue.merged(live, str(content["dated"])), ""
        except FileNotFoundError:
            return catalogue.bundled(), ""
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return catalogue.bundled(), (
                f"The kept list of scrapers can't be read ({type(error).__name__}: {self.path}); the bundled one is "
                "used. Ask anew: webtune collect scrapers --refresh"
            )
