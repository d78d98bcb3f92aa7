"""What triage counts: the rows of each kind of harm, as single pairs are added and as parts of a set are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from webtune_tui.pipeline.triage import HARMS

ROWS_KEPT = 200

Fate = Literal["drops", "mends", "left"]
"""What the fix of a harm does to a pair that has it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found in one pair: its harms, each with what the fix would do, and the language of its answer."""

    harms: Sequence[tuple[str, Fate]]
    language: str = ""


@dataclass(slots=True)
class Tally:
    """Counts of one harm, and the first rows that have it."""

    count: int = 0
    rows: list[tuple[str, int]] = field(default_factory=list)
    drops: int = 0
    mends: int = 0
    left: int = 0

    def add(self, example_id: str, record_id: int, fate: Fate = "drops") -> None:
        """One more row."""
        self.count += 1
        setattr(self, fate, getattr(self, fate) + 1)
        if len(self.rows) < ROWS_KEPT:
            self.rows.append((example_id, record_id))

    def join(self, other: Tally) -> None:
        """The rows that come after these."""
        self.count += other.count
        self.drops += other.drops
        self.mends += other.mends
        self.left += other.left
        self.rows += other.rows[: ROWS_KEPT - len(self.rows)]


@dataclass(slots=True)
class Counts:
    """What was found in the pairs of a set; ``languages`` are those of answers that are long and clear enough."""

    pairs: int = 0
    tallies: dict[str, Tally] = field(default_factory=lambda: {harm.name: Tally() for harm in HARMS})
    languages: dict[str, Tally] = field(default_factory=dict)

    def add(self, example_id: str, record_id: int, judged: Judged) -> None:
        """One more pair."""
        self.pairs += 1
        for name, fate in judged.harms:
            self.tallies[name].add(example_id, record_id, fate)
        if judged.language:
            self.languages.setdefault(judged.language, Tally()).add(example_id, record_id)

    def join(self, other: Counts) -> None:
        """The pairs that come after these."""
        self.pairs += other.pairs
        for name, tally in other.tallies.items():
            self.tallies[name].join(tally)
        for code, tally in other.languages.items():
            self.languages.setdefault(code, Tally()).join(tally)

    @property
    def main_language(self) -> str:
        """The language of most answers; empty where none was told."""
        return max(self.languages, key=lambda code: (self.languages[code].count, code), default="")

    def in_other_languages(self, main: str) -> Tally:
        """The answers in other languages than the main one; the fix drops them all."""
        told = Tally()
        for code, tally in self._by_size():
            if code != main:
                told.join(tally)
        return told

    def language_words(self) -> str:
        """How many answers each language has."""
        return ", ".join(f"{code} {tally.count:,}" for code, tally in self._by_size()[:_LANGUAGES_TOLD])

    def _by_size(self) -> list[tuple[str, Tally]]:
        return sorted(self.languages.items(), key=lambda pair: (-pair[1].count, pair[0]))


_LANGUAGES_TOLD = 6
