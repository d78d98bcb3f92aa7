"""Chat examples that stand in a table: what its cells can't hold is turned back, see ``domain/chat_cells``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webtune_tui.domain.chat_cells import chat_cells
from webtune_tui.domain.spreadsheet_cells import DEFUSED
from webtune_tui.sources.files.base import RowUnusable
from webtune_tui.sources.files.json_values import parse_object


def with_chats(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row of a table, its messages and tools as lists. Rows that are no chat examples pass at once."""
    return chat_cells(fields, _value) if "messages" in fields or DEFUSED in fields else fields


def _value(text: str) -> Any:
    try:
        return parse_object(f'{{"value": {text}}}')["value"]
    except RowUnusable:
        return None
