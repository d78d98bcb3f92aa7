"""Searches some of the listed rows of a file for a text, as a program of its own: the screen's interpreter stays free.

Its stdin is the file, its argument the question as JSON. For each of its stretches of places it writes 16 bytes: the
place of the first row with the text or, backwards, of the last one, and the byte where the text begins; or -1 twice.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from webtune_tui.services.file_search_plan import Stretch, stretches_of_rows
from webtune_tui.services.file_search_worker import first_in
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.text_finder import TextFinder

_WIDTH = 8  # bytes of a row in the list
_BATCH = 128  # rows that are searched at once
_SHORT = 4 * 1024  # bytes in which most rows end


def main(question: str) -> None:
    """Answers one question."""
    asked = json.loads(question)
    finder, file = TextFinder(asked["text"]), LineFile(Path("-"), 0)
    file.size = min(file.size, asked["size"])
    planned = stretches_of_rows(asked["count"], asked["origin"], backwards=asked["backwards"])
    for stretch in islice(planned, asked["number"], None, asked["programs"]):
        os.write(1, struct.pack("<qq", *_found(file, finder, asked, stretch)))


def _found(file: LineFile, finder: TextFinder, asked: dict[str, Any], stretch: Stretch) -> tuple[int, int]:
    rows = _rows(asked, stretch)
    while batch := list(islice(rows, _BATCH)):
        place, byte = _first_of(file, finder, batch)
        if place >= 0:
            return place, byte
    return -1, -1


def _first_of(file: LineFile, finder: TextFinder, batch: list[tuple[int, int]]) -> tuple[int, int]:
    """The first row of a few with the text. Short ones are searched as one text: no occurrence holds a line feed."""
    texts, starts, long_ones, start = [], [], [], 0
    for number, (_, offset) in enumerate(batch):
        piece = os.pread(0, _SHORT, offset)
        end = piece.find(b"\n")
        if end < 0:
            long_ones.append(number)
        texts.append(piece[:end] if end >= 0 else b"")
        starts.append(start)
        start += len(texts[-1]) + 1
    found = finder.first(b"\n".join(texts))
    number = bisect_right(starts, found) - 1 if found >= 0 else len(batch)
    for long_one in long_ones:
        place, offset = batch[long_one]
        if long_one < number and (byte := first_in(Stretch(offset, file.line_end(offset)), finder)) >= 0:
            return place, byte
    return (batch[number][0], batch[number][1] + found - starts[number]) if found >= 0 else (-1, -1)


def _rows(asked: dict[str, Any], stretch: Stretch) -> Iterator[tuple[int, int]]:
    """The places of a stretch, and where their rows begin, in the direction of the search."""
    rows, count = stretch.end - stretch.start, asked["count"]
    first = count - stretch.end if asked["turned"] else stretch.start
    offsets = array("Q")
    offsets.frombytes(os.pread(asked["listed"], rows * _WIDTH, first * _WIDTH))
    if asked["turned"]:
        offsets.reverse()
    placed = list(enumerate(offsets, stretch.start))
    return reversed(placed) if asked["backwards"] else iter(placed)


if __name__ == "__main__":
    main(sys.argv[1])
