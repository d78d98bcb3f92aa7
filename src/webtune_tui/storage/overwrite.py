"""Bytes of a file overwritten in place, length for length, so that nothing behind them moves. Every call blocks.

Raw files are never edited; erasing a person is the one exception.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from webtune_tui.storage.files import storage_error

MARKER = b'{"erased":true}'


def overwrite(path: Path, pieces: Iterable[tuple[int, bytes]]) -> int:
    """Writes each piece at its place and syncs the file; answers how many there were. Raises StorageFailed."""
    count = 0
    flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        try:
            for start, data in pieces:
                os.lseek(descriptor, start, os.SEEK_SET)
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                count += 1
            if count:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise storage_error(path, error) from error
    return count


def empty(path: Path) -> None:
    """Overwrites a file with zeros, then cuts it to nothing: its name stays, its bytes don't. Raises StorageFailed."""
    zeros = bytes(1 << 20)
    try:
        size = path.lstat().st_size
        overwrite(path, ((start, zeros[: size - start]) for start in range(0, size, len(zeros))))
        os.truncate(path, 0)
    except OSError as error:
        raise storage_error(path, error) from error


def blank_object(length: int) -> bytes:
    """A JSON object of so many bytes: the marker where it fits, else an empty one, filled up with spaces."""
    for body in (MARKER, b"{}"):
        if len(body) <= length:
            return body.ljust(length)
    return b" " * length


def blank_cells(row: bytes, delimiter: bytes) -> bytes:
    """A CSV row of the same length with the same cells and lines, all empty but for spaces.

    The encoding must write delimiter, quote and line ends as the one byte that they are in ASCII.
    """
    blank = bytearray(b" " * len(row))
    mark, quote = delimiter[0], ord('"')
    is_quoted, at_start, place = False, True, 0
    while place < len(row):
        byte = row[place]
        if is_quoted and row[place : place + 2] == b'""':
            place += 2
            continue
        is_border = byte == quote and (is_quoted or at_start)
        is_delimiter = byte == mark and not is_quoted
        if is_border or is_delimiter or byte in b"\r\n":
            blank[place] = byte
        is_quoted ^= is_border
        at_start = is_delimiter
        place += 1
    return bytes(blank)
