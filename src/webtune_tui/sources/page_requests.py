"""What goes to Bright Data's ``/request`` for a page or a search, and what its answers mean: pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from webtune_tui.sources.brightdata_requests import parse_json

REQUEST_PATH = "/request"
ENGINES = ("google", "bing", "yandex")
RESULTS_PER_PAGE = 10
_PARSED = {"google": "parsed_light", "bing": "parsed_bing"}
_CODE_HEADERS = ("x-brd-err-code", "x-brd-error-code", "x-luminati-error-code")
_WORD_HEADERS = ("x-brd-err-msg", "x-brd-error", "x-luminati-error")
_CODE = re.compile(r"\b(?:policy_\d{3,6}|ub_bad_endpoint[a-z_]*|client_\d{3,6}|proxy_[a-z_]*error)\b")
_USED_UP = re.compile(
    r"client_10100|usage limit|quota|limit (?:was |has been |is )?(?:reached|exceeded)"
    r"|(?:reached|exceeded) (?:its|the|your) [\w ]{0,30}limit",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """The page inside an answer: the site's own status and headers (names in lower case), and its body."""

    status: int
    headers: Mapping[str, str]
    body: str


def unlocker_body(zone: str, url: str, *, markdown: bool = False) -> str:
    """The body of a request for a page; as Markdown where the service shall extract the text."""
    body = {"zone": zone, "url": url, "format": "json", "method": "GET"}
    return _text(body | ({"data_format": "markdown"} if markdown else {}))


def serp_body(zone: str, url: str, engine: str, country: str = "") -> str:
    """The body of a request for a page of search results, parsed by the service where it can."""
    body = {"zone": zone, "url": url, "format": "json", "method": "GET"}
    body |= {"country": country} if country else {}
    return _text(body | ({"data_format": _PARSED[engine]} if engine in _PARSED else {}))


def search_url(engine: str, query: str, page: int = 0, country: str = "") -> str:
    """The address of a page of results at a search engine; ``page`` counts from 0."""
    start = page * RESULTS_PER_PAGE
    if engine == "google":
        asked = {"q": query} | ({"start": str(start)} if start else {}) | ({"gl": country} if country else {})
        return f"https://www.google.com/search?{urlencode(asked)}"
    if engine == "bing":
        asked = {"q": query} | ({"first": str(start + 1)} if start else {}) | ({"cc": country} if country else {})
        return f"https://www.bing.com/search?{urlencode(asked)}"
    return f"https://yandex.com/search/?{urlencode({'text': query} | ({'p': str(page)} if page else {}))}"


def answer_of(text: str) -> PageAnswer | None:
    """The page in an answer of format json, or ``None`` where the answer is none. Parsed results may come bare."""
    found = parse_json(text)
    if not isinstance(found, Mapping):
        return None
    status = found.get("status_code")
    if "body" not in found or isinstance(status, bool) or not isinstance(status, int):
        return PageAnswer(200, {}, text) if isinstance(found.get("organic"), list) else None
    body = found["body"]
    headers = found.get("headers")
    return PageAnswer(
        status,
        {str(name).lower(): _header(value) for name, value in headers.items()} if isinstance(headers, Mapping) else {},
        body if isinstance(body, str) else "" if body is None else _text(body),
    )


def error_code(headers: Mapping[str, str], text: str = "") -> str:
    """The service's code for a page that it did not get, out of headers or words; empty where there is none."""
    for name in _CODE_HEADERS:
        if code := re.sub(r"[^\w.-]", "", headers.get(name, ""))[:60]:
            return code
    match = _CODE.search(" ".join(headers.get(name, "") for name in _WORD_HEADERS) + f" {text[:4000]}")
    if match:
        return match.group()
    return "service_error" if any(headers.get(name) for name in _WORD_HEADERS) else ""


def error_words(headers: Mapping[str, str]) -> str:
    """The service's own words for it, out of the headers."""
    return next((headers[name] for name in _WORD_HEADERS if headers.get(name)), "")


def is_used_up(*texts: str) -> bool:
    """Whether the words say that the account or zone may ask for no more."""
    return any(_USED_UP.search(text[:20_000]) for text in texts)


def _header(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value)


def _text(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
