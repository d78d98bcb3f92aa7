"""What triage found: ten kinds of harm in the raw pairs and in the working version, each with the fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TriageRow = tuple[str, int]
"""The id of an example, and the record that it is made of."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One kind of harm.

    ``before`` counts the raw pairs that have it, ``after`` the examples of the working version that still do
    (``None``: there is no version, or ``is_checked`` is false: the part that looks for it is not installed).
    ``fix`` are keys of the recipe that are not set yet; with them about ``drops`` of the rows that have it now would
    go, ``mends`` would stay mended and ``left`` would stay as they are. ``detail`` tells more, in words of ours.
    """

    name: str
    before: int
    after: int | None
    rows: tuple[TriageRow, ...] = ()
    rows_left: tuple[TriageRow, ...] = ()
    fix: Mapping[str, str] = field(default_factory=dict)
    drops: int = 0
    mends: int = 0
    left: int = 0
    detail: str = ""
    is_checked: bool = True

    @property
    def now(self) -> int:
        """How many rows have it at present."""
        return self.before if self.after is None else self.after


@dataclass(frozen=True, slots=True)
class TriageReport:
    """All tiles, the most harmful first. ``records_mark`` and ``recipe_mark`` stand for what was looked at.

    ``leak`` holds ``raw_random_split_rate``, and of the working version ``shared_clusters`` and
    ``random_split_rate``.
    """

    tiles: tuple[Tile, ...]
    records: int
    pairs: int
    examples: int | None
    content_hash: str
    leak: Mapping[str, float]
    created: str
    seconds: float
    records_mark: str = ""
    recipe_mark: str = ""
