"""The bins of a histogram: few, of readable numbers, wider towards a long tail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise

MOST_BINS = 15
_LONG_TAIL = 6  # the largest of the usual values over the median from which on bins grow
_FINE, _COARSE = (10, 15, 20, 30, 50, 70), (10, 20, 50)


@dataclass(frozen=True, slots=True)
class Bin:
    """Whole numbers from ``low`` to ``high``, both of them in it; ``high`` is ``None`` where there is no end."""

    low: int
    high: int | None

    @property
    def label(self) -> str:
        """``101–200``, ``7``, ``over 5,000``."""
        if self.high is None:
            return f"over {self.low - 1:,}"
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,}–{self.high:,}"

    def condition(self, name: str) -> str:
        """The condition on a field that is fulfilled inside."""
        if self.high is None:
            return f"{name} >= {self.low}"
        return f"{name} = {self.low}" if self.low == self.high else f"{name} between {self.low} and {self.high}"


def binned(counts: Mapping[int, int]) -> list[tuple[Bin, int]]:
    """The bins of some values (each with how often it occurs), in order, with their counts; empty ones within too."""
    if not counts:
        return []
    values = sorted(counts)
    bins = _single_values(values) or _ranges(counts, values)
    found = [0] * len(bins)
    place = 0
    for value in values:
        while (high := bins[place].high) is not None and value > high:
            place += 1
        found[place] += counts[value]
    return list(dropwhile(lambda pair: not pair[1], zip(bins, found, strict=True)))


def quantile(counts: Mapping[int, int], share: float) -> int:
    """The value below which about that share of the values lies: the one at its place in order."""
    total = sum(counts.values())
    place = min(int(share * total), total - 1)
    passed = 0
    for value in sorted(counts):
        passed += counts[value]
        if passed > place:
            return value
    return 0


def _single_values(values: Sequence[int]) -> list[Bin]:
    """A bin for each number where there are few."""
    first, last = values[0], values[-1]
    return [Bin(value, value) for value in range(first, last + 1)] if last - first < MOST_BINS - 1 else []


def _ranges(counts: Mapping[int, int], values: Sequence[int]) -> list[Bin]:
    low, high = quantile(counts, 0.01), quantile(counts, 0.99)
    is_long = values[-1] > _LONG_TAIL * max(quantile(counts, 0.5), 1) or high > _LONG_TAIL * max(low, 1)
    edges = _growing(low, values[-1]) if is_long and high > 20 else _even(values[0], values[-1])
    bins = [Bin(before + 1, edge) for before, edge in pairwise(edges)]
    if values[0] <= edges[0]:
        bins.insert(0, Bin(min(values[0], 0), edges[0]))
    if values[-1] > edges[-1]:
        bins.append(Bin(edges[-1] + 1, None))
    return bins


def _even(first: int, last: int) -> list[int]:
    step = next(step for step in _ladder(_COARSE) if (last // step - max(first - 1, 0) // step) < MOST_BINS - 1)
    start = max(first - 1, 0) // step * step
    return list(range(start, last + step, step))


def _growing(low: int, last: int) -> list[int]:
    """Edges from just below the small values to the largest; where too many are needed the last bin has no end."""
    edges: list[int] = []
    for steps in (_FINE, _COARSE):
        edges = [next(step for step in _ladder(steps) if step * 2.5 >= low)]
        for step in _ladder(steps):
            if edges[-1] >= last or len(edges) == MOST_BINS - 1:
                break
            if step > edges[-1]:
                edges.append(step)
        if edges[-1] >= last:
            break
    return edges


def _ladder(steps: Sequence[int]) -> Iterator[int]:
    """1, 2, 5, 10, 20 and on; ``steps`` are those from 10 to 99."""
    yield from (step // 10 for step in steps if step % 10 == 0)
    size = 1
    while True:
        for step in steps:
            yield step * size
        size *= 10
