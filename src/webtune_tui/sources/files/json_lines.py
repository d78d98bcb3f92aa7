"""NDJSON and JSON Lines: one object a line; a bad line is rejected and the next one read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, RowUnusable, bad_bytes_in, open_text, snippet
from webtune_tui.sources.files.json_values import parse_object, parse_plain

_BUFFER = 256 * 1024
_PIECE = 1024 * 1024
_SPACE = b" \t\r\n"
_LINE_FEED = 0x0A
_ESCAPE = b"\\"
_ESCAPED = b"\\u"  # such text is shorter when it is written anew


def rows(
    path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS, *, mend: bool = False
) -> Iterator[Row | Reject]:
    """Every line that holds something, as a row or a reject. Only a line feed ends a line.

    Rows of a UTF-8 file know the bytes that they take, those of other encodings the line alone. The longest line
    counts in bytes where the file is UTF-8, in characters elsewhere.
    """
    if encoding in ("utf-8", "utf-8-sig"):
        with path.open("rb", buffering=_BUFFER) as stream:
            yield from _of_bytes(stream, limits, mend=mend, has_mark=encoding == "utf-8-sig")
    else:
        with path.open("rb") as stream, open_text(stream, encoding, newline="\n") as text:
            yield from _of_text(text, encoding, limits, mend=mend)


def _of_bytes(stream: BinaryIO, limits: ReadLimits, *, mend: bool, has_mark: bool) -> Iterator[Row | Reject]:
    longest, number, start = limits.record_characters, 0, 0
    if has_mark and stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
        start = len(codecs.BOM_UTF8)
    stream.seek(start)
    while line := stream.readline(longest + 1):
        number += 1
        size = len(line)
        if size > longest:
            yield Reject(number, f"longer than {limits.record_mb} MB", snippet(line[:2000].decode("utf-8", "replace")))
            size += 0 if line.endswith(b"\n") else _skip_bytes(stream)
        elif (fields := parse_plain(line, limits)) is not None:
            length = size - 1 if line[-1] == _LINE_FEED else size
            is_plain = _ESCAPE not in line or _ESCAPED not in line
            yield Row(number, fields, start, length, line[:length] if is_plain else None)
        elif line.strip(_SPACE):
            length = size - 1 if line[-1] == _LINE_FEED else size
            yield _row(line.decode("utf-8", "webtune-mark"), number, "utf-8", limits, mend, start, length)
        start += size


def _of_text(text: TextIO, encoding: str, limits: ReadLimits, *, mend: bool) -> Iterator[Row | Reject]:
    longest, number = limits.record_characters, 0
    while line := text.readline(longest + 1):
        number += 1
        if len(line) > longest:
            yield Reject(number, f"longer than {limits.record_mb} million characters", snippet(line))
            _skip_line(text, longest)
        elif line.strip(" \t\r\n"):
            yield _row(line, number, encoding, limits, mend)


def _row(
    line: str,
    number: int,
    encoding: str,
    limits: ReadLimits,
    mend: bool,
    start: int | None = None,
    length: int | None = None,
) -> Row | Reject:
    if reason := bad_bytes_in(line, encoding):
        return Reject(number, reason, snippet(line))
    try:
        return Row(number, parse_object(line, limits, mend=mend), start, length)
    except RowUnusable as error:
        return Reject(number, str(error), snippet(line.rstrip("\r\n")))


def _skip_bytes(stream: BinaryIO) -> int:
    """Reads on to the end of an overlong line without keeping it; answers how many bytes that were."""
    skipped = 0
    while piece := stream.readline(_PIECE):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def _skip_line(text: TextIO, longest: int) -> None:
    """Reads on to the end of an overlong line without keeping it."""
    while (piece := text.readline(longest)) and not piece.endswith("\n"):
        pass
