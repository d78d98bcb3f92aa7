"""Pages of search results through Bright Data's SERP API: one paid request a page, sent once."""

from __future__ import annotations

from pathlib import Path

from webtune_tui.settings import Settings
from webtune_tui.sources import page_requests, search_results
from webtune_tui.sources.base import FetchedPage, KeyLookup
from webtune_tui.sources.brightdata_http import BrightDataHttp
from webtune_tui.sources.unlocker import ask, require_page, stored


class SerpFetcher:
    """Asks one zone of the account for the results of one search engine."""

    def __init__(self, http: BrightDataHttp, zone: str, engine: str, country: str, largest: int) -> None:
        self._http = http
        self._zone = zone
        self._engine = engine
        self._country = country
        self._largest = largest

    async def fetch(self, url: str, target: Path) -> FetchedPage:
        """The results as the service gives them; errors are those of the unlocker."""
        body = page_requests.serp_body(self._zone, url, self._engine, self._country)
        answer = await ask(self._http, body, url, self._largest)
        require_page(answer, url)
        search_results.results_of(answer.body, self._engine)  # what can't be read as results is told at once
        media_type = "text/html" if answer.body.lstrip().startswith("<") else "application/json"
        return await stored(answer, url, media_type, target)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def create(settings: Settings, find_key: KeyLookup, zone: str, *, engine: str, country: str = "") -> SerpFetcher:
    """The fetcher for a zone of the account and a search engine."""
    http = BrightDataHttp(settings.brightdata_url, find_key)
    return SerpFetcher(http, zone, engine, country, settings.limits.page_bytes)
