"""Parquet: ``messages`` as a list of structs, with a field for each key that one of the messages has.

Tool calls, tools and keys that no chat API knows are JSON texts, since a column has one type for all rows; importing
the file turns them back. Loaders such as that of Hugging Face take the file as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from webtune_tui.domain.chat_cells import EXTRA, TEXT_KEYS, WRITTEN_KEYS
from webtune_tui.domain.examples import ROW_KEYS, Message, chat_row
from webtune_tui.pipeline.formats.base import Container, without_rejected

_MESSAGE_TYPES = {"role": "VARCHAR", "content": "VARCHAR", "weight": "INTEGER"} | dict.fromkeys(
    (*TEXT_KEYS, *WRITTEN_KEYS, EXTRA), "VARCHAR"
)
_ROW_TYPES = dict(zip(ROW_KEYS, ("VARCHAR", "BOOLEAN"), strict=True))


@dataclass(frozen=True, slots=True)
class Parquet:
    """A table with a list of messages. ``present`` are the keys of messages and rows in use."""

    name: ClassVar[str] = "parquet"
    title: ClassVar[str] = "Parquet: messages as a list of structs"
    container: ClassVar[Container] = Container.PARQUET
    hint: ClassVar[str] = "Take --format openai, which holds everything."

    present: frozenset[str] = frozenset({"role", "content"})

    def fitted(self, conversations: Iterable[Sequence[Message]]) -> Self:
        """The form with a field for each key that occurs."""
        present = set(self.present)
        for messages in conversations:
            row = self.row(messages)
            for body in row["messages"]:
                present.update(body)
            present.update(row)
        return replace(self, present=frozenset(present))

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns with their types in DuckDB's words; all names are our own."""
        fields = ", ".join(f"{name} {kind}" for name, kind in _MESSAGE_TYPES.items() if name in self.present)
        beside = {name: kind for name, kind in _ROW_TYPES.items() if name in self.present}
        return {"messages": f"STRUCT({fields})[]"} | beside

    def row(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The messages with nested values as JSON texts."""
        row = chat_row(without_rejected(messages))
        tools = row.get("tools")
        written = {"messages": [_body(body) for body in row["messages"]]}
        return row | written | ({"tools": _json(tools)} if tools is not None else {})


def _body(body: Mapping[str, Any]) -> dict[str, Any]:
    """A message by the keys of the table; what none of them can hold goes into ``extra`` as JSON."""
    fields: dict[str, Any] = {}
    others: dict[str, Any] = {}
    for key, value in body.items():
        is_usual_weight = key == "weight" and type(value) is int and value in (0, 1)
        if key in ("role", "content") or is_usual_weight or (key in TEXT_KEYS and isinstance(value, str)):
            fields[key] = value
        elif key in WRITTEN_KEYS:
            fields[key] = _json(value)
        else:
            others[key] = value
    return fields | ({EXTRA: _json(others)} if others else {})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


FORMAT = Parquet()
