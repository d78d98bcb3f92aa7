"""By what the rows of a file are sorted, and the bytes that stand for it: rows are in the order of these bytes.

A record is what a row is sorted by and, behind it, where the row begins: rows that are alike stay in the file's order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webtune_tui.services.line_file import Line

FILE, BYTES, TURNS, PROMPT, ANSWER = "file", "bytes", "turns", "prompt", "answer"
TEXT_BYTES = 56
"""The bytes of a text that are compared."""

_OFFSET = 8


def width(sort: str) -> int:
    """The bytes of a record."""
    return {FILE: 0, BYTES: 8, TURNS: 4}.get(sort, TEXT_BYTES) + _OFFSET


def is_plain(sort: str) -> bool:
    """Whether a row is sorted without looking into it."""
    return sort in (FILE, BYTES)


def record_of_place(sort: str, offset: int, size: int) -> bytes:
    """The record of a row that is not looked into."""
    place = offset.to_bytes(_OFFSET, "big")
    return place if sort == FILE else size.to_bytes(8, "big") + place


def record_maker(sort: str) -> Callable[[Line], bytes]:
    """Makes the record of a row that is looked into. What reads rows is loaded now."""
    from webtune_tui.services.file_rows import sides_of

    def record(line: Line) -> bytes:
        turns, prompt, answer = sides_of(line)
        place = line.offset.to_bytes(_OFFSET, "big")
        if sort == TURNS:
            return turns.to_bytes(4, "big") + place
        text = (prompt if sort == PROMPT else answer).lstrip()[:TEXT_BYTES].casefold()
        return text.encode("utf-8", "replace")[:TEXT_BYTES].ljust(TEXT_BYTES, b"\0") + place

    return record


def offset_of(record: bytes) -> int:
    """Where the row of a record begins."""
    return int.from_bytes(record[-_OFFSET:], "big")
