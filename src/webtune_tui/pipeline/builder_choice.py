"""Which builder takes a row, and which of the row's fields it reads; asked once for each shape of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.pipeline.base import Builder
from webtune_tui.pipeline.columns import Columns

_MOST_SHAPES = 4_096


class BuilderChoice:
    """The first of the builders that accepts a row."""

    def __init__(self, builders: Sequence[Builder]) -> None:
        self._builders = builders
        self._known: dict[tuple[str, ...], tuple[tuple[Builder, bool, tuple[str, ...]], ...]] = {}

    def of(self, fields: Mapping[str, Any]) -> tuple[Builder, tuple[str, ...]] | None:
        """The row's builder, and the row's own names of the columns that it reads."""
        names = tuple(fields)
        candidates = self._known.get(names)
        if candidates is None:
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            candidates = self._known[names] = tuple(self._candidates(fields))
        for builder, is_certain, wanted in candidates:
            if is_certain or builder.accepts(fields):
                return builder, wanted
        return None

    def _candidates(self, fields: Mapping[str, Any]) -> list[tuple[Builder, bool, tuple[str, ...]]]:
        """The builders that rows of this shape are asked about, up to the first that takes them all."""
        found = []
        for builder in self._builders:
            is_certain = getattr(builder, "judges_by_names", False)
            if not is_certain or builder.accepts(fields):
                found.append((builder, is_certain, Columns(fields).actual(builder.reads)))
                if is_certain:
                    break
        return found
