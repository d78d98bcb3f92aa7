"""Which examples of a run stay, and the group and split of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from webtune_tui.pipeline.corpus import Corpus, example_name
from webtune_tui.pipeline.group_splits import SPLITS, Groups, Marks, assign, places_of
from webtune_tui.pipeline.split import SplitPlan
from webtune_tui.storage.datasets import DatasetStore


class Splitting:
    """Groups and splits of the examples that stay; arrays count the built examples."""

    def __init__(
        self,
        corpus: Corpus,
        plan: SplitPlan,
        store: DatasetStore,
        left_out: Iterable[int],
        places: npt.NDArray[np.float64],
    ) -> None:
        """``places`` are those of the examples' own ids under the plan's seed: one of a group's is the group's."""
        self._plan = plan
        self._roots = corpus.group_of
        self._ids = corpus.example_ids
        self.stays = np.ones(len(corpus), dtype=np.bool_)
        self.stays[np.array([*corpus.report.gone, *left_out], dtype=np.int64)] = False
        self._keys = np.full(len(corpus), np.iinfo(np.uint64).max, dtype=np.uint64)
        np.minimum.at(self._keys, self._roots, self._ids)
        naming = np.flatnonzero(self._ids == self._keys[self._roots])
        place_of_root = np.zeros(len(corpus), dtype=np.float64)
        place_of_root[self._roots[naming]] = places[naming]
        sizes = np.bincount(self._roots[self.stays], minlength=len(corpus))
        present = np.flatnonzero(sizes)
        self.groups = len(present)
        held, barred = self._bound(present, place_of_root[present], store)
        groups = Groups(self._keys[present], sizes[present], place_of_root[present], held, barred)
        codes, self.frozen = assign(groups, plan)
        self._codes = np.zeros(len(corpus), dtype=np.uint8)
        self._codes[present] = codes

    @property
    def group_numbers(self) -> npt.NDArray[np.uint64]:
        """The number in the name of each example's group: the smallest among the ids of its members."""
        return self._keys[self._roots]

    @property
    def split_codes(self) -> npt.NDArray[np.uint8]:
        """The split of each example, as its place in ``SPLITS``."""
        return self._codes[self._roots]

    def sums(self, tokens: array[int]) -> dict[str, int]:
        """The tokens in each split, where ``tokens`` are those of each example."""
        counts = np.frombuffer(tokens, dtype=np.uint32)[self.stays] if len(tokens) else np.empty(0)
        sums = np.bincount(self.split_codes[self.stays], weights=counts, minlength=len(SPLITS))
        return {split.value: int(total) for split, total in zip(SPLITS, sums, strict=True)}

    def shared_clusters(self) -> int:
        """Groups with members in two splits."""
        roots, codes = self._roots[self.stays], self.split_codes[self.stays]
        lowest = np.full(len(self._roots), len(SPLITS), dtype=np.uint8)
        highest = np.zeros(len(self._roots), dtype=np.uint8)
        np.minimum.at(lowest, roots, codes)
        np.maximum.at(highest, roots, codes)
        return int(np.count_nonzero(lowest[roots] != highest[roots]))

    def _bound(
        self, present: npt.NDArray[np.int64], places: npt.NDArray[np.float64], store: DatasetStore
    ) -> tuple[Marks, Marks]:
        """The groups that must be in the test split, and those that must not, since a fixed version used them."""
        held, barred = np.zeros(len(present), dtype=np.bool_), np.zeros(len(present), dtype=np.bool_)
        if not store.has_fixed():
            return held, barred
        border, keys = self._plan.frozen, self._keys[present].tolist()
        if border is not None and border.seed != self._plan.seed:
            places = places_of(border.seed, keys)
        is_near = np.ones(len(present), dtype=np.bool_) if border is None else places < border.below
        members = self._members(present)
        frozen = store.frozen_ids()
        trained = store.trained_ids([one for at in np.flatnonzero(is_near).tolist() for one in members[at]])
        for at, ids in enumerate(members):
            held[at] = not frozen.isdisjoint(ids)
            barred[at] = is_near[at] and not held[at] and not trained.isdisjoint(ids)
        return held, barred

    def _members(self, present: npt.NDArray[np.int64]) -> list[list[str]]:
        """The ids of each group that is present, those of dropped copies included."""
        found: list[list[str]] = [[] for _ in range(len(present))]
        number_of = {root: number for number, root in enumerate(present.tolist())}
        for root, example in zip(self._roots.tolist(), self._ids.tolist(), strict=True):
            if root in number_of:
                found[number_of[root]].append(example_name(example))
        return found
