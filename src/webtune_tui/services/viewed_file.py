"""A file that one reads in: its lines by number, as far as these are counted, and around any place at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from webtune_tui.services.line_counting import counting
from webtune_tui.services.line_file import Change, Line, LineFile
from webtune_tui.services.line_index import LineIndex

_FIRST_LINES = 60
_FIRST_BYTES = 512 * 1024
AROUND = 256
"""Lines before and behind a place that are listed while its number is not known."""


@dataclass(frozen=True, slots=True)
class Span:
    """Lines around a place whose numbers are not known yet, by where they begin. They may reach the file's end."""

    starts: Sequence[int]
    is_at_end: bool


class ViewedFile:
    """An open file with its index. All methods but :meth:`counting` block."""

    def __init__(self, path: Path) -> None:
        """Opens the file and reads its first lines. Raises InvalidInput, StorageFailed."""
        self.path = path
        self.file = LineFile(path)
        self.index = LineIndex(self.file)
        self.first: list[Line] = []
        for line in islice(self.file.lines_from(self.file.begin, _FIRST_BYTES), _FIRST_LINES):
            self.first.append(line)
            if line.offset + line.size > _FIRST_BYTES:
                break

    def close(self) -> None:
        """Gives the file back."""
        self.file.close()

    @property
    def rows_known(self) -> int:
        """Rows that can be read by number now."""
        return max(self.index.rows_known, len(self.first))

    def counting(self) -> AsyncGenerator[int]:
        """Counts the lines that are not counted yet; the bytes done so far, again and again."""
        return counting(self.file, self.index)

    def lines(self, row: int, count: int) -> list[Line]:
        """Lines by number; fewer where they are not known."""
        if row + count <= len(self.first):
            return self.first[row : row + count]
        offset = self.index.offset_of(row)
        if offset is None:
            return self.first[row:]
        return list(islice(self.file.lines_from(offset), count))

    def lines_of(self, span: Span, row: int, count: int) -> list[Line]:
        """Lines of a span."""
        wanted = min(count, len(span.starts) - row)
        return list(islice(self.file.lines_from(span.starts[row]), wanted)) if wanted > 0 else []

    def last_lines(self) -> Span:
        """The last lines, read backwards from the end."""
        return Span(self.file.starts_before(self.file.size, AROUND), True)

    def around(self, offset: int) -> tuple[Span, int]:
        """The lines around one that begins there, and its place among them."""
        before = self.file.starts_before(offset, AROUND)
        behind = self._starts_from(offset, AROUND)
        return Span([*before, *behind], self._is_end(behind)), len(before)

    def more_before(self, span: Span) -> tuple[Span, int]:
        """The span with lines before it, and how many these are."""
        before = self.file.starts_before(span.starts[0], AROUND) if span.starts else []
        return Span([*before, *span.starts], span.is_at_end), len(before)

    def more_behind(self, span: Span) -> Span:
        """The span with lines behind it."""
        behind = self._starts_from(span.starts[-1], AROUND)[1:] if span.starts and not span.is_at_end else []
        starts = [*span.starts, *behind]
        return Span(starts, self._is_end(starts))

    def row_at(self, offset: int) -> int | None:
        """The number of the line that begins there, where it is counted."""
        return self.index.row_of(offset)

    def change(self) -> Change:
        """What became of the file. Where it grew, the new bytes belong to it from now on."""
        what, size = self.file.change()
        if what is Change.GROWN:
            self.file.size = size
            self.index.reopen_end()
            self.first = [line for line in self.first if line.offset + line.size < self.index.bytes_known]
        return what

    def _starts_from(self, offset: int, lines: int) -> list[int]:
        return [line.offset for line in islice(self.file.lines_from(offset, 0), lines)]

    def _is_end(self, starts: Sequence[int]) -> bool:
        return not starts or self.file.line_end(starts[-1]) + 1 >= self.file.size
