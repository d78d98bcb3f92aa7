"""The bundled records, and which of them answer an input."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from webtune_tui.sandbox import catalogue

Row = Mapping[str, Any]

EMPTY_MARK = "sandbox-empty"
FAILED_MARK = "sandbox-failed"
UNKNOWN_KEYWORD_RESULTS = 60
ASIN = re.compile(r"/(?:dp|gp/product)/([A-Z0-9]{10})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shelf:
    """All rows in a fixed mixed order, so that any first N of them are spread over the categories.

    ``categories`` maps a slug to the words that mean it, ``category_of`` and ``keywords_of`` are by asin.
    """

    rows: Sequence[Row]
    categories: Mapping[str, Sequence[str]]
    category_of: Mapping[str, str]
    keywords_of: Mapping[str, Sequence[str]]

    def answer(self, door: str, given: Row) -> Iterator[Row]:
        """The rows that an input brings, in a fixed order, before any limit."""
        if mentions(given, EMPTY_MARK):
            return iter(())
        if door == catalogue.COLLECT:
            return self._collected(given)
        return (discovered(row, given) for row in self._discovered(door, given))

    def _collected(self, given: Row) -> Iterator[Row]:
        asin = asked_asin(given)
        row = next((row for row in self.rows if key_of(row) == asin), None)
        if row is None:
            row = {
                "timestamp": "2026-11-20T09:59:59.000Z",
                "error": f"Product {asin or 'page'} no longer exists",
                "error_code": "dead_page",
            }
        yield {**row, "input": dict(given)}

    def _discovered(self, door: str, given: Row) -> Iterator[Row]:
        if door == "discover_by_upc":
            code = str(given.get("upc") or "")
            return (row for row in self.rows if code and row.get("upc") == code)
        if door == "discover_by_keyword":
            return self._searched(str(given["keyword"]))
        slug = self._category(str(given.get("category_url") or given.get("url") or ""))
        return (row for row in self.rows if slug is None or self.category_of[key_of(row)] == slug)

    def _searched(self, keyword: str) -> Iterator[Row]:
        words = set(re.findall(r"\w+", keyword.lower()))
        wanted = keyword.lower().strip()
        hits = [row for row in self.rows if self._fits(row, wanted, words)]
        slug = None if hits else self._category_of_words(wanted)
        if slug:
            hits = [row for row in self.rows if self.category_of[key_of(row)] == slug]
        return iter(hits) if hits else islice(mixed(self.rows, wanted), UNKNOWN_KEYWORD_RESULTS)

    def _fits(self, row: Row, wanted: str, words: set[str]) -> bool:
        keywords = self.keywords_of.get(key_of(row), ())
        title = set(re.findall(r"\w+", str(row.get("title", "")).lower()))
        return wanted in keywords or (bool(words) and words <= title)

    def _category(self, address: str) -> str | None:
        """The category that an address names by a part of its path or by its query; None for an unknown one."""
        parts = urlsplit(address)
        asked = [value for values in parse_qs(parts.query).values() for value in values]
        names = [unquote(name).lower().replace(" ", "-") for name in [*asked, *reversed(parts.path.split("/"))] if name]
        for name in names:
            slug = self._category_of_words(name)
            if slug:
                return slug
        return None

    def _category_of_words(self, name: str) -> str | None:
        plain = name.removesuffix("-intl-ship")
        for slug, words in self.categories.items():
            if name == slug or plain in words or plain.replace("-", " ") in words:
                return slug
        return None


def mentions(given: Row, mark: str) -> bool:
    """Whether an input asks for one of the sandbox's special outcomes by a word of ours."""
    return any(mark in value for value in given.values() if isinstance(value, str))


def key_of(row: Row) -> str:
    """The asin of a row; that of its input for error and warning rows."""
    asin = row.get("asin")
    return str(asin) if asin else asked_asin(row["input"])


def asked_asin(given: Row) -> str:
    found = ASIN.search(str(given.get("url") or ""))
    return found[1].upper() if found else str(given.get("asin") or "")


def is_error(row: Row) -> bool:
    return "error" in row or "error_code" in row


def is_data(row: Row) -> bool:
    return not is_error(row) and ("title" in row or "page_title" in row)


def discovered(row: Row, given: Row) -> Row:
    """A row as discovery delivers it: its own address as input, the query beside it."""
    asin = key_of(row)
    origin = given.get("category_url") or given.get("url")
    if origin is None:
        origin = f"https://www.amazon.com/s?k={given.get('keyword', given.get('upc', ''))}".replace(" ", "+")
    address = row["input"]["url"]
    found = {**row, "input": {"asin": asin, "url": address, "origin_url": origin}, "discovery_input": dict(given)}
    if is_data(row):
        found |= {"origin_url": origin, "input_asin": asin}
    return found


def mixed(rows: Sequence[Row], seed: str) -> Iterator[Row]:
    """The rows in an order that depends on the seed alone."""
    return iter(random.Random(seed).sample(rows, len(rows)))


def place(line: str) -> bytes:
    return hashlib.blake2b(line.encode("utf-8"), digest_size=8).digest()


@cache
def load() -> Shelf:
    """The rows and the manifest of `data/`."""
    with gzip.open(catalogue.DATA / "amazon_products.ndjson.gz", "rt", encoding="utf-8", newline="\n") as file:
        lines = sorted(file, key=place)
    manifest = json.loads((catalogue.DATA / "MANIFEST.json").read_text(encoding="utf-8"))
    return Shelf(
        [json.loads(line) for line in lines],
        {slug: category["words"] for slug, category in manifest["categories"].items()},
        manifest["category_of"],
        manifest["keywords_of"],
    )
