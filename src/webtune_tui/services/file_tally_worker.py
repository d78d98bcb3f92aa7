"""Counts a part of a file as a program of its own. Its stdin is the file; it counts the lines that begin from one byte
up to another and tells ``[bytes, counts, new kinds]`` again and again, at last with the bytes of the whole part. What
each row is goes into two files that were opened for it, see ``row_notes``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from webtune_tui.services.file_tally import FileTally
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.row_notes import RowNotebook

_POLITE = 5
_TOLD_SECONDS = 0.5
_TOLD_LINES = 64


def main(words: list[str]) -> None:
    """Counts to the end."""
    if hasattr(os, "nice"):
        os.nice(_POLITE)  # the screen comes first
    start, end, offsets, marks = (
        int(word) for word in words
    )  # the first line that begins in the part may do so further on
    begin, file = start, LineFile(Path("-"), 0)
    if start > file.begin:
        start = file.line_end(start - 1) + 1
    tally, notebook, told_at = FileTally(), RowNotebook(offsets, marks), time.monotonic()
    for line in file.lines_from(start):
        if line.offset >= end:
            break
        notebook.note(line.offset, *tally.take(line))
        if tally.rows % _TOLD_LINES == 0 and time.monotonic() - told_at >= _TOLD_SECONDS:
            told_at = time.monotonic()
            _tell(line.offset - begin, tally, notebook)
    _tell(end - begin, tally, notebook)


def _tell(done: int, tally: FileTally, notebook: RowNotebook) -> None:
    kinds = notebook.flush()
    sys.stdout.write(json.dumps([done, tally.to_json(), kinds]) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
