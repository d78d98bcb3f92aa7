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
        fields = _fields(whole_text(path, encoding, limits))
    except RowUnusable as error:
        yield Reject(1, str(error), "")
        return
    yield Row(1, fields, 0, size)


def _fields(page: str) -> dict[str, Any]:
    try:
        said = main_text.extract(page)
    except InvalidInput as error:
        raise RowUnusable(error.message) from error
    if not said.text:
        raise RowUnusable("no main text found in the page")
    return {
        "url": said.url or None,
        "title": said.title or None,
        "date": said.date or None,
        "author": said.author or None,
        "language": said.language or None,
        "text": said.text,
    }
