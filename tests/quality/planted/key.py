"""What the maker of the corpus knows of each record: the answer key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

STAYS = ""


@dataclass(frozen=True)
class Planted:
    """One record and what must become of it.

    ``reason`` is the one for which it must be dropped, or ``STAYS``. ``answer`` is the text that its example must teach
    (empty: not judged). Of the members of a ``cluster`` exactly one must stay, the others go for a reason of
    ``reason``; members of a ``linked`` group must lie in one split. ``secrets`` are (kind, text) pairs that must be
    replaced, ``lookalikes`` (kind, text) pairs that must not.
    """

    name: str
    language: str
    kind: str
    row: dict[str, Any]
    reason: str = STAYS
    answer: str = ""
    cluster: str = ""
    linked: str = ""
    secrets: tuple[tuple[str, str], ...] = ()
    lookalikes: tuple[tuple[str, str], ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing may happen to it."""
        return self.reason == STAYS and not self.cluster and self.kind in CLEAN

    def but(self, **changes: Any) -> Planted:
        """The same with changes."""
        return replace(self, **changes)


CLEAN = frozenset(
    (
        "clean",
        "near_miss_specs",
        "near_miss_words",
        "near_miss_short",
        "lookalike",
        "injection",
        "linked",
        "published_apart",
    )
)
"""The kinds of which no record may be dropped and no text changed."""


@dataclass
class Corpus:
    """All planted records in the order in which they are imported."""

    records: list[Planted] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Planted]:
        """The records of some kinds."""
        return [one for one in self.records if one.kind in kinds]

    def starting(self, prefix: str) -> list[Planted]:
        """The records of the kinds whose name starts so."""
        return [one for one in self.records if one.kind.startswith(prefix)]
