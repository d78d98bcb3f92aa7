"""Pages and search results of the sandbox: the same for the same address, and plainly invented."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qs, urlsplit

CRAWLER = "gd_m6gjtfmeh43we6cqc"
MISSING_MARK = "sandbox-missing"
BLANK_MARK = "sandbox-blank"
RESULTS = 10
_ENGINES = {"www.google.com": "google", "www.bing.com": "bing", "yandex.com": "yandex"}
_STARTS = {"google": ("start", 0, RESULTS), "bing": ("first", 1, RESULTS), "yandex": ("p", 0, 1)}
_WORDS = (
    "This page stands for whatever address you asked for, so that a program can be tried without the internet. "
    "Its words are made up, its address is yours, and it is the same each time it is asked for."
)


def title_of(url: str) -> str:
    """The title of the sample page at an address."""
    parts = urlsplit(url)
    name = re.sub(r"[^\w]+", " ", f"{parts.path} {parts.query}").strip() or parts.hostname or "page"
    return f"Sample page of the sandbox: {name[:80]}"


def html_of(url: str) -> str:
    """The sample page at an address as a site sends it, with navigation and footer."""
    title = escape(title_of(url))
    return (
        f'<!doctype html>\n<html lang="en"><head><title>{title}</title></head>\n<body>'
        f'<nav><a href="/">Home</a></nav><main><article><h1>{title}</h1>\n<p>{_WORDS}</p>\n'
        f"<p>The address was {escape(url)}.</p></article></main><footer>Sandbox</footer></body></html>\n"
    )


def markdown_of(url: str) -> str:
    """The sample page at an address as Markdown."""
    return f"# {title_of(url)}\n\n{_WORDS}\n\nThe address was {url}.\n"


def crawled(given: Mapping[str, Any]) -> dict[str, Any]:
    """The row that the crawl scraper delivers for an input."""
    url = str(given.get("url", ""))
    stamp = {"timestamp": "2026-11-20T09:59:59.000Z", "input": dict(given)}
    if MISSING_MARK in url:
        return stamp | {"error": "The page does not exist", "error_code": "dead_page"}
    return stamp | {
        "url": url,
        "markdown": markdown_of(url),
        "html2text": f"{title_of(url)}\n{_WORDS}\n",
        "page_html": html_of(url),
        "page_title": title_of(url),
        "ld_json": None,
    }


def engine_of(url: str) -> str:
    """The search engine whose results an address asks for; empty for another page."""
    parts = urlsplit(url)
    return _ENGINES.get(parts.hostname or "", "") if parts.path.startswith("/search") else ""


def results_of(url: str, engine: str) -> str:
    """The results for the query of an address: parsed JSON, or HTML where the service parses none."""
    query = parse_qs(urlsplit(url).query)
    words = (query.get("text" if engine == "yandex" else "q") or [""])[0]
    name, first, step = _STARTS[engine]
    told = (query.get(name) or [str(first)])[0]
    page = (int(told) - first) // step if told.isdecimal() else 0
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "nothing"
    found = [
        {
            "link": f"https://example.com/sandbox/{slug}/{number}",
            "title": f"Result {number} for {words}",
            "description": f"A made-up result of the sandbox for {words}.",
            "global_rank": number,
        }
        for number in range(page * RESULTS + 1, (page + 1) * RESULTS + 1)
    ]
    if engine != "yandex":
        return json.dumps({"general": {"query": words}, "organic": found}, ensure_ascii=False)
    items = "".join(
        f'<li class="serp-item"><h2><a class="OrganicTitle-Link" href="{row["link"]}">{escape(str(row["title"]))}</a>'
        f'</h2><div class="OrganicText">{escape(str(row["description"]))}</div></li>'
        for row in found
    )
    return f"<!doctype html><html><body><ul>{items}</ul></body></html>"
