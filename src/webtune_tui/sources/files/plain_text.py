"""A plain text as one record: its first line is the title where it stands alone like one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, size_of
from webtune_tui.sources.files.markdown import first_heading
from webtune_tui.sources.files.text_reading import whole_text

_LONGEST_TITLE = 120


def rows(path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """The file's one record, or the reason why it gives none."""
    try:
        text = whole_text(path, encoding, limits).strip()
        if not text:
            raise RowUnusable("holds no text")
    except RowUnusable as error:
        yield Reject(1, str(error), "")
        return
    yield Row(1, {"title": title_of(text), "text": text}, 0, size_of(path))


def title_of(text: str) -> str | None:
    """The heading of a text: a short first line with an empty one below it, or a line marked as a heading."""
    first, _, rest = text.partition("\n")
    stands_alone = rest.startswith("\n") and len(first) <= _LONGEST_TITLE
    if stands_alone and not first.rstrip().endswith((".", ",", ";", ":")):
        return first.lstrip("#").strip() or None
    return first_heading(text)
