"""Chat examples in the cells of tables: JSON texts and empty fields become again what they stand for.

Tables have one type for a column, so that a message there has all fields that any message has, and nested values are
written as JSON. A row that is no chat example stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from webtune_tui.domain.examples import ROW_KEYS
from webtune_tui.domain.spreadsheet_cells import DEFUSED, restored

TEXT_KEYS = ("name", "tool_call_id", "refusal")
"""Keys of a message whose values are texts."""
WRITTEN_KEYS = ("tool_calls", "function_call", "audio")
"""Keys of a message whose values are written as JSON in a table."""
EXTRA = "extra"
"""The field of a message in a table that holds all other keys as one JSON object."""


Parse = Callable[[str], Any]
"""Gives the value of a JSON text, ``None`` for a text that is none or can't be stored."""


def chat_cells(cells: Mapping[str, Any], parse: Parse) -> Mapping[str, Any]:
    """A table's row with its messages and tools as they were before they were written into cells."""
    if DEFUSED in cells:
        cells = restored(cells)
    messages = _value(cells.get("messages"), parse)
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        return cells
    row = {**cells, "messages": [_message(body, parse) for body in messages]}
    for key in ROW_KEYS:
        if key not in row:
            continue
        value = _value(row[key], parse)
        if value in (None, ""):
            del row[key]
        else:
            row[key] = value
    return row


def _message(body: Mapping[str, Any], parse: Parse) -> dict[str, Any]:
    message = {key: value for key, value in body.items() if value is not None or key == "content"}
    for key in WRITTEN_KEYS:
        if key in message:
            message[key] = _value(message[key], parse)
    others = _value(message.get(EXTRA), parse)
    if isinstance(others, dict):
        del message[EXTRA]
        message |= others
    return message


def _is_message(body: object) -> bool:
    return isinstance(body, Mapping) and isinstance(body.get("role"), str)


def _value(cell: Any, parse: Parse) -> Any:
    """What a cell stands for: the value of a JSON text that begins as one, else the cell."""
    if not isinstance(cell, str) or not (cell.startswith(("[", "{")) or cell in ("true", "false")):
        return cell
    value = parse(cell)
    return cell if value is None else value
