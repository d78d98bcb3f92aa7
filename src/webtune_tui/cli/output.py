"""The only module that writes to stdout: one JSON object, or text and tables for a person."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.cli.command import Outcome, Table
from webtune_tui.domain.terminal_text import cell_width, display, display_line


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
    """The table in at most ``width`` cells: the widest columns give way first."""
    if not table.rows:
        return table.empty
    cells = [[display_line("" if cell is None else cell, limit=400) for cell in row] for row in table.rows]
    header = [column.upper() for column in table.columns]
    widths = [max(_cells(row[index]) for row in [header, *cells]) for index in range(len(header))]
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    return "\n".join(_line(row, widths) for row in [header, *cells])


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
