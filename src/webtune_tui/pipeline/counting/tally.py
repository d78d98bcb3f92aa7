"""Counts over examples that can be added to and taken from, so that an edit costs what it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.counting.facts import LONGEST_LABEL, ExampleFacts

MOST_CHARACTERS = 700_000
"""Characters of the labels of one measure; labels that come when they are used up count as one, whichever they are:
a set may have a million hostile tags."""

TOKENS_OF = {split.value: f"tokens_{split.value}" for split in Split}
NUMBERS = (*TOKENS_OF.values(), "messages", "prompt_characters", "answer_characters")
LABELS = ("sources", "domains", "days", "flags", "languages", "fields", "read")
_FORM = 1


def _counters(names: Iterable[str]) -> dict[str, Counter[Any]]:
    return {name: Counter() for name in names}


@dataclass(slots=True)
class Tally:
    """Counts of values and labels.

    Values are counted one by one: as their sum is the size of the texts, there can't be many distinct ones (n of
    them take n²/2 characters). ``beyond`` counts by measure what had no room among ``MOST_CHARACTERS``: such a tally
    depends on the order, so nothing is taken from it. ``used`` are the characters of a measure's labels.
    """

    numbers: dict[str, Counter[int]] = field(default_factory=lambda: _counters(NUMBERS))
    labels: dict[str, Counter[str]] = field(default_factory=lambda: _counters(LABELS))
    beyond: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    flagged: int = 0
    with_language: int = 0
    with_fields: int = 0

    def add(self, some: Sequence[ExampleFacts], sign: int = 1) -> None:
        """Takes examples in, or out (``sign`` -1)."""
        for split, name in TOKENS_OF.items():
            self._add_numbers(name, (one.tokens for one in some if one.split == split), sign)
        self._add_numbers("messages", (one.messages for one in some), sign)
        self._add_numbers("prompt_characters", (one.prompt_characters for one in some), sign)
        self._add_numbers("answer_characters", (one.answer_characters for one in some), sign)
        self._add_labels("sources", (one.source for one in some), sign)
        self._add_labels("domains", (one.domain for one in some), sign)
        self._add_labels("days", (one.collected_at for one in some), sign)
        flagged = [one.flags for one in some if one.flags]
        self.flagged += sign * len(flagged)
        self._add_labels("flags", chain.from_iterable(flagged), sign)
        told = [one.language for one in some if one.language is not None]
        self.with_language += sign * len(told)
        self._add_labels("languages", told, sign)
        looked_at = [one for one in some if one.filled is not None]
        self.with_fields += sign * len(looked_at)
        self._add_labels("fields", chain.from_iterable(one.filled or () for one in looked_at), sign)
        self._add_labels("read", chain.from_iterable(one.read for one in looked_at), sign)

    def _add_numbers(self, measure: str, values: Iterable[int], sign: int) -> None:
        counter = self.numbers[measure]
        if sign > 0:
            counter.update(values)
            return
        for value in values:
            counter[value] -= 1
            if not counter[value]:
                del counter[value]

    def _add_labels(self, measure: str, labels: Iterable[str], sign: int) -> None:
        for label, count in Counter(labels).items():
            self._count(measure, label, sign * count)

    def _count(self, measure: str, label: str, count: int) -> None:
        counter = self.labels[measure]
        if len(label) > LONGEST_LABEL:
            label = label.strip()[:LONGEST_LABEL]
        if label in counter:
            counter[label] += count
            if not counter[label]:
                del counter[label]
                self.used[measure] -= len(label)
        elif self.used[measure] + len(label) <= MOST_CHARACTERS:
            counter[label] = count
            self.used[measure] += len(label)
        else:
            self.beyond[measure] += count

    @property
    def examples(self) -> int:
        """How many examples were counted."""
        return self.numbers["messages"].total()

    @property
    def tokens(self) -> Counter[int]:
        """The tokens of the examples of all splits."""
        found: Counter[int] = Counter()
        for name in TOKENS_OF.values():
            found.update(self.numbers[name])
        return found

    def to_plain(self) -> dict[str, Any]:
        """The tally as JSON holds it."""
        return {
            "form": _FORM,
            "numbers": {name: sorted(counter.items()) for name, counter in self.numbers.items()},
            "labels": {name: sorted(counter.items()) for name, counter in self.labels.items()},
            "beyond": dict(self.beyond),
            "flagged": self.flagged,
            "with_language": self.with_language,
            "with_fields": self.with_fields,
        }

    @classmethod
    def from_plain(cls, body: Mapping[str, Any]) -> Tally | None:
        """The tally of :meth:`to_plain`; ``None`` where another webtune wrote it in another form."""
        if body.get("form") != _FORM:
            return None
        return cls(
            numbers={name: Counter(dict(body["numbers"][name])) for name in NUMBERS},
            labels={name: Counter(dict(body["labels"][name])) for name in LABELS},
            beyond=Counter(body["beyond"]),
            used=Counter({name: sum(len(label) for label, _ in body["labels"][name]) for name in LABELS}),
            flagged=body["flagged"],
            with_language=body["with_language"],
            with_fields=body["with_fields"],
        )
