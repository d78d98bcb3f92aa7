"""Which builder takes a row, and which of the row's fields it reads; asked once for each shape of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtune_tui.pipeline.base import Builder, BuildsSeveral, Conversation
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.columns import Columns

_MOST_SHAPES = 4_096


@dataclass(frozen=True, slots=True)
class Chosen:
    """A builder for rows of one shape; ``wanted`` are the rows' own names of the columns that it reads.

    ``several`` is the builder once more where it may make several examples of a row. ``is_certain`` says that it
    takes all rows of the shape.
    """

    builder: Builder
    several: BuildsSeveral | None
    wanted: tuple[str, ...]
    is_certain: bool

    def conversations(self, fields: Mapping[str, Any], plan: BuildPlan) -> Sequence[Conversation]:
        """What the builder makes of a row."""
        if self.several is not None:
            return self.several.build_all(fields, plan)
        built = self.builder.build(fields)
        return [built] if built else []


class BuilderChoice:
    """The first of the builders that accepts a row."""

    def __init__(self, builders: Sequence[Builder], plan: BuildPlan) -> None:
        self._builders = builders
        self._plan = plan
        self._known: dict[tuple[str, ...], list[Chosen]] = {}

    def of(self, fields: Mapping[str, Any]) -> Chosen | None:
        """The row's builder."""
        names = tuple(fields)
        candidates = self._known.get(names)
        if candidates is None:
            if len(self._known) >= _MOST_SHAPES:
                self._known.clear()
            candidates = self._known[names] = self._candidates(fields)
        for chosen in candidates:
            if chosen.is_certain or chosen.builder.accepts(fields):
                return chosen
        return None

    def _candidates(self, fields: Mapping[str, Any]) -> list[Chosen]:
        """The builders that rows of this shape are asked about, up to the first that takes them all."""
        found = []
        for builder in self._builders:
            is_certain = getattr(builder, "judges_by_names", False)
            if not is_certain or builder.accepts(fields):
                found.append(self._chosen(builder, fields, is_certain))
                if is_certain:
                    break
        return found

    def _chosen(self, builder: Builder, fields: Mapping[str, Any], is_certain: bool) -> Chosen:
        several = builder if isinstance(builder, BuildsSeveral) else None
        reads = several.reads_for(self._plan) if several else builder.reads
        return Chosen(builder, several, Columns(fields).actual(reads), is_certain)
