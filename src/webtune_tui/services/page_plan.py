"""Plans for pages and searches: checked addresses, what will be sent, and what it costs at most."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Sequence
from typing import Any

from webtune_tui.domain.addresses import host_of, is_loopback
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.records import Collection
from webtune_tui.services.collect_plan import CollectPlan, make_plan, request_key_of
from webtune_tui.settings import Settings
from webtune_tui.sources import page_requests, public_addresses
from webtune_tui.sources.base import PageRefused, PagesRequest

SOURCE = "pages"
WAYS = ("crawl", "unlocker", "direct")
CRAWLER = "gd_m6gjtfmeh43we6cqc"
CRAWLED_FIELDS = ("url", "markdown", "page_title")
MOST_PAGES = 10_000
MOST_SEARCH_PAGES = 20
FREE_BASIS = "free: fetched by this machine, no service is paid"
_SHOWN_URLS = 20


def distinct_urls(urls: Sequence[str]) -> tuple[str, ...]:
    """The addresses in their one spelling, each once, in the order given.

    Raises:
        UsageError: there is none, there are too many, or one is no address of a public page.
    """
    found: dict[str, None] = {}
    for url in urls:
        try:
            found[public_addresses.parse(url).url] = None
        except PageRefused as error:
            raise UsageError(error.message, hint=error.hint or "Take it out; nothing was sent.") from error
    if not found:
        raise UsageError("No address is given", hint="For example: webtune collect urls https://example.com/page")
    if len(found) > MOST_PAGES:
        raise UsageError(
            f"{len(found):,} pages are more than one collection takes ({MOST_PAGES:,})", hint="Split the list."
        )
    return tuple(found)


def crawl_plan(settings: Settings, urls: Sequence[str]) -> CollectPlan:
    """Pages through the crawl scraper, as Markdown: an ordinary snapshot."""
    pages = distinct_urls(urls)
    plan = make_plan(
        settings,
        CRAWLER,
        [{"url": url} for url in pages],
        discover_by=None,
        limit_per_input=None,
        max_records=None,
        output_fields=CRAWLED_FIELDS,
    )
    return dataclasses.replace(plan, command=_urls_command(pages, "crawl"))


def direct_plan(settings: Settings, urls: Sequence[str]) -> CollectPlan:
    """Pages fetched by this machine itself."""
    pages = distinct_urls(urls)
    stored = {"via": "direct", "pages": len(pages), "inputs": _first_inputs(pages)}
    return CollectPlan(
        source=SOURCE,
        label=_label(pages, "directly"),
        request=PagesRequest(pages, "direct"),
        address="",
        is_sandbox=False,
        worst_case_records=len(pages),
        estimated_cost=0.0,
        basis=FREE_BASIS,
        path="",
        query={},
        body="",
        command=_urls_command(pages, "direct"),
        stored=stored,
        request_key=request_key_of(SOURCE, "direct", pages),
    )


def unlocker_plan(settings: Settings, urls: Sequence[str], zone: str, *, markdown: bool = False) -> CollectPlan:
    """Pages through a Web Unlocker zone, one paid request each; ``body`` is that of the first.

    ``markdown`` lets the service make the text, in place of the main text of the page by our own rules.
    """
    pages = distinct_urls(urls)
    options = {"markdown": True} if markdown else {}
    request = PagesRequest(pages, "unlocker", zone, options)
    return _paid_plan(
        settings,
        request,
        label=_label(pages, "through Web Unlocker"),
        body=page_requests.unlocker_body(zone, pages[0], markdown=markdown),
        command=_urls_command(pages, "unlocker", zone) + (" --markdown" if markdown else ""),
        stored={"inputs": _first_inputs(pages)} | options,
        request_key=request_key_of(SOURCE, "unlocker", pages, markdown),
        results=1,
    )


def search_plan(settings: Settings, query: str, *, engine: str, zone: str, pages: int, country: str) -> CollectPlan:
    """Pages of search results through a SERP zone, one paid request each. Raises UsageError."""
    require_search(query, engine=engine, pages=pages, country=country)
    text, country = query.strip(), country.lower()
    urls = tuple(page_requests.search_url(engine, text, number, country) for number in range(pages))
    options = {"engine": engine, "query": text, "country": country}
    words = ["webtune", "collect", "search", text, "--engine", engine, "--zone", zone, "--pages", str(pages)]
    return _paid_plan(
        settings,
        PagesRequest(urls, "serp", zone, options),
        label=f"{engine.title()} search: {text}",
        body=page_requests.serp_body(zone, urls[0], engine, country),
        command=shlex.join(words + (["--country", country] if country else [])),
        stored=options | {"inputs": _first_inputs(urls)},
        request_key=request_key_of(SOURCE, "serp", engine, text, country, pages),
        results=page_requests.RESULTS_PER_PAGE,
    )


def require_search(query: str, *, engine: str, pages: int, country: str) -> None:
    """Refuses a search that can't be asked for. Raises UsageError."""
    if not query.strip() or len(query) > 1000:
        raise UsageError("A search needs words, 1,000 characters at most", hint='For example: "coffee grinder review"')
    if engine not in page_requests.ENGINES:
        raise UsageError(f"There is no engine {engine!r}", hint=f"There are: {', '.join(page_requests.ENGINES)}")
    if not 1 <= pages <= MOST_SEARCH_PAGES:
        raise UsageError(f"{pages} pages of results can't be asked for", hint=f"Give 1 to {MOST_SEARCH_PAGES}.")
    if country and not re.fullmatch(r"[A-Za-z]{2}", country):
        raise UsageError(f"{country!r} is no country", hint="Give two letters, such as us or br.")


def way_to_retry(collection: Collection) -> str:
    """How the failed pages of a collection are asked for again; empty for one that is no list of pages.

    Raises:
        UsageError: it is a search.
    """
    request = collection.request
    if collection.source == SOURCE:
        via = str(request.get("via", ""))
        if via == "serp":
            raise UsageError(f"{collection.collection_id} is a search", hint="Search again: webtune collect search")
        return via
    return "crawl" if request.get("scraper_id") == CRAWLER and request.get("output_fields") else ""


def paid_basis(requests: int, price: float, dated: str) -> str:
    """How the price of some requests comes about."""
    return f"{requests:,} request{'' if requests == 1 else 's'} x ${price:g} per 1,000, price of {dated}"


def _paid_plan(
    settings: Settings,
    request: PagesRequest,
    *,
    label: str,
    body: str,
    command: str,
    stored: dict[str, Any],
    request_key: str,
    results: int,
) -> CollectPlan:
    address, price, count = settings.brightdata_url, settings.price_per_1000_requests, len(request.urls)
    return CollectPlan(
        source=SOURCE,
        label=label,
        request=request,
        address=address,
        is_sandbox=is_loopback(host_of(address)),
        worst_case_records=count * results,
        estimated_cost=round(count * price / 1000, 6),
        basis=paid_basis(count, price, settings.price_dated),
        path=page_requests.REQUEST_PATH,
        query={},
        body=body,
        command=command,
        stored={
            "via": request.via,
            "zone": request.zone,
            "pages": count,
            "price_per_1000": price,
            "price_dated": settings.price_dated,
        }
        | stored,
        request_key=request_key,
    )


def _label(pages: Sequence[str], how: str) -> str:
    if len(pages) == 1:
        return f"{pages[0][:80]} {how}"
    return f"{len(pages):,} pages {how}"


def _first_inputs(pages: Sequence[str]) -> list[dict[str, str]]:
    return [{"url": url} for url in pages[:_SHOWN_URLS]]


def _urls_command(pages: Sequence[str], via: str, zone: str = "") -> str:
    words = ["webtune", "collect", "urls"]
    words += ["--from", "urls.txt"] if len(pages) > _SHOWN_URLS else list(pages)
    return shlex.join([*words, "--via", via, *(["--zone", zone] if zone else [])])
