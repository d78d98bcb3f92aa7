"""Cells that a spreadsheet would run: defused with an apostrophe, and restored where the row says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFUSED = "webtune_defused"
"""The column that names the cells of its row that got an apostrophe, with spaces between the names."""

_BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # spreadsheets fold wide signs too


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take the text of a cell for a formula."""
    return text.startswith(_BEGIN_FORMULAS)


def defused(text: str) -> str:
    """The text of a cell as no spreadsheet runs it."""
    return f"'{text}" if is_formula(text) else text


def restored(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a row as they were before :func:`defused`, without the column that says which."""
    named = cells.get(DEFUSED)
    names = named.split(" ") if isinstance(named, str) else []
    row = {name: cell for name, cell in cells.items() if name != DEFUSED}
    for name in names:
        cell = row.get(name)
        if isinstance(cell, str) and cell.startswith("'") and is_formula(cell[1:]):
            row[name] = cell[1:]
    return row
