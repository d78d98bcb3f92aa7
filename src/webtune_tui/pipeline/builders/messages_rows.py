"""Rows that are chat examples already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from webtune_tui.domain.examples import ROW_KEYS, Message
from webtune_tui.pipeline.base import Conversation


class MessagesRows:
    """Takes ``messages`` as they are, with their weights, names and tool calls."""

    name: ClassVar[str] = "messages_rows"
    order: ClassVar[int] = 10
    is_written: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row has a list of messages."""
        turns = fields.get("messages")
        return isinstance(turns, list) and bool(turns) and all(_is_turn(turn) for turn in turns)

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The messages; what the row says of tools is kept with its first message, see ``ROW_KEYS``."""
        messages = tuple(map(_message, fields["messages"]))
        beside = {key: fields[key] for key in ROW_KEYS if fields.get(key) not in (None, [])}
        if beside:
            messages = (replace(messages[0], extra={**messages[0].extra, **beside}), *messages[1:])
        answer = max((i for i, m in enumerate(messages) if m.role == "assistant"), default=-1)
        if answer < 0:
            return None
        values = (m.content for i, m in enumerate(messages) if i != answer and m.role != "system" and m.content)
        return Conversation(messages, tuple(values))


def _message(turn: Mapping[str, Any]) -> Message:
    """A turn without the nulls that tables and loaders fill in; a content of text parts as one text."""
    parts = turn.get("content")
    if isinstance(parts, list) and parts and all(map(_is_text_part, parts)):
        turn = {**turn, "content": "".join(part["text"] for part in parts)}
    if None in turn.values():
        turn = {key: value for key, value in turn.items() if value is not None}
    return Message.from_json(turn)


def _is_text_part(part: object) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _is_turn(turn: object) -> bool:
    return isinstance(turn, Mapping) and isinstance(turn.get("role"), str)


BUILDER = MessagesRows()
