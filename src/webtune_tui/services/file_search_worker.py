"""Searches some of a file's stretches for a text, as a program of its own: the screen's interpreter stays free.

Its stdin is the file, its argument the question as JSON. For each of its stretches it writes eight bytes: the place
where the text occurs, the first one or, backwards, the last one, or -1.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from itertools import islice

from webtune_tui.services.file_search_plan import Stretch, stretches
from webtune_tui.services.text_finder import TextFinder

_PIECE = 512 * 1024
_PIECE_ANY_CASE = 96 * 1024  # small letters are made in a copy: of larger ones the allocator gives each back at once


def main(question: str) -> None:
    """Answers one question."""
    asked = json.loads(question)
    finder, is_backwards = TextFinder(asked["text"]), asked["backwards"]
    planned = stretches(asked["begin"], asked["end"], asked["origin"], backwards=is_backwards)
    for stretch in islice(planned, asked["place"], None, asked["programs"]):
        place = last_in(stretch, finder) if is_backwards else first_in(stretch, finder)
        os.write(1, struct.pack("<q", place))


def first_in(stretch: Stretch, finder: TextFinder) -> int:
    """Where the text occurs first in a stretch."""
    offset = stretch.start
    while offset < stretch.end:
        step = min(_piece(finder), stretch.end - offset)
        found = finder.first(os.pread(0, step + finder.reach - 1, offset))
        if 0 <= found < step:
            return offset + found
        offset += step
    return -1


def last_in(stretch: Stretch, finder: TextFinder) -> int:
    """Where the text occurs last in a stretch."""
    end = stretch.end
    while end > stretch.start:
        start = max(stretch.start, end - _piece(finder))
        found = finder.last(os.pread(0, end - start + finder.reach - 1, start), end - start)
        if found >= 0:
            return start + found
        end = start
    return -1


def _piece(finder: TextFinder) -> int:
    return _PIECE_ANY_CASE if finder.is_any_case else _PIECE


if __name__ == "__main__":
    main(sys.argv[1])
