"""Reads rows of a viewed file for its table. Everything here blocks: it is called in threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from webtune_tui.services.beside_screen import SHORT_TURNS
from webtune_tui.services.viewed_file import Span, ViewedFile
from webtune_tui.tui.presentation.file_rows import ShownRow, glimpse, shown_row

if TYPE_CHECKING:
    from webtune_tui.services.file_rows import FileRow
    from webtune_tui.services.line_file import Line
    from webtune_tui.services.row_order import RowOrder

_JUDGING: dict[str, Callable[[Line], FileRow]] = {}


def load_judging() -> None:
    """Loads what judges rows, 40 ms that the first frame and a key right after it do not wait for."""
    with SHORT_TURNS:
        from webtune_tui.services.file_rows import row_of

        _JUDGING["row_of"] = row_of


def read_end(viewed: ViewedFile, needle: str, count: int) -> tuple[Span, list[ShownRow]]:
    """The last lines, and the last rows of them."""
    span = viewed.last_lines()
    return span, read_rows(viewed, span, max(len(span.starts) - count, 0), needle, count)


def read_rows(
    viewed: ViewedFile, listed: Span | RowOrder | None, first: int, needle: str, count: int
) -> list[ShownRow]:
    """Rows from a place of a list on; fewer where it ends."""
    if isinstance(listed, Span):
        return _shown(viewed.lines_of(listed, first, count), needle)
    if listed is None:
        return _shown(viewed.lines(first, count), needle)
    rows = _shown([viewed.file.line_from(offset) for offset in listed.offsets(first, count)], needle)
    return [replace(row, number=viewed.row_at(row.offset)) for row in rows]


def _shown(lines: list[Line], needle: str) -> list[ShownRow]:
    judge = _JUDGING.get("row_of")
    return [shown_row(judge(line), needle) for line in lines] if judge is not None else [glimpse(one) for one in lines]
