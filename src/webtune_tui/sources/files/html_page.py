"""An HTML page as one record: its main text as Markdown, with address, title, date, author and language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources import main_text
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, size_of
from webtune_tui.sources.files.text_reading import whole_text


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
    try:
        found = main_text.extract(page, url or "")
    except InvalidInput as error:
        raise RowUnusable(error.message) from error
    if not found.text:
        raise RowUnusable("no main text found in the page")
    return {
        "url": url or found.url or None,
        "title": found.title or None,
        "date": found.date or None,
        "author": found.author or None,
        "language": found.language or None,
        "text": found.text,
    }
