"""CSV: a column each for system, user and assistant; ``messages`` as JSON where an example is more than that.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, and the column ``webtune_defused`` names
the cells of its row that got one, so that importing the file takes it off again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from webtune_tui.domain.examples import ROW_KEYS, Message, chat_row
from webtune_tui.domain.spreadsheet_cells import DEFUSED, defused, is_formula
from webtune_tui.pipeline.formats.base import Container, NotExpressible, plain_turns, without_rejected

_TURNS = ("system", "user", "assistant")
_WHOLE = ("messages", *ROW_KEYS)


@dataclass(frozen=True, slots=True)
class Csv:
    """A table for spreadsheets. ``raw_cells`` leaves formulas as they are; ``present`` are the columns in use."""

    name: ClassVar[str] = "csv"
    title: ClassVar[str] = "CSV: system, user, assistant; formulas defused"
    container: ClassVar[Container] = Container.CSV
    hint: ClassVar[str] = "Take --format openai, which holds everything."

    raw_cells: bool = False
    present: frozenset[str] = frozenset(_TURNS)

    def fitted(self, conversations: Iterable[Sequence[Message]]) -> Self:
        """The form with the columns that one of the examples fills."""
        present = set(_TURNS)
        for messages in conversations:
            present.update(self._cells(messages))
        return replace(self, present=frozenset(present))

    @property
    def columns(self) -> Mapping[str, str]:
        """The names in order; every cell is text."""
        return {name: "text" for name in (*_TURNS, *_WHOLE, DEFUSED) if name in self.present}

    def row(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The cells, the unused ones empty."""
        return dict.fromkeys(self.columns, "") | self._cells(messages)

    def _cells(self, messages: Sequence[Message]) -> dict[str, str]:
        cells = _plain_cells(messages)
        if self.raw_cells:
            return cells
        marked = [name for name, text in cells.items() if is_formula(text)]
        if not marked:
            return cells
        return {name: defused(text) for name, text in cells.items()} | {DEFUSED: " ".join(marked)}


def _plain_cells(messages: Sequence[Message]) -> dict[str, str]:
    try:
        system, pairs = plain_turns(messages)
    except NotExpressible:
        pairs = []
    if len(pairs) == 1:
        return dict(zip(_TURNS, (system, *pairs[0]), strict=True))
    row = chat_row(without_rejected(messages))
    return {key: json.dumps(value, ensure_ascii=False) for key, value in row.items()}


FORMAT = Csv()
