"""Examples that are alike: one that stayed, what was dropped for it, and what shares its group or its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXACT, NEAR, SHARED = "exact_duplicate", "near_duplicate", "shared_target"
GROUP, SOURCE = "group", "source"


@dataclass(frozen=True, slots=True)
class Alike:
    """A member of a cluster. ``relation`` is why it is here: a reason to drop, ``group`` or ``source``.

    ``is_here`` says that it is an example of the working version; else it is a record that was dropped.
    """

    example_id: str
    record_id: int
    relation: str
    is_here: bool
    title: str = ""
    detail: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class AlikeSet:
    """The one that stayed (``survivor_id``) and the others, duplicates first; ``is_cut``: there are more."""

    survivor_id: str
    members: Sequence[Alike]
    is_cut: bool = False
