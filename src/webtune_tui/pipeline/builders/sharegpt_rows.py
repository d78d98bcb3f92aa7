"""Rows of ShareGPT: conversations of human and gpt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.builders.messages_rows import BUILDER as MESSAGES_ROWS
from webtune_tui.pipeline.formats.sharegpt import messages_of


class ShareGPTRows:
    """Takes ``conversations`` with their roles in the words of chat; a ``system`` column is the first message."""

    name: ClassVar[str] = "sharegpt_rows"
    order: ClassVar[int] = 14
    is_written: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row has turns with ``from`` and ``value``."""
        return "conversations" in fields and messages_of(fields) is not None

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The messages with what stands beside them."""
        row = messages_of(fields)
        return MESSAGES_ROWS.build(row) if row else None


BUILDER = ShareGPTRows()
