"""A review: examples looked at one by one, a verdict on each, passes by several people, and how far these agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args

Verdict = Literal["keep", "fix", "drop", "skip"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
SKIP: Verdict = "skip"
REVIEW_TAG = "review"
"""Examples with this tag wait to be reviewed."""

MOST = 2_000
"""Examples of one review."""

Choice = Literal["tagged", "random", "worst"]
"""Which examples are reviewed: those that were sent there, a random sample, or the worst first."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One person's verdicts by example id, in the order in which they were given."""

    name: str
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two passes agree on the examples that both judged (a skip is no verdict).

    ``kappa`` is Cohen's; ``None`` where both gave one and the same verdict to all, so that nothing but agreement was to
    be expected. ``differing`` are ids in the review's order.
    """

    first: str
    second: str
    compared: int
    agreed: int
    kappa: float | None
    differing: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share of the compared on which both agree; 0 where nothing was compared."""
        return self.agreed / self.compared if self.compared else 0.0


@dataclass(frozen=True, slots=True)
class Review:
    """A review as it is kept. ``version`` is the content hash of the dataset when it began, ``rule`` tells the choice.

    ``decided`` are the verdicts on examples where two passes differed.
    """

    rule: str
    version: str
    ids: tuple[str, ...]
    passes: tuple[Pass, ...]
    decided: Mapping[str, Verdict] = field(default_factory=dict)
    untagged: frozenset[str] = frozenset()

    @property
    def current(self) -> Pass:
        """The newest pass."""
        return self.passes[-1]

    @property
    def is_first_pass(self) -> bool:
        """Whether verdicts are carried out at once; later passes judge the same examples as they were."""
        return len(self.passes) == 1

    @property
    def next_id(self) -> str | None:
        """The first example without a verdict in the newest pass, or ``None`` at the end."""
        return next((one for one in self.ids if one not in self.current.verdicts), None)

    def counts(self) -> Mapping[str, int]:
        """How often each verdict was given in the newest pass."""
        return Counter(self.current.verdicts.values())

    def with_verdict(self, example_id: str, verdict: Verdict) -> Review:
        """The review with a verdict of the newest pass."""
        others = {name: one for name, one in self.current.verdicts.items() if name != example_id}
        judged = replace(self.current, verdicts={**others, example_id: verdict})
        return replace(self, passes=(*self.passes[:-1], judged))

    def without_last(self) -> tuple[Review, str, Verdict] | None:
        """The review without the newest verdict of the newest pass, and that verdict; ``None`` at its beginning."""
        if not self.current.verdicts:
            return None
        example_id, verdict = list(self.current.verdicts.items())[-1]
        left = {name: one for name, one in self.current.verdicts.items() if name != example_id}
        return replace(self, passes=(*self.passes[:-1], Pass(self.current.name, left))), example_id, verdict

    def with_untagged(self, example_id: str, *, is_untagged: bool = True) -> Review:
        """The review with an example whose tag a verdict took off, or without it."""
        others = self.untagged - {example_id}
        return replace(self, untagged=others | {example_id} if is_untagged else others)

    def with_pass(self, name: str) -> Review:
        """The review with a new pass over the same examples."""
        return replace(self, passes=(*self.passes, Pass(name)))

    def with_decision(self, example_id: str, verdict: Verdict) -> Review:
        """The review with what was decided where two passes differ."""
        return replace(self, decided={**self.decided, example_id: verdict})

    def agreement(self) -> Agreement | None:
        """How far the newest two passes agree; ``None`` before there are two."""
        if len(self.passes) < 2:
            return None
        return agreement(self.ids, self.passes[-2], self.passes[-1])


def agreement(ids: tuple[str, ...], first: Pass, second: Pass) -> Agreement:
    """How far two passes over the same examples agree."""
    pairs = {
        one: (first.verdicts[one], second.verdicts[one])
        for one in ids
        if first.verdicts.get(one, SKIP) != SKIP and second.verdicts.get(one, SKIP) != SKIP
    }
    differing = tuple(one for one, (left, right) in pairs.items() if left != right)
    compared = len(pairs)
    agreed = compared - len(differing)
    return Agreement(first.name, second.name, compared, agreed, _kappa(list(pairs.values())), differing)


def _kappa(pairs: list[tuple[Verdict, Verdict]]) -> float | None:
    """Cohen's kappa: the agreement beyond what two people would reach who give their verdicts at random."""
    if not pairs:
        return None
    left, right = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    expected = sum(left[verdict] * right[verdict] for verdict in VERDICTS) / len(pairs) ** 2
    if expected >= 1:
        return None
    observed = sum(one == other for one, other in pairs) / len(pairs)
    return (observed - expected) / (1 - expected)


def encode(review: Review) -> str:
    """The review as JSON."""
    return json.dumps(
        {
            "rule": review.rule,
            "version": review.version,
            "ids": list(review.ids),
            "passes": [{"name": one.name, "verdicts": dict(one.verdicts)} for one in review.passes],
            "decided": dict(review.decided),
            "untagged": sorted(review.untagged),
        }
    )


def decode(text: str) -> Review | None:
    """The review that was kept; one that can't be read counts as none, for the edits it led to are steps."""
    try:
        body = json.loads(text)
        passes = tuple(Pass(str(one["name"]), _verdicts(one["verdicts"])) for one in body["passes"])
        ids = tuple(map(str, body["ids"]))
        untagged = frozenset(map(str, body.get("untagged", ())))
        found = Review(str(body["rule"]), str(body["version"]), ids, passes, _verdicts(body["decided"]), untagged)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found if passes else None


def _verdicts(body: Mapping[str, Any]) -> dict[str, Verdict]:
    return {str(one): cast("Verdict", verdict) for one, verdict in body.items() if verdict in VERDICTS}
