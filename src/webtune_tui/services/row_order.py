"""Rows of a file in an order of their own, or some of its rows: where each begins, kept in a file without a name.

Nothing of it stays in memory, whatever the number of rows: 8 bytes a row lie in the folder for temporary files, and go
when nobody looks at them any more.
"""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Collection, Iterable

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.services.beside_screen import SHORT_TURNS
from webtune_tui.services.whole_writes import write_all

_WIDTH = 8
_AT_ONCE = 8192
"""Rows that are read at once: so few that a thread with them gives the screen its turn in time."""


class TemporaryBytes:
    """A file without a name. It is given back when nobody holds it any more."""

    def __init__(self) -> None:
        """Makes it. Raises StorageFailed."""
        import tempfile  # a megabyte that the programs beside do not need

        try:
            with tempfile.TemporaryFile(prefix="webtune-", buffering=0) as made:
                self.descriptor = os.dup(made.fileno())
        except OSError as error:
            raise StorageFailed(
                f"There is no room for temporary files: {error.strerror or error}",
                hint="Make some, or name another folder for them: TMPDIR=FOLDER.",
            ) from error
        weakref.finalize(self, os.close, self.descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Bytes of it; fewer where it ends."""
        return os.pread(self.descriptor, size, offset)

    def append(self, data: bytes) -> None:
        """Writes at its end. Raises StorageFailed."""
        try:
            write_all(self.descriptor, data)
        except OSError as error:
            raise StorageFailed(
                f"The list of rows can't be kept: {error.strerror or error}",
                hint="Make room in the folder for temporary files, or name another one: TMPDIR=FOLDER.",
            ) from error


class RowOrder:
    """Rows by their place in a list. ``file_size`` are the bytes of the file that was looked through. Methods block."""

    def __init__(self, store: TemporaryBytes, count: int, file_size: int, *, is_turned: bool = False) -> None:
        self._store = store
        self.count = count
        self.file_size = file_size
        self._is_turned = is_turned

    @classmethod
    def of(cls, pieces: Iterable[array[int]], file_size: int) -> RowOrder:
        """Keeps where rows begin. Raises StorageFailed."""
        store, count = TemporaryBytes(), 0
        for piece in pieces:
            store.append(piece.tobytes())
            count += len(piece)
        return cls(store, count, file_size)

    @property
    def descriptor(self) -> int:
        """The open file of 8 bytes a row, for a program beside; see :attr:`is_turned`."""
        return self._store.descriptor

    @property
    def is_turned(self) -> bool:
        """Whether the last one in the file is the first in the list."""
        return self._is_turned

    def turned(self) -> RowOrder:
        """The same rows the other way round, without moving any."""
        return RowOrder(self._store, self.count, self.file_size, is_turned=not self._is_turned)

    def offsets(self, first: int, count: int) -> array[int]:
        """Where the rows from a place on begin; fewer at the end."""
        last = min(first + count, self.count)
        if not 0 <= first < last:
            return array("Q")
        if not self._is_turned:
            return self._read(first, last - first)
        found = self._read(self.count - last, last - first)
        found.reverse()
        return found

    def places_of(self, offsets: Collection[int]) -> dict[int, int]:
        """The places of rows, by where these begin; those that are not in the list are left out."""
        places: dict[int, int] = {}
        wanted = set(offsets)
        with SHORT_TURNS:
            for first in range(0, self.count if wanted else 0, _AT_ONCE):
                piece = self._read(first, min(_AT_ONCE, self.count - first))
                for offset in wanted.intersection(piece):
                    place = first + piece.index(offset)
                    places[offset] = self.count - 1 - place if self._is_turned else place
                if len(places) == len(wanted):
                    break
        return places

    def _read(self, first: int, count: int) -> array[int]:
        found = array("Q")
        found.frombytes(self._store.read(first * _WIDTH, count * _WIDTH))
        return found
