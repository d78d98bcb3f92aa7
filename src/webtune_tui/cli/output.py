"""The only module that writes to stdout: one JSON object, or text and tables for a person."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webtune_tui.cli.command import Outcome, Table
from webtune_tui.domain.terminal_text import cell_width, display, display_line

_IN_A_LINE, _WRAPPED = 400, 2_000
_PIECES = re.compile(r"\S+\s*")


def write_json(body: Mapping[str, Any]) -> None:
    """One JSON object on one line; ASCII, so that no terminal acts on what is in it."""
    _write(json.dumps(body, ensure_ascii=True, default=str))


def write_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """A finished command, in the form that was asked for."""
    if as_json:
        write_json(outcome.data)
        return
    parts = [outcome.text] if isinstance(outcome.text, str | Table) else outcome.text
    for part in parts:
        if isinstance(part, Table):
            _write(format_table(part, width=shutil.get_terminal_size((100, 24)).columns))
        elif part:
            _write(display(part))


def write_text(text: str) -> None:
    """Plain words, such as a streamed answer's next piece, without a line end of our own."""
    sys.stdout.write(_encodable(display(text)))
    sys.stdout.flush()


def format_table(table: Table, *, width: int) -> str:
    """The table in at most ``width`` cells: the widest columns give way first, before them the last one if it wraps."""
    if not table.rows:
        return table.empty
    limit = _WRAPPED if table.wraps else _IN_A_LINE
    cells = [[display_line("" if cell is None else cell, limit=limit) for cell in row] for row in table.rows]
    header = [column.upper() for column in table.columns]
    widths = [max(_cells(row[index]) for row in [header, *cells]) for index in range(len(header))]
    if table.wraps:
        room = width - sum(widths[:-1]) - 2 * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(room, width // 3))
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    rows = [header, *(lines for row in cells for lines in _lines(row, widths))] if table.wraps else [header, *cells]
    return "\n".join(_line(row, widths) for row in rows)


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[Sequence[str]]:
    """A row whose last cell goes on below itself."""
    beside = list(row[:-1])
    for piece in _wrapped(row[-1], widths[-1]):
        yield [*beside, piece]
        beside = [""] * len(beside)


def _wrapped(text: str, width: int) -> Sequence[str]:
    """The text in lines of at most ``width`` cells, broken between words where one of them fits."""
    lines, line, used = [], "", 0
    for word in _PIECES.findall(text):
        cells = _cells(word.rstrip())
        if line and used + cells > width:
            lines.append(line.rstrip())
            line, used = "", 0
        for piece in _in_cells(word, width) if cells > width else (word,):
            if line and used + _cells(piece.rstrip()) > width:
                lines.append(line.rstrip())
                line, used = "", 0
            line, used = line + piece, used + _cells(piece)
    return [*lines, line.rstrip()]


def _in_cells(word: str, width: int) -> Iterator[str]:
    """A word that is wider than a line, in pieces of at most ``width`` cells."""
    piece, used = "", 0
    for character in word:
        wide = cell_width(character)
        if piece and used + wide > width:
            yield piece
            piece, used = "", 0
        piece, used = piece + character, used + wide
    yield piece


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(_fit(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _fit(text: str, width: int) -> str:
    used = _cells(text)
    if used <= width:
        return text + " " * (width - used)
    shown, used = "", 0
    for character in text:
        if used + cell_width(character) > width - 1:
            break
        shown, used = shown + character, used + cell_width(character)
    return shown + "…" + " " * (width - used - 1)


def _cells(text: str) -> int:
    return len(text) if text.isascii() else sum(cell_width(character) for character in text)


def _write(text: str) -> None:
    sys.stdout.write(_encodable(text) + "\n")
    sys.stdout.flush()


def _encodable(text: str) -> str:
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
