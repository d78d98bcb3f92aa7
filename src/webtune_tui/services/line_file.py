"""A file of lines that is read where one looks: any size, read-only, also while others write to it.

Everything is read in pieces at given places. The file is not mapped into memory: a mapped file that somebody cuts
meanwhile ends the program, a piece that is no longer there is merely short.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from webtune_tui.domain.errors import InvalidInput, StorageFailed

LONGEST_READ = 1024 * 1024
"""Bytes of a line that are read for a list."""

_PIECE = 256 * 1024
_SHORT_PIECE = 4 * 1024  # in which most lines end that are read one by one
_BOM = b"\xef\xbb\xbf"
_PACKED = (
    (b"\x1f\x8b", "gzip", "gunzip -k"),
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd -d"),
    (b"PK\x03\x04", "zip", "unzip"),
    (b"BZh", "bzip2", "bunzip2 -k"),
    (b"\xfd7zXZ\x00", "xz", "unxz -k"),
)
_OTHER_BYTES = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


class Change(StrEnum):
    """What became of an open file."""

    NONE = "none"
    GROWN = "grown"
    CUT = "cut"
    REPLACED = "replaced"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Line:
    """A line where it stands. ``raw`` has no line end; of a line longer than was asked for it is the beginning."""

    offset: int
    size: int
    raw: bytes
    is_whole: bool = True


class LineFile:
    """An open file. All methods block; they may be called in several threads at a time."""

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        """Opens the file, or takes one that is open.

        Raises:
            InvalidInput: it is no plain file, or is packed. StorageFailed: it can't be read.
        """
        self.path = path
        self._file = _opened(path) if descriptor is None else descriptor
        about = os.fstat(self._file)
        self.size = about.st_size
        self._identity = (about.st_dev, about.st_ino)
        self._was_cut = False
        try:
            head = self.read(0, 8)
            _require_lines(path, head)
        except (InvalidInput, StorageFailed):
            self.close()
            raise
        self.begin = len(_BOM) if head.startswith(_BOM) else 0

    @property
    def descriptor(self) -> int:
        """The open file, for a child program."""
        return self._file

    def close(self) -> None:
        """Gives the file back; reading it then raises StorageFailed."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of the file; fewer where it ends. Raises StorageFailed."""
        try:
            return os.pread(self._file, size, offset)
        except OSError as error:
            raise StorageFailed(
                f"{self.path}: {error.strerror or error}", hint="Open the file again: webtune view FILE."
            ) from error

    def change(self) -> tuple[Change, int]:
        """What became of the file since it was opened, and its size now. One that was cut stays so: what is written
        behind the cut are other lines, also where there are as many bytes again.
        """
        try:
            size = os.fstat(self._file).st_size
            about = self.path.stat()
        except OSError:
            return Change.GONE, self.size
        if (about.st_dev, about.st_ino) != self._identity:
            return Change.REPLACED, size
        self._was_cut |= size < self.size
        if self._was_cut:
            return Change.CUT, size
        return (Change.GROWN if size > self.size else Change.NONE), size

    # Lines

    def lines_from(self, offset: int, longest: int = LONGEST_READ) -> Iterator[Line]:
        """The lines from a line's beginning on, each up to ``longest`` bytes."""
        held, start = b"", offset
        while offset < self.size:
            piece = self.read(offset, min(_PIECE, self.size - offset))
            if not piece:
                break
            held, offset, place = held + piece, offset + len(piece), 0
            while (end := held.find(b"\n", place)) >= 0:
                yield _line(start, held[place:end], longest)
                start += end + 1 - place
                place = end + 1
            held = held[place:]
            if len(held) > longest:
                end = self.line_end(offset)
                yield Line(start, end - start, held[:longest], is_whole=False)
                held, start, offset = b"", end + 1, end + 1
        if held:
            yield _line(start, held, longest)

    def line_at(self, offset: int, longest: int) -> Line:
        """The line that begins there; of a longer one a part is read. An empty one behind the end."""
        size = self.line_end(offset) - offset
        is_whole = size <= longest
        return (
            _line(offset, self.read(offset, size), longest)
            if is_whole
            else Line(offset, size, self.read(offset, min(longest, LONGEST_READ)), is_whole=False)
        )

    def line_from(self, offset: int) -> Line:
        """The line that begins there, read for a list: of one longer than that its beginning."""
        piece = self.read(offset, min(_SHORT_PIECE, self.size - offset)) if offset < self.size else b""
        end = piece.find(b"\n")
        return _line(offset, piece[:end], LONGEST_READ) if end >= 0 else self.line_at(offset, LONGEST_READ)

    def places_from(self, offset: int) -> Iterator[tuple[int, int]]:
        """Where the lines from a line's beginning on begin, and their bytes; of the lines nothing is kept."""
        start = place = offset
        while place < self.size and (piece := self.read(place, min(_PIECE, self.size - place))):
            find, end = piece.find, -1
            while (end := find(b"\n", end + 1)) >= 0:
                yield start, place + end - start
                start = place + end + 1
            place += len(piece)
        if start < place:
            yield start, place - start

    def line_start(self, offset: int) -> int:
        """Where the line begins that holds a place."""
        while offset > self.begin:
            first = max(self.begin, offset - _PIECE)
            found = self.read(first, offset - first).rfind(b"\n")
            if found >= 0:
                return first + found + 1
            offset = first
        return self.begin

    def line_end(self, offset: int) -> int:
        """Where the line ends that holds a place: at its line feed, or at the end of the file."""
        while piece := self.read(offset, _PIECE):
            found = piece.find(b"\n")
            if found >= 0:
                return offset + found
            offset += len(piece)
        return offset

    def starts_before(self, offset: int, lines: int) -> list[int]:
        """Where the last lines before a line's beginning begin, in their order; fewer at the beginning of the file."""
        starts: list[int] = []
        end = offset
        while len(starts) < lines and end > self.begin:
            first = max(self.begin, end - _PIECE)
            piece = self.read(first, end - first)
            if not piece:
                break
            # a line feed at the very end of the piece ends the line before, it begins none there
            place = len(piece) - 1 if end == offset else len(piece)
            while len(starts) < lines and (place := piece.rfind(b"\n", 0, place)) >= 0:
                starts.append(first + place + 1)
            end = first
        if len(starts) < lines and end <= self.begin < offset:
            starts.append(self.begin)
        return starts[::-1]


def _line(start: int, raw: bytes, longest: int) -> Line:
    shown = raw.removesuffix(b"\r")
    return Line(start, len(raw), shown[:longest], len(shown) <= longest)


def _opened(path: Path) -> int:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            kind = "a folder" if stat.S_ISDIR(about.st_mode) else "no plain file"
            raise InvalidInput(f"{path} is {kind}", hint="Name a file of JSON lines; what a pipe gives, save first.")
        return os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError as error:
        raise InvalidInput(f"There is no file {path}", hint="Name a file of JSON lines.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise StorageFailed(f"{path}: {reason}", hint="Check that you may read it.") from error


def _require_lines(path: Path, head: bytes) -> None:
    for begin, kind, command in _PACKED:
        if head.startswith(begin):
            raise InvalidInput(
                f"{path} is packed ({kind}) and can't be read in the middle",
                hint=f"Unpack it first: {command} {path.name}. webtune import reads it as it is.",
            )
    for begin, encoding in _OTHER_BYTES:
        if head.startswith(begin):
            raise InvalidInput(
                f"{path} is {encoding} and not UTF-8",
                hint=f"Convert it first: iconv -f {encoding} -t UTF-8. webtune import reads it as it is.",
            )
    if head.startswith(b"PAR1"):
        raise InvalidInput(f"{path} is Parquet and has no lines", hint="Import it instead: webtune import FILE.")
