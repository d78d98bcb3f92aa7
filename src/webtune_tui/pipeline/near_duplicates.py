"""Near-duplicates: sketches propose pairs (see ``sketches.py``), the exact share of edited words decides.

*Similarity* of two texts is ``1 - edits / words``: the fewest words inserted, deleted or replaced between them, by the
words of the longer one; or the share of pairs of neighbouring words where sentences only stand in another order. Two
examples are near-duplicates when field values and answer together reach the threshold and neither the answer nor any
field of four words or more is mostly another one (0.5); under 40 words only two thirds of the tolerance are left, so
that short lines in one house style stay apart. They are *linked*, which means that they share a split, when values and
answer together, the answers alone, or values of eight words and more alone are as close.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein

from webtune_tui.pipeline.wording import is_unspaced

_LONGEST_COMPARED = 20_000  # words; longer texts are judged by their pairs of words
_SHORT = 40  # words
_SHORTEST_EDITED = 10  # words; below it only equal texts are copies
_FIELD_FLOOR = 0.5
_FIELD_WORDS = 4
_COMPARED_IN_CLUSTER = 64

Words = Sequence[Any]
"""A text's folded words: as numbers in a run, as they are elsewhere."""


def edits(first: Words, second: Words, most: int) -> int:
    """The fewest inserted, deleted or replaced words between two texts; any number above ``most`` means more."""
    return Levenshtein.distance(first, second, score_cutoff=most)


def similarity(first: Words, second: Words, floor: float) -> float:
    """The similarity of two texts as words, or 0 where it lies below ``floor``."""
    longest = max(len(first), len(second))
    if longest == 0 or first == second:  # as most fields of a copy are; the measure has to prepare both first
        return 1.0
    if longest > _LONGEST_COMPARED:
        return _pair_similarity(first, second, floor)
    most = int((1 - floor) * longest + 1e-9)
    count = edits(first, second, most)
    return 1 - count / longest if count <= most else _moved_similarity(first, second, floor, most)


def _moved_similarity(first: Words, second: Words, floor: float, most: int) -> float:
    """The share of neighbouring words that two texts have in common, where they have nearly the same words: a sentence
    that stands elsewhere parts three pairs of them. 0 where it lies below ``floor``."""
    longest = max(len(first), len(second))
    if longest < _SHORT or longest - (Counter(first) & Counter(second)).total() > most // 2:
        return 0.0
    pairs = Counter(pairwise(first)) & Counter(pairwise(second))
    share = pairs.total() / (longest - 1)
    return share if share >= floor else 0.0


@dataclass(frozen=True)
class Threshold:
    """From which similarity on texts are near-duplicates; half the tolerance where characters are words."""

    similarity: float = 0.85

    def of(self, is_unspaced: bool) -> float:
        """The threshold for a text."""
        return 1 - (1 - self.similarity) / 2 if is_unspaced else self.similarity


@dataclass(frozen=True, slots=True)
class Compared:
    """An example's texts as words, ready for comparing: field values, answer, and all of them together.

    ``is_part`` says that ``whole`` is not all of them but what alone is compared, the values or the answer.
    """

    fields: Sequence[Words]
    answer: Words
    whole: Words
    is_unspaced: bool = False
    is_answer_unspaced: bool = False
    is_part: bool = False

    def of_answer(self) -> Compared:
        """The same example compared by its answer alone."""
        return replace(self, whole=self.answer, is_unspaced=self.is_answer_unspaced, is_part=True)

    def of_values(self) -> Compared:
        """The same example compared by its field values alone."""
        return replace(self, whole=list(chain.from_iterable(self.fields)), is_part=True)

    @classmethod
    def of(cls, values: Sequence[str], answer: str) -> Compared:
        """The words of field values and an answer, folded already: single spaces between the words."""
        fields = [value.split() for value in values]
        last = answer.split()
        whole = [*chain.from_iterable(fields), *last]
        return cls(fields, last, whole, is_unspaced(whole), is_unspaced(last))


def is_near_duplicate(first: Compared, second: Compared, threshold: Threshold) -> bool:
    """Whether two examples are copies with small edits."""
    is_close = _are_close(first.whole, second.whole, threshold.of(first.is_unspaced))
    return is_close and (first.is_part or _keeps_its_parts(first, second))


def _are_close(first: Words, second: Words, floor: float) -> bool:
    longest = max(len(first), len(second))
    if longest >= _SHORT:
        return similarity(first, second, floor) > 0
    most = _short_tolerance(longest, 1 - floor)
    return edits(first, second, most) <= most


def _short_tolerance(words: int, tolerance: float) -> int:
    """The edits that a short text may have: two thirds of the tolerance, rounded.

    In a few words each one counts: lines in one house style that differ in three of twenty are different texts.
    """
    return int(tolerance * words * 2 / 3 + 0.5) if words >= _SHORTEST_EDITED else 0


def are_whole_similar(first: Compared, second: Compared, threshold: Threshold) -> bool:
    """Whether field values and answer together are similar."""
    return similarity(first.whole, second.whole, threshold.of(first.is_unspaced)) > 0


def are_answers_similar(first: Compared, second: Compared, threshold: Threshold) -> bool:
    """Whether the answers are similar."""
    return similarity(first.answer, second.answer, threshold.of(first.is_answer_unspaced)) > 0


def are_prompts_similar(first: Compared, second: Compared, threshold: Threshold) -> bool:
    """Whether the field values are similar."""
    one, other = (list(chain.from_iterable(its.fields)) for its in (first, second))
    return _are_close(one, other, threshold.of(first.is_unspaced))


def _keeps_its_parts(first: Compared, second: Compared) -> bool:
    if similarity(first.answer, second.answer, _FIELD_FLOOR) == 0:
        return False
    if len(first.fields) != len(second.fields):
        return True
    return all(
        min(len(one), len(other)) < _FIELD_WORDS or similarity(one, other, _FIELD_FLOOR) > 0
        for one, other in zip(first.fields, second.fields, strict=True)
    )


class UnionFind:
    """Disjoint sets of the numbers below ``size``; the root of a set is its smallest member."""

    def __init__(self, size: int) -> None:
        self._parents = array("I", range(size))

    def find(self, member: int) -> int:
        """The set's smallest member."""
        parents = self._parents
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = parents[member]
        return member

    def union(self, first: int, second: int) -> None:
        """Joins two sets."""
        one, other = self.find(first), self.find(second)
        if one != other:
            self._parents[max(one, other)] = min(one, other)

    def roots(self) -> npt.NDArray[np.int64]:
        """The set of every member, by its smallest one."""
        return self.roots_of(np.arange(len(self._parents), dtype=np.int64))

    def roots_of(self, members: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The sets of some members."""
        parents = np.frombuffer(self._parents, dtype=np.uint32)
        found = parents[members]
        while not np.array_equal(above := parents[found], found):
            found = above
        return found.astype(np.int64)


def survivors(members: Sequence[int], compared: Callable[[int], Compared], threshold: Threshold) -> dict[int, int]:
    """Which members of a cluster go, and for whom: ``members`` stand in order of preference.

    One goes only when it is itself a near-duplicate of one that stays, not of one that went.
    """
    kept: list[tuple[int, Compared]] = []
    gone: dict[int, int] = {}
    for member in members:
        texts = compared(member)
        rival = next(
            (one for one, its in kept[:_COMPARED_IN_CLUSTER] if is_near_duplicate(its, texts, threshold)), None
        )
        if rival is None:
            kept.append((member, texts))
        else:
            gone[member] = rival
    return gone


def _pair_similarity(first: Words, second: Words, floor: float) -> float:
    """An estimate by the pairs of words that two texts have in common."""
    one, other = set(pairwise(first)), set(pairwise(second))
    index = len(one & other) / max(len(one | other), 1)
    estimate = float((2 * index / (1 + index)) ** 0.5)
    return estimate if estimate >= floor else 0.0
