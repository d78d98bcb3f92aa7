"""NDJSON and JSON Lines: one object a line; a bad line is rejected and the next one read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import (
    Reject,
    Row,
    RowUnusable,
    bad_bytes_in,
    open_text,
    snippet,
)
from webtune_tui.sources.files.json_values import parse_object


def rows(
    path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS, *, mend: bool = False
) -> Iterator[Row | Reject]:
    """Every line that holds something, as a row or a reject. Only a line feed ends a line."""
    with path.open("rb") as stream, open_text(stream, encoding, newline="\n") as text:
        longest, number = limits.record_characters, 0
        while line := text.readline(longest + 1):
            number += 1
            if len(line) > longest:
                yield Reject(number, f"longer than {limits.record_mb} million characters", snippet(line))
                _skip_line(text, longest)
            elif line.strip(" \t\r\n"):
                yield _row(line, number, encoding, limits, mend)


def _row(line: str, number: int, encoding: str, limits: ReadLimits, mend: bool) -> Row | Reject:
    if reason := bad_bytes_in(line, encoding):
        return Reject(number, reason, snippet(line))
    try:
        return Row(number, parse_object(line, limits, mend=mend))
    except RowUnusable as error:
        return Reject(number, str(error), snippet(line.rstrip("\r\n")))


def _skip_line(text: TextIO, longest: int) -> None:
    """Reads on to the end of an overlong line without keeping it."""
    while (piece := text.readline(longest)) and not piece.endswith("\n"):
        pass
