"""Splits by groups: near-duplicates lie together, the same group lies in the same split again and again.

Each group has a place between 0 and 1 that depends on the seed and its key alone. The lowest places are the test
split, the next the validation split. The border of the test split is kept in the recipe from the first run on, so that
more records extend the splits instead of mixing them.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from webtune_tui.domain.examples import Split

LEAST_GROUPS = 10
_RANDOM_SEEDS = 20


class Group(NamedTuple):
    """Examples that share a split. ``key`` is the smallest example id among them and their dropped copies."""

    key: str
    size: int


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


@dataclass(frozen=True)
class Assignment:
    """The split of each group, and the border of the test split that stands from now on."""

    splits: Mapping[str, Split]
    frozen: FrozenTest | None


def place(seed: int, key: str) -> float:
    """A group's place between 0 and 1."""
    digest = blake2b(f"{seed}\n{key}".encode("utf-8", "surrogatepass"), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def assign(
    groups: Sequence[Group],
    plan: SplitPlan,
    *,
    held: Collection[str] = (),
    barred: Collection[str] = (),
) -> Assignment:
    """The split of every group, whatever their order.

    ``held`` groups are in the test split whatever the seed says (they were tested on before), ``barred`` ones never
    (a model was trained on them).
    """
    if not groups:
        return Assignment({}, plan.frozen)
    if len(groups) < LEAST_GROUPS:
        return Assignment(_few(groups, plan, held, barred), plan.frozen)
    total = sum(group.size for group in groups)
    ordered = _ordered(groups, plan.seed)
    frozen = plan.frozen or _border(ordered, plan, total)
    places = ordered if frozen.seed == plan.seed else _ordered(groups, frozen.seed)
    test = {g.key for at, g in places if g.key in held or (at < frozen.below and g.key not in barred)}
    test -= {g.key for g in groups if g.key in test and g.key not in held and _is_too_large(g, plan.test, total)}
    if not test:
        free = [g for g in groups if g.key not in barred] or list(groups)
        test = {min(free, key=lambda g: (place(frozen.seed, g.key), g.key)).key}
    rest = [g for _, g in ordered if g.key not in test]
    validation = _filled(rest, plan.validation, total)
    splits = {
        g.key: Split.TEST if g.key in test else Split.VALIDATION if g.key in validation else Split.TRAIN for g in groups
    }
    return Assignment(splits, frozen)


def _ordered(groups: Sequence[Group], seed: int) -> list[tuple[float, Group]]:
    """The groups by their places, with these."""
    ordered = sorted([(place(seed, group.key), group.key, number) for number, group in enumerate(groups)])
    return [(at, groups[number]) for at, _, number in ordered]


def _border(placed: Sequence[tuple[float, Group]], plan: SplitPlan, total: int) -> FrozenTest:
    """The border that gives the test split its share."""
    taken = _filled([group for _, group in placed], plan.test, total)
    wanted = len(taken)
    last = 0
    for number, (_, group) in enumerate(placed):
        if not wanted:
            break
        if group.key in taken:
            last, wanted = number, wanted - 1
    following = placed[last + 1][0] if last + 1 < len(placed) else 1.0
    return FrozenTest(plan.seed, plan.test, round((placed[last][0] + following) / 2, 9))


def _filled(ordered: Sequence[Group], share: float, total: int) -> set[str]:
    """The first groups that make up a share: at least one, none that is far larger than the share."""
    wanted = share * total
    taken: set[str] = set()
    size = 0
    for group in ordered:
        if taken and size + group.size / 2 > wanted:
            break
        if not _is_too_large(group, share, total):
            taken.add(group.key)
            size += group.size
    return taken or {min(ordered, key=lambda g: (g.size, g.key)).key}


def _is_too_large(group: Group, share: float, total: int) -> bool:
    return group.size > max(2 * share * total, 1)


def _few(groups: Sequence[Group], plan: SplitPlan, held: Collection[str], barred: Collection[str]) -> dict[str, Split]:
    """Below ten groups: train has most, validation and test a group each where three or more are there."""
    ordered = sorted(groups, key=lambda g: (place(plan.seed, g.key), g.key))
    test = {group.key for group in groups if group.key in held}
    if not test and len(ordered) >= 3:
        test = {group.key for group in [g for g in ordered if g.key not in barred][:1]}
    rest = [group.key for group in ordered if group.key not in test]
    validation = set(rest[:1]) if len(ordered) >= 3 and len(rest) >= 2 else set()
    return {
        group.key: Split.TEST if group.key in test else Split.VALIDATION if group.key in validation else Split.TRAIN
        for group in groups
    }


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
