"""What a form of export is: how one example becomes a row, and in which kind of file the rows stand.

A module names its form ``FORMAT``. Where others read the form too, the module also gives ``messages_of(row)``, by which
such a row becomes messages again: for import and for validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, Protocol, Self

from webtune_tui.domain.examples import REJECTED, ROW_KEYS, Message


class Container(Enum):
    """The kind of file that holds the rows."""

    JSON_LINES = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class NotExpressible(Exception):
    """A form has no place for something that an example holds; ``reason`` is one word that counts can be kept by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Format(Protocol):
    """One form of export. ``hint`` is the next step of a person none of whose examples fits."""

    name: ClassVar[str]
    title: ClassVar[str]
    container: ClassVar[Container]
    hint: ClassVar[str]

    def fitted(self, conversations: Iterable[Sequence[Message]]) -> Self:
        """The form with the columns that these examples need. Forms without columns don't look at them."""
        ...

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of a table with their types; empty for JSON lines."""
        ...

    def row(self, messages: Sequence[Message]) -> dict[str, Any]:
        """An example as a row. Raises NotExpressible."""
        ...


class JsonLines:
    """The part that forms of JSON lines share: they have no columns."""

    container: ClassVar[Container] = Container.JSON_LINES
    hint: ClassVar[str] = "Take --format openai, which holds everything."

    def fitted(self, conversations: Iterable[Sequence[Message]]) -> Self:
        """The same form."""
        return self

    @property
    def columns(self) -> Mapping[str, str]:
        """None."""
        return {}


def plain_turns(messages: Sequence[Message]) -> tuple[str, list[tuple[str, str]]]:
    """The system text and the pairs of question and answer of an example that is no more than that.

    Raises:
        NotExpressible: ``tools``, ``names``, ``weights``, ``keys`` or ``roles`` stand in the way.
    """
    for message in messages:
        _require_plain(message)
    system, turns = "", list(messages)
    if turns and turns[0].role == "system" and turns[0].content.strip():
        system = turns.pop(0).content
    roles = [message.role for message in turns]
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        raise NotExpressible("roles")
    pairs = [(asked.content, answered.content) for asked, answered in zip(turns[::2], turns[1::2], strict=True)]
    if not all(asked.strip() for asked, _ in pairs):
        raise NotExpressible("empty_question")
    return system, pairs


def _require_plain(message: Message) -> None:
    if message.weight is not None:
        raise NotExpressible("weights")
    for key in message.extra:
        if key == REJECTED:
            continue
        if key in (*ROW_KEYS, "tool_calls", "tool_call_id", "function_call"):
            raise NotExpressible("tools")
        raise NotExpressible("names" if key == "name" else "keys")


def without_rejected(messages: Sequence[Message]) -> list[Message]:
    """The messages without the worse answer, which only preference pairs hold."""
    return [
        Message(one.role, one.content, one.weight, {key: one.extra[key] for key in one.extra if key != REJECTED})
        if REJECTED in one.extra
        else one
        for one in messages
    ]
