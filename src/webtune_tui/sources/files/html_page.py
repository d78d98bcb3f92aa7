"""An HTML page as one record: its main text as Markdown, with address, title, date, author and language."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, size_of
from webtune_tui.sources.files.text_reading import whole_text

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,300}>")  # it tells of bytes that are text by now
_HEADING_MARK = re.compile(r"^(#{1,6} [^\n]{1,300}?)[ ]?[¶🔗]$", re.MULTILINE)
_EARLIEST = "1995-01-01"


def rows(path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """The page's one record, or the reason why it gives none."""
    try:
        size = size_of(path)
        if size > limits.page_bytes:
            raise RowUnusable(f"larger than {limits.page_mb} MB (limits.page_mb)")
        fields = page_fields(whole_text(path, encoding, limits))
    except RowUnusable as error:
        yield Reject(1, str(error), "")
        return
    yield Row(1, fields, 0, size)


def page_fields(page: str, *, url: str | None = None) -> dict[str, Any]:
    """A page as the fields of a record. ``url`` is where it was fetched, if it was.

    Raises:
        RowUnusable: it holds no main text.
    """
    from trafilatura import extract, load_html  # 0.3 s, paid by those who import pages

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    page = _DECLARATION.sub("", page)
    tree, text = load_html(page), None
    if tree is not None:
        options: dict[str, Any] = {
            "output_format": "markdown",
            "include_comments": False,
            "with_metadata": False,
            "deduplicate": False,
        }
        text = extract(page, **options) or extract(page, favor_recall=True, **options)
    if not text or not text.strip():
        raise RowUnusable("no main text found in the page")
    known = _metadata(tree)
    return {
        "url": url or known.get("url"),
        "title": (known.get("title") or "").rstrip("¶🔗 ") or None,
        "date": known.get("date"),
        "author": known.get("author"),
        "language": _language(tree),
        "text": _HEADING_MARK.sub(r"\1", text).strip(),
    }


def _metadata(tree: Any) -> dict[str, str | None]:
    """What the page says of itself; the title of the window where nothing better is found."""
    from trafilatura.metadata import extract_metadata

    dates = {"original_date": True, "extensive_search": False, "min_date": _EARLIEST}
    found: Any = extract_metadata(tree, date_config=dates)
    window = " ".join((tree.findtext(".//title") or "").split())
    if found is None:
        return {"title": window or None}
    return {
        "title": found.title or window or None,
        "author": found.author or None,
        "date": found.date or None,
        "url": _address(tree) or found.url or None,
    }


def _address(tree: Any) -> str | None:
    """The address that the page gives itself: canonical, else that of its Open Graph data."""
    found = [*tree.xpath("//link[@rel='canonical']/@href"), *tree.xpath("//meta[@property='og:url']/@content")]
    return next((str(one) for one in found if str(one).startswith(("http://", "https://"))), None)


def _language(tree: Any) -> str | None:
    """The language that the page declares."""
    declared = [
        tree.get("lang"),
        tree.get("{http://www.w3.org/XML/1998/namespace}lang"),
        tree.get("xml:lang"),
        *tree.xpath("//meta[translate(@http-equiv,'CL','cl')='content-language']/@content"),
        *tree.xpath("//meta[@property='og:locale']/@content"),
    ]
    return next((str(one) for one in declared if one and _LANGUAGE.fullmatch(str(one))), None)
