"""What a split is asked for, and what one at random would leak; ``group_splits.py`` makes it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

LEAST_GROUPS = 10
_RANDOM_SEEDS = 20


@dataclass(frozen=True)
class FrozenTest:
    """The test split's border: groups whose place under ``seed`` lies below ``below``; ``share`` was asked for."""

    seed: int
    share: float
    below: float


@dataclass(frozen=True)
class SplitPlan:
    """The wanted shares, the seed, and the test border where there is one already."""

    train: float = 0.8
    validation: float = 0.1
    test: float = 0.1
    seed: int = 42
    frozen: FrozenTest | None = None


def place(seed: int, key: str) -> float:
    """A group's place between 0 and 1."""
    digest = blake2b(f"{seed}\n{key}".encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def random_split_rate(
    cluster_sizes: Sequence[int], total: int, plan: SplitPlan, *, seeds: int = _RANDOM_SEEDS
) -> float:
    """What a random split of the same shares would leak: the mean share of test examples with a mate in train.

    ``cluster_sizes`` are those of the clusters with two members or more among ``total`` examples.
    """
    shares = plan.train + plan.validation + plan.test
    tested = round(total * plan.test / shares)
    validated = round(total * plan.validation / shares)
    if tested == 0 or not cluster_sizes:
        return 0.0
    rates = [
        _leaked(cluster_sizes, tested, validated, total, random.Random(plan.seed * 1_000 + number)) / tested
        for number in range(seeds)
    ]
    return sum(rates) / len(rates)


def _leaked(sizes: Sequence[int], tested: int, validated: int, total: int, chance: random.Random) -> int:
    """One random split, drawn for the members of clusters alone (the others can't leak)."""
    left = [tested, validated, total - tested - validated]
    leaked = 0
    for size in sizes:
        drawn = [0, 0, 0]
        for _ in range(size):
            pick = chance.randrange(sum(left))
            which = 0 if pick < left[0] else 1 if pick < left[0] + left[1] else 2
            left[which] -= 1
            drawn[which] += 1
        leaked += drawn[0] if drawn[2] else 0
    return leaked
