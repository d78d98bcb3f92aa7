"""Where the lines of a huge file begin, in little memory: the line feeds before each block of bytes.

Blocks have one size, so the index of a file of 1.2 GB takes 150 KB whatever its lines are, and any row is found by
reading about one block.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

from webtune_tui.services.line_file import LineFile

_SMALLEST_BLOCK = 64 * 1024
_MOST_BLOCKS = 512 * 1024


def block_size(size: int) -> int:
    """The bytes of a block for a file: a power of two, larger in a file that would have too many."""
    block = _SMALLEST_BLOCK
    while size > block * _MOST_BLOCKS:
        block *= 2
    return block


class LineIndex:
    """The rows of a file as far as they are counted. It grows at its end while somebody reads.

    Row 0 begins where the file's lines begin; row N behind the Nth line feed.
    """

    def __init__(self, file: LineFile, block: int = 0) -> None:
        self._file = file
        self.block = block or block_size(file.size)
        self._feeds = array("Q", [0])  # line feeds before each block
        self.bytes_known = 0
        self.is_whole = file.size == 0
        self._has_open_end = False

    @property
    def rows_known(self) -> int:
        """The rows that begin and end in the counted part; all rows once it is whole."""
        return self._feeds[-1] + self._has_open_end

    @property
    def memory(self) -> int:
        """Bytes that the index takes."""
        return len(self._feeds) * self._feeds.itemsize

    def add(self, counts: array[int]) -> None:
        """Takes the line feeds of the next blocks."""
        feeds, total = self._feeds, self._feeds[-1]
        for count in counts:
            total += count
            feeds.append(total)
        self.bytes_known = min((len(feeds) - 1) * self.block, self._file.size)

    def finish(self) -> None:
        """All blocks are counted. Reads the last byte: blocks."""
        self.bytes_known = self._file.size
        last = self._file.read(self._file.size - 1, 1) if self._file.size > self._file.begin else b"\n"
        self._has_open_end = last not in (b"\n", b"")
        self.is_whole = True

    def reopen_end(self) -> int:
        """Forgets the last block, which may be longer now; answers the byte from which on to count."""
        self.is_whole = self._has_open_end = False
        if len(self._feeds) > 1:
            self._feeds.pop()
        self.bytes_known = (len(self._feeds) - 1) * self.block
        return self.bytes_known

    def offset_of(self, row: int) -> int | None:
        """Where a row begins; ``None`` where it is not known. Reads a block: blocks."""
        if row == 0:
            return self._file.begin
        number = bisect_left(self._feeds, row) - 1  # the block that holds the line feed before the row
        if row < 0 or number < 0 or number + 1 >= len(self._feeds):
            return None
        piece = self._file.read(number * self.block, self.block)
        place = -1
        for _ in range(row - self._feeds[number]):
            place = piece.find(b"\n", place + 1)
            if place < 0:
                return None  # the file was changed behind our back
        return number * self.block + place + 1

    def row_of(self, offset: int) -> int | None:
        """The row that begins at a place; ``None`` where that is not counted yet. Reads a block: blocks."""
        number, within = divmod(offset, self.block)
        if offset > self.bytes_known or number >= len(self._feeds):
            return None
        piece = self._file.read(number * self.block, within) if within else b""
        return self._feeds[number] + piece.count(b"\n")
