"""Splits: groups stay whole, the order does not matter, the test split never moves."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.examples import Split
from webtune_tui.pipeline import group_splits
from webtune_tui.pipeline.group_splits import SPLITS, Groups, places_of
from webtune_tui.pipeline.split import FrozenTest, SplitPlan, random_split_rate


class Group(NamedTuple):
    key: int
    size: int


class Assigned(NamedTuple):
    splits: dict[int, Split]
    frozen: FrozenTest | None


GROUPS = st.lists(st.integers(1, 6), min_size=0, max_size=80).map(
    lambda sizes: [Group(number, size) for number, size in enumerate(sizes)]
)


def assign(groups: list[Group], plan: SplitPlan, held: Collection[int] = (), barred: Collection[int] = ()) -> Assigned:
    keys = [group.key for group in groups]
    codes, frozen = group_splits.assign(
        Groups(
            keys=np.array(keys, dtype=np.uint64),
            sizes=np.array([group.size for group in groups], dtype=np.int64),
            places=places_of(plan.seed, keys),
            held=np.array([key in held for key in keys], dtype=np.bool_),
            barred=np.array([key in barred for key in keys], dtype=np.bool_),
        ),
        plan,
    )
    return Assigned({key: SPLITS[code] for key, code in zip(keys, codes.tolist(), strict=True)}, frozen)


def sizes(groups: list[Group], plan: SplitPlan) -> dict[Split, int]:
    splits = assign(groups, plan).splits
    return {split: sum(g.size for g in groups if splits[g.key] is split) for split in Split}


@given(GROUPS, st.integers(0, 10_000), st.randoms())
def test_the_order_of_the_groups_does_not_matter(groups: list[Group], seed: int, chance: random.Random) -> None:
    shuffled = groups[:]
    chance.shuffle(shuffled)
    assert assign(groups, SplitPlan(seed=seed)) == assign(shuffled, SplitPlan(seed=seed))


@given(GROUPS, st.integers(0, 10_000))
def test_every_group_has_one_split_and_from_ten_on_each_split_has_one(groups: list[Group], seed: int) -> None:
    splits = assign(groups, SplitPlan(seed=seed)).splits
    assert set(splits) == {group.key for group in groups}
    if len(groups) >= 10:
        assert set(splits.values()) == set(Split)


@given(st.integers(20, 120), st.integers(0, 200), st.integers(0, 99))
def test_more_records_never_move_a_group_into_or_out_of_the_test_split(count: int, more: int, seed: int) -> None:
    groups = [Group(number, 1) for number in range(count)]
    first = assign(groups, SplitPlan(seed=seed))
    grown = [*groups, *(Group(10_000 + number, 1) for number in range(more))]
    second = assign(grown, SplitPlan(seed=seed, frozen=first.frozen)).splits
    assert all((second[key] is Split.TEST) == (split is Split.TEST) for key, split in first.splits.items())


@given(GROUPS, st.integers(0, 99), st.integers(0, 99))
def test_held_groups_stay_in_test_and_barred_ones_out_of_it(groups: list[Group], seed: int, other: int) -> None:
    first = assign(groups, SplitPlan(seed=seed)).splits
    held = {key for key, split in first.items() if split is Split.TEST}
    barred = set(first) - held
    again = assign(groups, SplitPlan(seed=other, test=0.3, train=0.6), held=held, barred=barred).splits
    assert {key for key, split in again.items() if split is Split.TEST} == held


def test_the_shares_are_met_within_a_group() -> None:
    groups = [Group(number, 1) for number in range(1_000)]
    assert sizes(groups, SplitPlan()) == {Split.TRAIN: 800, Split.VALIDATION: 100, Split.TEST: 100}


def test_a_huge_group_is_never_held_out() -> None:
    groups = [Group(20_000, 500), *(Group(number, 1) for number in range(100))]
    for seed in range(30):
        assert assign(groups, SplitPlan(seed=seed)).splits[20_000] is Split.TRAIN


def test_among_few_groups_the_one_with_most_examples_is_learned() -> None:
    groups = [Group(7, 20), Group(8, 1), Group(9, 1)]
    for seed in range(30):
        assert sizes(groups, SplitPlan(seed=seed)) == {Split.TRAIN: 20, Split.VALIDATION: 1, Split.TEST: 1}


def test_another_seed_gives_another_split() -> None:
    groups = [Group(number, 1) for number in range(100)]
    assert assign(groups, SplitPlan(seed=1)).splits != assign(groups, SplitPlan(seed=2)).splits


def test_the_border_follows_a_wider_share() -> None:
    groups = [Group(number, 1) for number in range(200)]
    narrow = {key for key, split in assign(groups, SplitPlan()).splits.items() if split is Split.TEST}
    wide = assign(groups, replace(SplitPlan(), train=0.6, test=0.3)).splits
    assert narrow < {key for key, split in wide.items() if split is Split.TEST}


def test_the_rate_of_a_random_split_is_that_of_really_drawing_one() -> None:
    clusters = [2] * 60 + [3] * 20
    total = 400
    chance = random.Random(1)
    rates = []
    for _ in range(300):
        members = [cluster for cluster, size in enumerate(clusters) for _ in range(size)]
        members += list(range(len(clusters), len(clusters) + total - len(members)))
        chance.shuffle(members)
        test, train = members[:40], set(members[80:])
        rates.append(sum(cluster in train for cluster in test) / 40)
    told = random_split_rate(clusters, total, SplitPlan(), seeds=300)
    assert told == pytest.approx(sum(rates) / len(rates), abs=0.015)


def test_without_clusters_nothing_can_leak() -> None:
    assert random_split_rate([], 100, SplitPlan()) == 0.0
