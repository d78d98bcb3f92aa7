"""Which examples of a run stay, and the group and split of each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.corpus import Corpus, example_name
from webtune_tui.pipeline.split import Group, SplitPlan, assign, place
from webtune_tui.storage.datasets import DatasetStore

SPLITS = tuple(Split)


class Splitting:
    """Groups and splits of the examples that stay; arrays count the built examples."""

    def __init__(self, corpus: Corpus, plan: SplitPlan, store: DatasetStore, left_out: Iterable[int]) -> None:
        self._plan = plan
        self._roots = corpus.group_of
        self._ids = corpus.example_ids
        self.stays = np.ones(len(corpus), dtype=np.bool_)
        self.stays[np.array([*corpus.report.gone, *left_out], dtype=np.int64)] = False
        self._keys = np.full(len(corpus), np.iinfo(np.uint64).max, dtype=np.uint64)
        np.minimum.at(self._keys, self._roots, self._ids)
        sizes = np.bincount(self._roots[self.stays], minlength=len(corpus))
        present = np.flatnonzero(sizes)
        names = list(map(example_name, self._keys[present].tolist()))
        self.groups = [Group(name, size) for name, size in zip(names, sizes[present].tolist(), strict=True)]
        held, barred = self._bound(names, present, store)
        self.assignment = assign(self.groups, plan, held=held, barred=barred)
        codes = {split: code for code, split in enumerate(SPLITS)}
        self._codes = np.zeros(len(corpus), dtype=np.uint8)
        self._codes[present] = [codes[self.assignment.splits[name]] for name in names]

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
        self, names: list[str], present: npt.NDArray[np.int64], store: DatasetStore
    ) -> tuple[set[str], set[str]]:
        """The groups that must be in the test split, and those that must not, since a fixed version used them."""
        if not store.has_fixed():
            return set(), set()
        members = self._members(names, present)
        frozen = store.frozen_ids()
        held = {key for key, ids in members.items() if not frozen.isdisjoint(ids)}
        border = self._plan.frozen
        near = [key for key in members if border is None or place(border.seed, key) < border.below]
        trained = store.trained_ids([one for key in near for one in members[key]])
        return held, {key for key in near if not trained.isdisjoint(members[key])} - held

    def _members(self, names: list[str], present: npt.NDArray[np.int64]) -> Mapping[str, list[str]]:
        """The ids of each group that is present, those of dropped copies included."""
        found: dict[str, list[str]] = {name: [] for name in names}
        name_of = dict(zip(present.tolist(), names, strict=True))
        for root, number in zip(self._roots.tolist(), self._ids.tolist(), strict=True):
            if root in name_of:
                found[name_of[root]].append(example_name(number))
        return found
