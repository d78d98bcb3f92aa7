"""ShareGPT: ``{"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}]}``.

The system text is the first turn. What a turn has besides (weight, name, tool calls) stays beside ``value``, and tools
stay beside the conversation, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webtune_tui.domain.examples import ROW_KEYS, Message, chat_row
from webtune_tui.pipeline.formats.base import JsonLines, NotExpressible, without_rejected

_WRITTEN = {"user": "human", "assistant": "gpt"}
_READ = {
    "human": "user",
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bard": "assistant",
    "bing": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "function_call": "assistant",
    "observation": "tool",
    "function_response": "tool",
}
_TURN_KEYS = frozenset({"from", "value", "role", "content"})


class ShareGPT(JsonLines):
    """Turns of human and gpt."""

    name: ClassVar[str] = "sharegpt"
    title: ClassVar[str] = "ShareGPT: conversations of human and gpt"

    def row(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The turns in order. Raises NotExpressible for an extra that would take the place of a turn's own key."""
        row = chat_row(without_rejected(messages))
        turns = []
        for body in row.pop("messages"):
            role, text = body.pop("role"), body.pop("content")
            if _READ.get(role, role) != role or not _TURN_KEYS.isdisjoint(body):
                raise NotExpressible("keys")
            turns.append({"from": _WRITTEN.get(role, role), "value": text} | body)
        return {"conversations": turns} | row


def role_of(name: str) -> str:
    """The chat role of a turn's ``from``; a name that is none stays as it is."""
    return _READ.get(name.strip().lower(), name)


def messages_of(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chat row of a ShareGPT row, with its tools; ``None`` where it is none."""
    turns = row.get("conversations")
    if not isinstance(turns, list) or not turns or not all(map(_is_turn, turns)):
        return None
    bodies = [_body(turn) for turn in turns]
    system = row.get("system")
    if isinstance(system, str) and system.strip() and bodies[0]["role"] != "system":
        bodies.insert(0, {"role": "system", "content": system})
    return {"messages": bodies} | {key: row[key] for key in ROW_KEYS if row.get(key) not in (None, [], "")}


def _body(turn: Mapping[str, Any]) -> dict[str, Any]:
    beside = {key: value for key, value in turn.items() if key not in _TURN_KEYS and value is not None}
    return {"role": role_of(turn["from"]), "content": turn["value"]} | beside


def _is_turn(turn: object) -> bool:
    return isinstance(turn, Mapping) and isinstance(turn.get("from"), str) and isinstance(turn.get("value"), str)


FORMAT = ShareGPT()
