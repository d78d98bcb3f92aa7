"""The decisions over the whole set: copies, near-duplicates, shared answers, and the groups that share a split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from webtune_tui.pipeline.near_duplicates import (
    Compared,
    Threshold,
    UnionFind,
    are_answers_similar,
    are_prompts_similar,
    are_whole_similar,
    is_near_duplicate,
    survivors,
)
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.signatures import unpacked
from webtune_tui.pipeline.sketches import (
    BANDS,
    EMPTY,
    PERMUTATIONS,
    Indices,
    Sketches,
    buckets_of,
    least_overlap,
    meet_in_buckets,
)
from webtune_tui.pipeline.steps.exact_duplicates import BOTH, LONGEST, NEWEST, RATED, ExactDuplicates
from webtune_tui.pipeline.steps.near_duplicates import NearDuplicates
from webtune_tui.pipeline.steps.shared_targets import GROUP, KEEP, KEEP_ONE, SharedTargets

_CACHED_TEXTS = 1_024
_REMEMBERED_PAIRS = 200_000


Similar = Callable[[Compared, Compared, Threshold], bool]


@dataclass(frozen=True, slots=True)
class Columns:
    """What the decisions need to know of a batch of examples, in order; keys are 16 bytes each."""

    example_ids: npt.NDArray[np.uint64]
    record_ids: npt.NDArray[np.int64]
    answer_lengths: npt.NDArray[np.uint32]
    collected: npt.NDArray[np.uint64]
    ratings: npt.NDArray[np.float32]
    exact_keys: bytes
    answer_keys: bytes
    whole: Sketches
    answers: Sketches
    prompts: Sketches


@dataclass
class CorpusReport:
    """What the decisions over the whole set found; indices count the built examples."""

    gone: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    exact: int = 0
    near: int = 0
    clusters: int = 0
    flagged: dict[int, str] = field(default_factory=dict)


class Corpus:
    """Finds duplicates and groups among built examples by their compact signatures.

    ``fetch`` reads an example's packed words back; signatures take about 440 bytes an example.
    """

    def __init__(self, recipe: Recipe, fetch: Callable[[int], bytes]) -> None:
        steps = {step.name: step for step in recipe.enabled("corpus")}
        self._exact: ExactDuplicates | None = steps.get(ExactDuplicates.name)
        self._near: NearDuplicates | None = steps.get(NearDuplicates.name)
        self._shared: SharedTargets | None = steps.get(SharedTargets.name)
        self._threshold = Threshold(self._near.similarity if self._near else NearDuplicates().similarity)
        self._least = least_overlap(self._threshold.similarity)
        self._fetch = fetch
        self._kept_ids = np.array([example_number(one) for one in recipe.kept_ids], dtype=np.uint64)
        self._blocks = {name: bytearray() for name in Columns.__slots__}
        self._cache: dict[int, Compared] = {}

    def add(self, columns: Columns) -> None:
        """Takes the next examples; those of one record come one after the other."""
        for name, block in self._blocks.items():
            added = getattr(columns, name)
            block += (
                added if isinstance(added, bytes) else added.tobytes()
            )  # one growing block each, never copied whole

    def __len__(self) -> int:
        return len(self._blocks["example_ids"]) // 8

    @property
    def example_ids(self) -> npt.NDArray[np.uint64]:
        """The numbers in the examples' ids, see :func:`example_number`."""
        return np.frombuffer(self._blocks["example_ids"], dtype=np.uint64)

    @property
    def record_ids(self) -> npt.NDArray[np.int64]:
        """The examples' records."""
        return np.frombuffer(self._blocks["record_ids"], dtype=np.int64)

    @property
    def group_of(self) -> Indices:
        """The group of each example, by its first member."""
        return self.groups.roots()

    def decide(self) -> Iterator[tuple[int, int]]:
        """Works through the set; yields (done, total) of its parts. The findings are in ``report`` and ``groups``."""
        total = 3 * BANDS
        self.report = CorpusReport()
        self.groups = UnionFind(len(self))
        self._clusters = UnionFind(len(self))
        self._kept = set(np.flatnonzero(np.isin(self.example_ids, self._kept_ids)).tolist())
        self._standing_of: dict[str, npt.NDArray[Any]] = {
            LONGEST: np.frombuffer(self._blocks["answer_lengths"], dtype=np.uint32),
            NEWEST: np.frombuffer(self._blocks["collected"], dtype=np.uint64),
            RATED: np.frombuffer(self._blocks["ratings"], dtype=np.float32),
        }
        for index in self._siblings().tolist():
            self.groups.union(index, index + 1)
        standing = self._drop_exact()
        whole = self._sketches("whole")
        near = UnionFind(len(self))
        meet = self._meeting(are_whole_similar, near)
        for band, (members, buckets) in enumerate(buckets_of(whole, standing), start=1):
            meet_in_buckets(whole, members, buckets, self._least, near.roots_of, meet)
            yield band, total
        self._drop_near(near)
        self._drop_shared()
        yield from self._link("answers", standing if self._links_answers else standing[:0], are_answers_similar, 1)
        yield from self._link("prompts", standing, are_prompts_similar, 2)
        self.report.clusters = len(sizes_of_crowds(self._clusters.roots()))
        self._cache.clear()

    def _link(self, name: str, order: Indices, are_similar: Similar, done: int) -> Iterator[tuple[int, int]]:
        """Joins the groups of what is similar in one respect; yields as :meth:`decide` does."""
        table = self._sketches(name)
        is_empty = table[order, 0] == EMPTY
        is_empty[is_empty] = (table[order[is_empty]] == EMPTY).all(axis=1)
        order = order[~is_empty]
        meet = self._meeting(are_similar, None)
        for band, (members, buckets) in enumerate(buckets_of(table, order), start=1):
            meet_in_buckets(table, members, buckets, self._least, self.groups.roots_of, meet)
            yield done * BANDS + band, 3 * BANDS

    @property
    def has_siblings(self) -> bool:
        """Whether any record makes more than one example."""
        return len(self._siblings()) > 0

    def _siblings(self) -> Indices:
        """The examples that are followed by another one of the same record."""
        records = self.record_ids
        return np.flatnonzero(records[1:] == records[:-1])

    def cluster_sizes(self) -> list[int]:
        """The sizes of the groups with two members or more, before anything was dropped."""
        return sizes_of_crowds(self.groups.roots())

    def _sketches(self, name: str) -> Sketches:
        return np.frombuffer(self._blocks[name], dtype=np.uint16).reshape(-1, PERMUTATIONS)

    @property
    def _links_answers(self) -> bool:
        return self._shared is None or self._shared.policy != KEEP

    def _drop_exact(self) -> Indices:
        """The examples that stay to be compared: all but the copies of another one."""
        is_copy = np.zeros(len(self), dtype=np.bool_)
        for members in _crowds(_key_table(self._blocks["exact_keys"])):
            for member in members[1:]:
                self.groups.union(members[0], member)
                self._clusters.union(members[0], member)
            if self._exact is None:
                continue
            rule = self._exact.survivor
            keeper = min(members, key=lambda index: self._rank(index, rule))
            for member in members:
                is_copy[member] = member != keeper
                if member != keeper and member not in self._kept:
                    self.report.gone[member] = ("exact_duplicate", ExactDuplicates.name, keeper)
                    self.report.exact += 1
        return np.flatnonzero(~is_copy)

    def _rank(self, index: int, survivor: str) -> tuple[bool, float, int]:
        """Those wanted by hand first, then by the rule, then in order."""
        standing = self._standing_of.get(survivor)
        return index not in self._kept, 0.0 if standing is None else -float(standing[index]), index

    def _meeting(self, are_similar: Similar, near: UnionFind | None) -> Callable[[int, int], bool]:
        """Joins the groups of what is similar, and in ``near``, where given, what is a near-duplicate."""
        known: dict[int, bool] = {}
        joined = self.groups if near is None else near

        def meet(one: int, other: int) -> bool:
            if joined.find(one) == joined.find(other):
                return True
            pair = one * len(self) + other
            found = known.get(pair)
            if found is None:
                if len(known) >= _REMEMBERED_PAIRS:
                    known.clear()
                found = known[pair] = self._join(one, other, are_similar, near)
            return found

        return meet

    def _join(self, one: int, other: int, are_similar: Similar, near: UnionFind | None) -> bool:
        first, second = self._compared(one), self._compared(other)
        is_similar = are_similar(first, second, self._threshold)
        if is_similar:
            self.groups.union(one, other)
            if near is not None and is_near_duplicate(first, second, self._threshold):
                near.union(one, other)
        return is_similar

    def _drop_near(self, near: UnionFind) -> None:
        for members in _crowds(near.roots()):
            for member in members[1:]:
                self._clusters.union(members[0], member)
            if self._near is None:
                continue
            rule = self._near.survivor
            preferred = sorted(members, key=lambda index: self._rank(index, rule))
            if len(members) == 2:  # they were joined by being compared with each other
                copies = {preferred[1]: preferred[0]}
            else:
                copies = survivors(preferred, self._compared, self._threshold)
            for member, keeper in copies.items():
                if member in self._kept:
                    continue
                self.report.gone[member] = ("near_duplicate", NearDuplicates.name, keeper)
                self.report.near += 1

    def _drop_shared(self) -> None:
        for members in _crowds(_key_table(self._blocks["answer_keys"])):
            if self._links_answers:
                for member in members[1:]:
                    self.groups.union(members[0], member)
            staying = [index for index in members if index not in self.report.gone]
            if len(staying) < 2 or self._shared is None or self._shared.policy == KEEP:
                continue
            if self._shared.policy == GROUP:
                self.report.flagged.update(dict.fromkeys(staying, "shared_target"))
            elif self._shared.policy == KEEP_ONE:
                staying.sort(key=lambda index: (index not in self._kept, index))
                for member in staying[1:]:
                    if member not in self._kept:
                        self.report.gone[member] = ("shared_target", SharedTargets.name, staying[0])

    def _compared(self, index: int) -> Compared:
        found = self._cache.get(index)
        if found is None:
            if len(self._cache) >= _CACHED_TEXTS:
                self._cache.clear()
            found = self._cache[index] = self._narrowed(unpacked(self._fetch(index)))
        return found

    def _narrowed(self, compared: Compared) -> Compared:
        """What is compared as a whole, by the step's choice."""
        match self._near.on if self._near else BOTH:
            case "answer":
                return compared.of_answer()
            case "prompt":
                return compared.of_values()
        return compared


def example_number(example_id: str) -> int:
    """The number in an example's id; 0 where it has none."""
    try:
        return int(example_id.removeprefix("ex-"), 16) & (1 << 64) - 1
    except ValueError:
        return 0


def example_name(number: int) -> str:
    """The id of an example by its number."""
    return f"ex-{number:016x}"


def sizes_of_crowds(roots: Indices) -> list[int]:
    """The sizes of the sets with two members or more."""
    sizes = np.bincount(roots) if len(roots) else roots
    found: list[int] = sizes[sizes > 1].tolist()
    return found


def _key_table(block: bytearray) -> npt.NDArray[np.uint64]:
    return np.frombuffer(block, dtype=np.uint64).reshape(-1, 2)


def _crowds(keys: npt.NDArray[np.uint64] | Indices) -> list[list[int]]:
    """The members of each set of equal keys with two members or more, in order; the sets by their first member."""
    if len(keys) == 0:
        return []
    columns = keys.reshape(len(keys), -1)
    order = np.lexsort(columns.T)
    ordered = columns[order]
    starts = np.flatnonzero(np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1)))
    ends = np.append(starts[1:], len(order))
    is_crowd = ends - starts > 1
    found = [
        order[start:end].tolist() for start, end in zip(starts[is_crowd].tolist(), ends[is_crowd].tolist(), strict=True)
    ]
    return sorted(found)
