"""Near-duplicates: MinHash proposes pairs, the exact share of edited words decides.

*Similarity* of two texts is ``1 - edits / words``: the fewest words inserted, deleted or replaced between them, by the
words of the longer one. Two examples are near-duplicates when field values and answer together reach the threshold and
neither the answer nor any field of four words or more is mostly another one (0.5); under 40 words only two thirds of
the tolerance are left, so that short lines in one house style stay apart. They are *linked*, which means that they
share a split, when values and answer together, or the answers alone, reach the threshold.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zlib import crc32

from webtune_tui.pipeline.wording import is_unspaced

PERMUTATIONS = 128
BANDS = 32
_ROWS = PERMUTATIONS // BANDS
_SEED = 20_261
_SAMPLE = 64  # low bytes of the first permutations, for a quick estimate
SKETCH_BYTES = BANDS * 4 + _SAMPLE

_WORD_SHINGLE = 2
_CHARACTER_SHINGLE = 3
_LONGEST_COMPARED = 6_000  # words; longer texts are judged by their shingles
_REPRESENTATIVES = 8  # members of one bucket that a newcomer is compared with
_SHORT = 40  # words
_SHORTEST_EDITED = 10  # words; below it only equal texts are copies
_FIELD_FLOOR = 0.5
_FIELD_WORDS = 4
_ESTIMATE_MARGIN = 0.22
_COMPARED_IN_CLUSTER = 64

Texts = tuple[tuple[str, ...], str]
"""An example's field values and its answer, folded: words with single spaces between them."""


def sketches(texts: Sequence[Texts]) -> list[tuple[bytes, bytes]]:
    """For each example the sketch of values and answer together, and of the answer alone (``SKETCH_BYTES`` each)."""
    from rensa import RMinHash  # a compiled library; only preparing needs it

    sets = []
    for values, answer in texts:
        sets.append([shingle for value in values for shingle in shingles(value.split(" "))])
        sets.append(shingles(answer.split(" ")) if answer else [])
    digests = RMinHash.digests_from_token_sets(sets, PERMUTATIONS, _SEED)
    return [
        (_sketch(list(map(min, digests[i], digests[i + 1]))), _sketch(digests[i + 1]))
        for i in range(0, len(digests), 2)
    ]


def shingles(units: Sequence[str]) -> list[str]:
    """The overlapping runs of words: pairs, or triples of characters in scripts without spaces."""
    size = _CHARACTER_SHINGLE if is_unspaced(units) else _WORD_SHINGLE
    if len(units) < size:
        return [" ".join(units)] if units else []
    if size == _WORD_SHINGLE:
        return [f"{first} {second}" for first, second in pairwise(units)]
    return ["".join(units[start : start + size]) for start in range(len(units) - size + 1)]


def edits(first: Sequence[str], second: Sequence[str], most: int) -> int:
    """The fewest inserted, deleted or replaced words between two texts; any number above ``most`` means more.

    Bit-parallel (Myers 1999, Hyyrö 2003): each word of the shorter text is a bit of one large integer.
    """
    if abs(len(first) - len(second)) > most:
        return most + 1
    if len(first) > len(second):
        first, second = second, first
    start, end_first, end_second = _trimmed(first, second)
    first, second = first[start:end_first], second[start:end_second]
    if not first:
        return len(second)
    if _bag_distance(first, second) > most:
        return most + 1
    places: dict[str, int] = {}
    for position, word in enumerate(first):
        places[word] = places.get(word, 0) | (1 << position)
    full = (1 << len(first)) - 1
    last = 1 << (len(first) - 1)
    more, fewer, distance = full, 0, len(first)
    for word in second:
        match = places.get(word, 0)
        diagonal = (((match & more) + more) ^ more) | match | fewer
        up = fewer | (full & ~(diagonal | more))
        down = more & diagonal
        if up & last:
            distance += 1
        elif down & last:
            distance -= 1
        up = (up << 1) | 1
        more = full & ((down << 1) | ~(diagonal | up))
        fewer = diagonal & up & full
    return distance


def similarity(first: Sequence[str], second: Sequence[str], floor: float) -> float:
    """The similarity of two texts as words, or 0 where it lies below ``floor``."""
    longest = max(len(first), len(second))
    if longest == 0:
        return 1.0
    if longest > _LONGEST_COMPARED:
        return _shingle_similarity(first, second, floor)
    most = int((1 - floor) * longest + 1e-9)
    count = edits(first, second, most)
    return 1 - count / longest if count <= most else 0.0


@dataclass(frozen=True)
class Threshold:
    """From which similarity on texts are near-duplicates; half the tolerance where characters are words."""

    similarity: float = 0.85

    def of(self, units: Sequence[str]) -> float:
        """The threshold for a text."""
        return 1 - (1 - self.similarity) / 2 if is_unspaced(units) else self.similarity


class Compared:
    """An example's texts as words, ready for comparing."""

    __slots__ = ("answer", "fields", "whole")

    def __init__(self, texts: Texts) -> None:
        values, answer = texts
        self.fields = [value.split(" ") for value in values]
        self.answer = answer.split(" ") if answer else []
        self.whole = [word for field in self.fields for word in field] + self.answer


def is_near_duplicate(first: Compared, second: Compared, threshold: Threshold) -> bool:
    """Whether two examples are copies with small edits."""
    longest = max(len(first.whole), len(second.whole))
    if longest < _SHORT:
        most = _short_tolerance(longest, 1 - threshold.of(first.whole))
        is_close = edits(first.whole, second.whole, most) <= most
    else:
        is_close = are_whole_similar(first, second, threshold)
    return is_close and _keeps_its_parts(first, second)


def _short_tolerance(words: int, tolerance: float) -> int:
    """The edits that a short text may have: two thirds of the tolerance, rounded.

    In a few words each one counts: lines in one house style that differ in three of twenty are different texts.
    """
    return int(tolerance * words * 2 / 3 + 0.5) if words >= _SHORTEST_EDITED else 0


def are_whole_similar(first: Compared, second: Compared, threshold: Threshold) -> bool:
    """Whether field values and answer together are similar."""
    return similarity(first.whole, second.whole, threshold.of(first.whole)) > 0


def are_answers_similar(first: Compared, second: Compared, threshold: Threshold) -> bool:
    """Whether the answers are similar."""
    return similarity(first.answer, second.answer, threshold.of(first.answer)) > 0


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


class SketchTable:
    """The sketches of many examples in one block of memory."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def append(self, sketch: bytes) -> None:
        """Adds the next example's sketch."""
        self._bytes += sketch

    def __len__(self) -> int:
        return len(self._bytes) // SKETCH_BYTES

    def similar_pairs(
        self, band: int, order: Sequence[int], least: int, is_similar: Callable[[int, int], bool]
    ) -> Iterator[tuple[int, int]]:
        """The similar pairs that one band of the sketches proposes; ``least`` is that of :func:`least_overlap`.

        Each newcomer of a bucket meets at most eight that stand for the bucket; it becomes one itself unless it
        was similar to one of them, so that the work grows with the number of examples and not with its square.
        """
        block = memoryview(self._bytes)
        buckets: dict[bytes, list[int]] = {}
        for index in order:
            start = index * SKETCH_BYTES + band * 4
            standing = buckets.setdefault(bytes(block[start : start + 4]), [])
            for other in standing:
                if self._overlap(index, other) >= least and is_similar(index, other):
                    yield index, other
                    break
            else:
                if len(standing) < _REPRESENTATIVES:
                    standing.append(index)

    def _overlap(self, first: int, second: int) -> int:
        one = first * SKETCH_BYTES + BANDS * 4
        other = second * SKETCH_BYTES + BANDS * 4
        block = self._bytes
        return sum(map(int.__eq__, block[one : one + _SAMPLE], block[other : other + _SAMPLE]))


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


def _sketch(digest: list[int]) -> bytes:
    raw = array("I", digest).tobytes()
    width = _ROWS * 4
    bands = array("I", [crc32(raw[start : start + width]) for start in range(0, PERMUTATIONS * 4, width)])
    return bands.tobytes() + raw[: _SAMPLE * 4 : 4]


def least_overlap(threshold: Threshold) -> int:
    """How many of the sampled permutations agree at least for texts at the threshold, with a wide margin."""
    surviving = threshold.similarity**_WORD_SHINGLE
    expected = surviving / (2 - surviving)
    return int(max(expected - _ESTIMATE_MARGIN, 0.0) * _SAMPLE)


def _shingle_similarity(first: Sequence[str], second: Sequence[str], floor: float) -> float:
    one, other = set(shingles(first)), set(shingles(second))
    index = len(one & other) / max(len(one | other), 1)
    surviving = 2 * index / (1 + index)
    estimate = float(surviving ** (1 / _WORD_SHINGLE))
    return estimate if estimate >= floor else 0.0


def _trimmed(first: Sequence[str], second: Sequence[str]) -> tuple[int, int, int]:
    """Where the common head ends, and where the common tail begins in each."""
    start, end_first, end_second = 0, len(first), len(second)
    while start < end_first and first[start] == second[start]:
        start += 1
    while end_first > start and end_second > start and first[end_first - 1] == second[end_second - 1]:
        end_first -= 1
        end_second -= 1
    return start, end_first, end_second


def _bag_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """A lower bound of the edits that does not look at the order."""
    counts: Counter[Any] = Counter(first)
    counts.subtract(second)
    return max(sum(n for n in counts.values() if n > 0), -sum(n for n in counts.values() if n < 0))
