"""A file in a few figures: how many rows it has, its form, and its first rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from webtune_tui.services.file_rows import FileRow, row_of
from webtune_tui.services.line_file import LineFile

_PIECE = 1024 * 1024
_TOLD_BY = 20  # rows that tell the form of the file


@dataclass(frozen=True, slots=True)
class FileGlance:
    """``form`` is that of most of the first rows; empty where they are no JSON."""

    path: Path
    bytes: int
    rows: int
    form: str
    first: tuple[FileRow, ...]


def glance(path: Path, limit: int) -> FileGlance:
    """Counts all rows and reads the first ones. Blocks. Raises InvalidInput, StorageFailed."""
    file = LineFile(path)
    try:
        first = [row_of(line) for line in islice(file.lines_from(file.begin), max(limit, _TOLD_BY))]
        forms = Counter(row.form for row in first)
        form = forms.most_common(1)[0][0] if forms else ""
        return FileGlance(path, file.size, _rows(file), form, tuple(first[:limit]))
    finally:
        file.close()


def _rows(file: LineFile) -> int:
    feeds, offset, last = 0, file.begin, b"\n"
    while offset < file.size and (piece := file.read(offset, min(_PIECE, file.size - offset))):
        feeds += piece.count(b"\n")
        offset += len(piece)
        last = piece[-1:]
    return feeds + (last != b"\n")
