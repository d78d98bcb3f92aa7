"""The results of a search engine's page as Bright Data gives them: parsed JSON, or HTML where it parses none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webtune_tui.sources.base import PageRefused
from webtune_tui.sources.brightdata_requests import parse_json

MOST_RESULTS = 999
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One organic result; ``position`` counts from 1 on its page."""

    position: int
    url: str
    title: str
    description: str


def results_of(text: str, engine: str) -> list[SearchResult]:
    """The organic results in a page of results, without advertisements. Raises PageRefused for what is none."""
    start = text.lstrip()[:1]
    if start == "<":
        return _from_html(text)
    found = parse_json(text)
    rows = _rows(found)
    if rows is None:
        raise PageRefused(f"The answer holds no results of {engine}", reason="unreadable")
    results: list[SearchResult] = []
    for row in rows:
        url = _word(row, "link", "url")
        if url.startswith(("http://", "https://")) and len(results) < MOST_RESULTS:
            described = _word(row, "description", "snippet", "text")
            results.append(SearchResult(len(results) + 1, url, _word(row, "title"), described))
    return results


def _rows(found: Any) -> list[Mapping[str, Any]] | None:
    if isinstance(found, Mapping):
        found = next((found[name] for name in ("organic", "organic_results", "results") if name in found), None)
    if not isinstance(found, list):
        return None
    return [row for row in found if isinstance(row, Mapping)]


def _word(row: Mapping[str, Any], *names: str) -> str:
    value = next((row[name] for name in names if isinstance(row.get(name), str) and row[name]), "")
    return re.sub(r"\s+", " ", value).strip()[:_LONGEST]


def _from_html(text: str) -> list[SearchResult]:
    """The results in the HTML of Yandex, whose pages the service does not parse."""
    from selectolax.lexbor import LexborHTMLParser

    results: list[SearchResult] = []
    for item in LexborHTMLParser(text).css("li.serp-item"):
        link = item.css_first("a.OrganicTitle-Link, h2 a[href], a.Link[href]")
        url = (link.attributes.get("href") or "") if link else ""
        if link is None or not url.startswith(("http://", "https://")) or "yabs.yandex" in url:
            continue
        told = item.css_first(".OrganicTextContentSpan, .OrganicText, .TextContainer, .organic__text")
        if len(results) < MOST_RESULTS:
            results.append(
                SearchResult(len(results) + 1, url, _plain(link.text()), _plain(told.text()) if told else "")
            )
    return results


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:_LONGEST]
