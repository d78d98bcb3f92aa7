"""Splits by groups: near-duplicates lie together, the same group lies in the same split again and again.

Each group has a place between 0 and 1 that depends on the seed and its key alone. The lowest places are the test
split, the next the validation split. The border of the test split is kept in the recipe from the first run on, so that
more records extend the splits instead of mixing them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.corpus import example_name
from webtune_tui.pipeline.split import LEAST_GROUPS, FrozenTest, SplitPlan, place

SPLITS = tuple(Split)
_WORTH_PARTING = 3  # groups
_TRAIN, _VALIDATION, _TEST = map(SPLITS.index, (Split.TRAIN, Split.VALIDATION, Split.TEST))

Numbers = npt.NDArray[Any]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Examples that share a split; arrays of one length.

    ``keys`` are the numbers of the smallest example ids among them and their dropped copies, ``sizes`` how many stay,
    ``places`` those of the keys under the plan's seed. ``held`` groups are in the test split whatever the seed says
    (they were tested on before), ``barred`` ones never (a model was trained on them).
    """

    keys: Numbers
    sizes: Numbers
    places: Numbers
    held: Marks
    barred: Marks

    def __len__(self) -> int:
        return len(self.keys)


def places_of(seed: int, keys: Iterable[int]) -> npt.NDArray[np.float64]:
    """The places of groups by the numbers of their keys."""
    return np.array([place(seed, example_name(key)) for key in keys], dtype=np.float64)


def assign(groups: Groups, plan: SplitPlan) -> tuple[npt.NDArray[np.uint8], FrozenTest | None]:
    """The split of every group as its place in ``SPLITS``, and the border of the test split that stands from now on.

    The order of the groups does not matter.
    """
    codes = np.full(len(groups), _TRAIN, dtype=np.uint8)
    if len(groups) == 0:
        return codes, plan.frozen
    order = np.lexsort((groups.keys, groups.places))
    if len(groups) < LEAST_GROUPS:
        _assign_few(codes, groups, order)
        return codes, plan.frozen
    frozen = plan.frozen or _border(groups, order, plan)
    is_test = _tested(groups, plan, frozen)
    codes[is_test] = _TEST
    codes[_filled(groups, order[~is_test[order]], plan.validation)] = _VALIDATION
    return codes, frozen


def _tested(groups: Groups, plan: SplitPlan, frozen: FrozenTest) -> Marks:
    places = groups.places if frozen.seed == plan.seed else places_of(frozen.seed, groups.keys.tolist())
    free = ~groups.barred
    is_test: Marks = groups.held | ((places < frozen.below) & free & ~_are_too_large(groups, plan.test))
    if not is_test.any():
        candidates = np.flatnonzero(free) if free.any() else np.arange(len(groups))
        is_test[candidates[np.lexsort((groups.keys[candidates], places[candidates]))[0]]] = True
    return is_test


def _border(groups: Groups, order: Numbers, plan: SplitPlan) -> FrozenTest:
    """The border that gives the test split its share."""
    taken = np.zeros(len(groups), dtype=np.bool_)
    taken[_filled(groups, order, plan.test)] = True
    last = int(np.flatnonzero(taken[order])[-1])
    following = groups.places[order[last + 1]] if last + 1 < len(order) else 1.0
    return FrozenTest(plan.seed, plan.test, round(float(groups.places[order[last]] + following) / 2, 9))


def _filled(groups: Groups, order: Numbers, share: float) -> list[int]:
    """The first groups that make up a share: at least one of any, none that is far larger than the share."""
    if len(order) == 0:
        return []
    wanted = share * int(groups.sizes.sum())
    taken: list[int] = []
    filled = 0
    too_large = _are_too_large(groups, share)[order].tolist()
    for number, size, is_too_large in zip(order.tolist(), groups.sizes[order].tolist(), too_large, strict=True):
        if taken and filled + size / 2 > wanted:
            break
        if not is_too_large:
            taken.append(number)
            filled += size
    return taken or [int(order[np.lexsort((groups.keys[order], groups.sizes[order]))[0]])]


def _are_too_large(groups: Groups, share: float) -> Marks:
    found: Marks = groups.sizes > max(2 * share * int(groups.sizes.sum()), 1)
    return found


def _assign_few(codes: npt.NDArray[np.uint8], groups: Groups, order: Numbers) -> None:
    """Below ten groups: train has most, validation and test a group each where three or more are there."""
    is_test = groups.held.copy()
    leaves_most = 2 * groups.sizes <= int(groups.sizes.sum())
    if not is_test.any() and len(groups) >= _WORTH_PARTING:
        is_test[order[(~groups.barred & leaves_most)[order]][:1]] = True
    codes[is_test] = _TEST
    rest = order[~is_test[order]]
    if len(groups) >= _WORTH_PARTING and len(rest) >= 2:
        codes[rest[leaves_most[rest]][:1]] = _VALIDATION
