"""CSV and TSV with a header row: one record a row, quotes over lines, the delimiter told by the header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import ByteOffsets, Reject, Row, bad_bytes_in, open_text, snippet
from webtune_tui.sources.files.table_chats import with_chats

_DELIMITERS = ",;\t|"


def rows(path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
    """Every row below the header. Missing cells at the end are left out, surplus ones reject the row."""
    csv.field_size_limit(limits.record_characters)
    with path.open("rb") as stream, open_text(stream, encoding, newline="") as text:
        lines = _Lines(text, limits.record_characters, ByteOffsets(path, encoding))
        delimiter = delimiter_of(lines.first(), path.suffix)
        reader = csv.reader(lines, delimiter=delimiter)
        header: list[str] | None = None
        while True:
            line, start = lines.number + 1, lines.offsets.at
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Reject(line, f"not valid CSV: {error}", "")
                continue
            if not cells:
                continue
            if header is None:
                if reason := _fault(cells, encoding):
                    yield Reject(line, f"the header: {reason}; without it no column has a name", _shown(cells))
                    return
                header = _names(cells)
            else:
                yield _row(header, cells, _Place(line, start, lines.offsets.at), encoding, was_open=lines.ended)


def delimiter_of(header: str, suffix: str = "") -> str:
    """The delimiter that divides the header line into the most cells; a tab where the name says TSV."""
    if suffix.lower() in (".tsv", ".tab") and "\t" in header:
        return "\t"
    return max(_DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


@dataclass(frozen=True, slots=True)
class _Place:
    """The first line of a row and the bytes from its beginning to its end, where they are known."""

    line: int
    start: int | None
    end: int | None

    @property
    def length(self) -> int | None:
        return None if self.start is None or self.end is None else self.end - self.start


class _Lines:
    """The lines of a text; counts them and knows whether the reader asked for one behind the last."""

    def __init__(self, text: TextIO, longest: int, offsets: ByteOffsets) -> None:
        self.ended = False
        self.number = 0
        self.offsets = offsets
        self._text = text
        self._longest = longest
        self._first: str | None = None

    def first(self) -> str:
        """The first line that holds something, which the reader gets again; those above it are stepped over."""
        while (line := self._text.readline(self._longest)) and not line.strip():
            self._step_over(line)
        self._first = line
        return line.rstrip("\r\n")

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line, self._first = self._first or self._text.readline(self._longest), None
        if not line:
            self.ended = True
            raise StopIteration
        self._step_over(line)
        return line

    def _step_over(self, line: str) -> None:
        self.number += 1
        self.offsets.advance(line)


def _names(cells: list[str]) -> list[str]:
    """The column names: trimmed, never empty, each once."""
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = cell.strip().lstrip("\ufeff") or f"column_{number}"
        wanted = name if name not in names else f"{name}_{number}"
        while wanted in names:
            wanted += "_"
        names.append(wanted)
    return names


def _row(header: list[str], cells: list[str], place: _Place, encoding: str, *, was_open: bool) -> Row | Reject:
    if was_open:
        return Reject(place.line, "a quote that opens here is never closed", _shown(cells))
    if reason := _fault(cells, encoding):
        return Reject(place.line, reason, _shown(cells))
    if len(cells) > len(header):
        return Reject(place.line, f"{len(cells)} cells, the header has {len(header)}", _shown(cells))
    return Row(place.line, with_chats(dict(zip(header, cells, strict=False))), place.start, place.length)


def _fault(cells: list[str], encoding: str) -> str:
    """Why cells can't be stored; empty where they can."""
    whole = ",".join(cells)
    return bad_bytes_in(whole, encoding) or ("holds a NUL" if "\x00" in whole else "")


def _shown(cells: list[str]) -> str:
    return snippet(",".join(cells))
