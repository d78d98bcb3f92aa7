"""Counts the lines of an open file in a program of its own, while one already reads in it."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import AsyncGenerator

from webtune_tui.services.beside_programs import beside
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.line_index import LineIndex

_WORKER = "webtune_tui.services.line_count_worker"
_AT_ONCE = 64 * 1024


async def counting(file: LineFile, index: LineIndex) -> AsyncGenerator[int]:
    """Fills the index from where it stands to the end of the file; the bytes counted so far, again and again."""
    start, end = index.bytes_known, file.size
    if start < end:
        async with beside(_WORKER, str(start), str(index.block), str(end), file=file.descriptor) as process:
            assert process.stdout is not None
            rest = b""
            while piece := await process.stdout.read(_AT_ONCE):
                piece = rest + piece
                whole = len(piece) // 8 * 8
                counts = array("Q")
                counts.frombytes(piece[:whole])
                rest = piece[whole:]
                index.add(counts)
                yield index.bytes_known
    if index.bytes_known >= end:
        await asyncio.to_thread(index.finish)
    yield index.bytes_known
