"""Alpaca: ``{"instruction", "input", "output"}``, with ``system`` and ``history`` where an example has them.

``history`` holds the earlier pairs of question and answer. The form has no place for weights, names, tools and for
roles out of turn: such examples are not expressible. ``system`` and ``history`` stand in every row or in none, since
loaders take the columns of the first row for those of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.formats.base import JsonLines, NotExpressible, plain_turns


@dataclass(frozen=True, slots=True)
class Alpaca(JsonLines):
    """Instruction and output, with the columns that the examples need."""

    name: ClassVar[str] = "alpaca"
    title: ClassVar[str] = "Alpaca: instruction, input, output"

    with_system: bool = False
    with_history: bool = False

    def fitted(self, conversations: Iterable[Sequence[Message]]) -> Self:
        """The form with ``system`` and ``history`` where one of the examples needs them."""
        with_system = with_history = False
        for messages in conversations:
            try:
                system, pairs = plain_turns(messages)
            except NotExpressible:
                continue
            with_system = with_system or bool(system)
            with_history = with_history or len(pairs) > 1
            if with_system and with_history:
                break
        return replace(self, with_system=with_system, with_history=with_history)

    def row(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The last question and answer, and what came before. Raises NotExpressible."""
        system, pairs = plain_turns(messages)
        asked, answered = pairs[-1]
        row: dict[str, Any] = {"system": system} if self.with_system else {}
        row |= {"instruction": asked, "input": "", "output": answered}
        return row | ({"history": [list(pair) for pair in pairs[:-1]]} if self.with_history else {})


def history_of(value: Any) -> list[Message]:
    """The messages of a ``history`` column; none where it is none."""
    if not isinstance(value, list) or not all(map(_is_pair, value)):
        return []
    return [
        Message(role, text) for pair in value for role, text in zip(("user", "assistant"), pair, strict=True) if text
    ]


def messages_of(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chat row of an Alpaca row; ``None`` where it is none."""
    asked, answered = row.get("instruction"), row.get("output")
    if not isinstance(asked, str) or not isinstance(answered, str):
        return None
    texts = {key: row[key] if isinstance(row.get(key), str) else "" for key in ("system", "input")}
    messages = [Message("system", texts["system"])] if texts["system"].strip() else []
    messages += history_of(row.get("history"))
    messages.append(Message("user", "\n\n".join(part for part in (asked, texts["input"]) if part.strip())))
    messages.append(Message("assistant", answered))
    return {"messages": [message.to_json() for message in messages]}


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(text, str) for text in value)


FORMAT = Alpaca()
