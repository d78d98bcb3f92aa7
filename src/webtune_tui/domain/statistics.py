"""What a dataset version consists of: groups of rows, each with the condition that selects its examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

EXAMPLES, WORDS, TOKENS = "examples", "words", "tokens"
"""What a row counts."""


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    """One bar. ``share`` is a part of 1; ``condition`` selects the bar's examples, empty where nothing says them.

    ``label`` may be outside text. ``cost`` is in USD. ``is_rest`` says that the bar stands for all labels that have
    none of their own.
    """

    label: str
    count: int
    share: float
    condition: str
    cost: float | None = None
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class StatisticsGroup:
    """The rows of one measure; ``of`` is what the shares are parts of, in ``unit``.

    ``is_histogram`` says that the rows lie on a scale and follow it. ``note`` is one sentence: what is counted and
    where it is a sample. ``summary`` is a sentence or two about the rows. ``is_known`` is false where the measure
    could not be taken; the note then says why.
    """

    name: str
    title: str
    rows: tuple[StatisticsRow, ...]
    of: int
    unit: str = EXAMPLES
    is_histogram: bool = False
    note: str = ""
    summary: str = ""
    is_known: bool = True

    def to_plain(self) -> dict[str, Any]:
        """The group as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DatasetStatistics:
    """The statistics of a version. ``plain`` are the figures of ``dataset stats --json`` before the groups."""

    dataset_version: str
    content_hash: str
    examples: int
    groups: tuple[StatisticsGroup, ...]
    plain: Mapping[str, Any]

    def to_plain(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {**self.plain, "groups": [group.to_plain() for group in self.groups]}
