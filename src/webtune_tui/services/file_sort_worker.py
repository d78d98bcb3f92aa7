"""Sorts the rows of an open file, as a program of its own, in memory that does not grow with the file.

Its argument is one question as JSON. ``runs``: makes the records of a part of the file, or of a part of a list of its
rows, and writes them to the file ``out`` in sorted runs; stdin is the file that is read. ``merge``: merges the runs of
all parts, and writes where the rows begin to ``out``. Each tells ``[done, rows of each run]`` line by line; what is
done counts in bytes, or in rows of a list.
"""

from __future__ import annotations

import heapq
import json
import os
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from webtune_tui.services import file_sort_plan as plan
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.whole_writes import write_all

_POLITE = 5
_TOLD_SECONDS = 0.2
_LOOKED = 256  # rows after which the clock is looked at
_RUN_ROWS = 8 * 1024
_MERGE_BYTES = 2 * 1024 * 1024
_LISTED_ROWS = 8192


def main(question: str) -> None:
    """Answers one question."""
    if hasattr(os, "nice"):
        os.nice(_POLITE)  # the screen comes first
    asked = json.loads(question)
    if asked["step"] == "merge":
        _merge(asked["parts"], asked["width"], asked["out"])
    else:
        _make_runs(asked)


# Runs


def _make_runs(asked: dict[str, Any]) -> None:
    file = LineFile(Path("-"), 0)
    file.size = min(file.size, asked["size"])
    first, last, sort = asked["first"], asked["last"], asked["sort"]
    made = _listed(file, sort, asked["listed"], first, last) if "listed" in asked else _all(file, sort, first, last)
    records, runs = _telling(made), []
    while run := sorted(islice(records, _RUN_ROWS)):
        write_all(asked["out"], b"".join(run))
        runs.append(len(run))
    _tell(last - first, runs)


def _all(file: LineFile, sort: str, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    """The lines that begin in a part of the file; the first one may do so further on."""
    start = file.line_end(first - 1) + 1 if first > file.begin else first
    if plan.is_plain(sort):
        for offset, size in file.places_from(start):
            if offset >= last:
                return
            yield offset - first, plan.record_of_place(sort, offset, size)
        return
    record = plan.record_maker(sort)
    for line in file.lines_from(start):
        if line.offset >= last:
            return
        yield line.offset - first, record(line)


def _listed(file: LineFile, sort: str, listed: int, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    """Lines of a list, by the file that holds where they begin."""
    record: Callable[[Any], bytes] | None = None if plan.is_plain(sort) else plan.record_maker(sort)
    for place in range(first, last, _LISTED_ROWS):
        offsets = array("Q")
        offsets.frombytes(os.pread(listed, 8 * min(_LISTED_ROWS, last - place), 8 * place))
        for number, offset in enumerate(offsets, place - first):
            line = file.line_from(offset)
            yield number, record(line) if record else plan.record_of_place(sort, offset, line.size)


def _telling(made: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
    """The records, while it is told how far they are."""
    told_at, untold = time.monotonic(), 0
    for done, record in made:
        yield record
        untold += 1
        if untold >= _LOOKED:
            untold = 0
            if time.monotonic() - told_at >= _TOLD_SECONDS:
                told_at = time.monotonic()
                _tell(done, [])


# Merging


def _merge(parts: list[tuple[int, list[int]]], width: int, out: int) -> None:
    runs = [(file, rows) for file, all_rows in parts for rows in all_rows]
    at_once = max(_MERGE_BYTES // max(len(runs), 1) // width, 1)
    starts: dict[int, int] = {}
    reading = []
    for file, rows in runs:
        start = starts.get(file, 0)
        starts[file] = start + rows
        reading.append(_run(file, start, rows, width, at_once))
    merged, done, told_at = heapq.merge(*reading), 0, time.monotonic()
    while offsets := array("Q", map(plan.offset_of, islice(merged, _LISTED_ROWS))):
        write_all(out, offsets.tobytes())
        done += len(offsets)
        if time.monotonic() - told_at >= _TOLD_SECONDS:
            told_at = time.monotonic()
            _tell(done, [])
    _tell(done, [])


def _run(file: int, start: int, rows: int, width: int, at_once: int) -> Iterator[bytes]:
    for first in range(start, start + rows, at_once):
        piece = os.pread(file, min(at_once, start + rows - first) * width, first * width)
        for place in range(0, len(piece), width):
            yield piece[place : place + width]


def _tell(done: int, runs: list[int]) -> None:
    sys.stdout.write(json.dumps([done, runs]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
