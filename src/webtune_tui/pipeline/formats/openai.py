"""Chat JSONL as OpenAI and those who speak its API take it; it holds everything that an example has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from webtune_tui.domain.examples import Message, chat_row
from webtune_tui.pipeline.formats.base import JsonLines, without_rejected


class OpenAI(JsonLines):
    """``{"messages": [...], "tools": [...]}``: weights, names and tool calls as they are."""

    name: ClassVar[str] = "openai"
    title: ClassVar[str] = "Chat JSONL of OpenAI"

    def row(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The messages, and beside them what the row says of tools."""
        return chat_row(without_rejected(messages))


FORMAT = OpenAI()
