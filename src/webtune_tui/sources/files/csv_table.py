"""CSV and TSV with a header row: one record a row, quotes over lines, the delimiter told by the header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row, bad_bytes_in, open_text, snippet

_DELIMITERS = ",;\t|"


def rows(path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """Every row below the header. Missing cells at the end are left out, surplus ones reject the row."""
    csv.field_size_limit(limits.record_characters)
    with path.open("rb") as stream, open_text(stream, encoding, newline="") as text:
        lines = _Lines(text, limits.record_characters)
        delimiter = delimiter_of(lines.first(), path.suffix)
        reader = csv.reader(lines, delimiter=delimiter)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Reject(line, f"not valid CSV: {error}", "")
                continue
            if header is None and cells:
                header = _names(cells)
            elif header is not None and cells:
                yield _row(header, cells, line, encoding, was_open=lines.ended)


def delimiter_of(header: str, suffix: str = "") -> str:
    """The delimiter that divides the header line into the most cells; a tab where the name says TSV."""
    if suffix.lower() in (".tsv", ".tab") and "\t" in header:
        return "\t"
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


class _Lines:
    """The lines of a text; knows whether the reader asked for one behind the last."""

    def __init__(self, text: TextIO, longest: int) -> None:
        self.ended = False
        self._text = text
        self._longest = longest
        self._first: str | None = None

    def first(self) -> str:
        """The first line that holds something, which the reader gets again."""
        line = self._text.readline(self._longest)
        while line and not line.strip():
            line = self._text.readline(self._longest)
        self._first = line
        return line.rstrip("\r\n")

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line, self._first = self._first or self._text.readline(self._longest), None
        if not line:
            self.ended = True
            raise StopIteration
        return line


def _names(cells: list[str]) -> list[str]:
    """The column names: trimmed, never empty, each once."""
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = cell.strip().lstrip("\ufeff") or f"column_{number}"
        names.append(name if name not in names else f"{name}_{number}")
    return names


def _row(header: list[str], cells: list[str], line: int, encoding: str, *, was_open: bool) -> Row | Reject:
    whole = ",".join(cells)
    if was_open:
        return Reject(line, "a quote that opens here is never closed", snippet(whole))
    if reason := bad_bytes_in(whole, encoding):
        return Reject(line, reason, snippet(whole))
    if "\x00" in whole:
        return Reject(line, "holds a NUL", snippet(whole))
    if len(cells) > len(header):
        return Reject(line, f"{len(cells)} cells, the header has {len(header)}", snippet(whole))
    return Row(line, dict(zip(header, cells, strict=False)))
