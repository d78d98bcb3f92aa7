"""A loss curve that stays small: however many points come, a fixed number of buckets is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass

MAXIMUM_BUCKETS = 1024
_SMOOTHING = 0.9
_BEYOND_ANY_LOSS = 1e12  # also false for NaN


@dataclass(slots=True)
class Bucket:
    """The measured values of some neighbouring steps: their sum, count, extremes, and how many had no number."""

    step: int
    total: float = 0.0
    count: int = 0
    lowest: float = math.inf
    highest: float = -math.inf
    unmeasured: int = 0

    @property
    def mean(self) -> float:
        """The mean of the measured values; only where ``count`` is not 0."""
        return self.total / self.count

    def add(self, value: float) -> None:
        """Counts one measured value."""
        self.total += value
        self.count += 1
        self.lowest = min(self.lowest, value)
        self.highest = max(self.highest, value)

    def merge(self, other: Bucket) -> None:
        """Takes in the values of a neighbour."""
        self.step = min(self.step, other.step)
        self.total += other.total
        self.count += other.count
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)
        self.unmeasured += other.unmeasured


class LossSeries:
    """Points of one metric by step, in any order, bounded by merging neighbours when there are too many.

    A value that is missing, NaN or infinite is not drawn; it is counted, and the first such step is named.
    """

    def __init__(self, maximum_buckets: int = MAXIMUM_BUCKETS) -> None:
        self._maximum = maximum_buckets
        self._steps_per_bucket = 1
        self._buckets: dict[int, Bucket] = {}
        self.count = 0
        self.unmeasured = 0
        self.first_unmeasured: int | None = None
        self.first: float | None = None
        self._first_step: int | None = None
        self.last: float | None = None
        self.last_step: int | None = None
        self.best: float | None = None
        self.best_step: int | None = None

    def __len__(self) -> int:
        return len(self._buckets)

    def add(self, step: int, value: float | None) -> None:
        """Takes one point; ``None``, NaN, infinities and absurdly large numbers are the absence of a value."""
        if value is None and step <= 0:
            return  # before the first step there is no train loss to measure
        bucket = self._bucket(step)
        if value is None or not abs(value) < _BEYOND_ANY_LOSS:
            bucket.unmeasured += 1
            self.unmeasured += 1
            if self.first_unmeasured is None or step < self.first_unmeasured:
                self.first_unmeasured = step
        else:
            bucket.add(value)
            self.count += 1
            self._summarise(step, value)
        if len(self._buckets) > self._maximum:
            self._coarsen()

    def buckets(self) -> list[Bucket]:
        """The kept buckets by step."""
        return [self._buckets[index] for index in sorted(self._buckets)]

    def smoothed(self) -> list[tuple[int, float]]:
        """The measured buckets with noise taken out and no lag: each weighs its neighbours on both sides."""
        measured = [bucket for bucket in self.buckets() if bucket.count]
        means = [bucket.mean for bucket in measured]
        keep = min(_SMOOTHING, max(0.0, 1 - 4 / max(len(means), 1)))
        forward = _running_means(means, keep)
        backward = reversed(_running_means(means[::-1], keep))
        return [
            (bucket.step, (before * its_weight + after * other_weight) / (its_weight + other_weight))
            for bucket, (before, its_weight), (after, other_weight) in zip(measured, forward, backward, strict=True)
        ]

    def _bucket(self, step: int) -> Bucket:
        index = step // self._steps_per_bucket
        found = self._buckets.get(index)
        if found is None:
            found = self._buckets[index] = Bucket(step)
        return found

    def _summarise(self, step: int, value: float) -> None:
        if self._first_step is None or step < self._first_step:
            self._first_step, self.first = step, value
        if self.last_step is None or step >= self.last_step:
            self.last_step, self.last = step, value
        if self.best is None or value < self.best:
            self.best, self.best_step = value, step

    def _coarsen(self) -> None:
        self._steps_per_bucket *= 2
        merged: dict[int, Bucket] = {}
        for index, bucket in sorted(self._buckets.items()):
            home = merged.get(index // 2)
            if home is None:
                merged[index // 2] = bucket
            else:
                home.merge(bucket)
        self._buckets = merged


def _running_means(values: list[float], keep: float) -> list[tuple[float, float]]:
    """Exponential means with the weight that each rests on, so that the first few count for little."""
    weight = 0.0
    total = 0.0
    means = []
    for value in values:
        weight = weight * keep + (1 - keep)
        total = total * keep + value * (1 - keep)
        means.append((total / weight, weight))
    return means
