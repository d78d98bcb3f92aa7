"""Likeness of examples for the overlap check: the one place that knows how near-duplicates are found."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["BandIndex", "Bands", "Texts", "are_alike", "bands_of"]

Texts = tuple[tuple[str, ...], str]
"""An example's prompts and its answer, folded: words with single spaces between them."""

Bands: TypeAlias = "npt.NDArray[np.uint32]"
"""A row of numbers for each example, of prompt and answer together and of the answer alone."""

_LONG_ANSWER = 20  # words; shorter ones are alike by chance
_MOST_SHARING = 1000
_MOST_COMPARED = 16
_NUMBER = 0xFFFFFFFF


def bands_of(texts: Sequence[Texts]) -> Bands:
    """The bands of each example, a row each. Two texts that are alike agree in at least one of them, near-surely."""
    import numpy as np  # compiled libraries: only checking needs them

    from webtune_tui.pipeline.sketches import band_numbers, sketches
    from webtune_tui.pipeline.word_numbers import wording_of

    whole, answers, _ = sketches(wording_of(texts))
    return np.hstack((band_numbers(whole), band_numbers(answers)))


class BandIndex:
    """Which of many examples agree with others in some bands. An example takes 640 bytes."""

    def __init__(self) -> None:
        self._rows: list[Bands] = []
        self._columns: list[npt.NDArray[np.uint64]] | None = None

    def add(self, bands: Bands) -> None:
        """Takes the next examples, which are numbered from 0; none come after the first question."""
        self._rows.append(bands)

    def candidates(self, bands: Bands) -> list[list[int]]:
        """For each asked example the numbers of those that share most bands with it, the likeliest first."""
        import numpy as np

        if self._columns is None:
            self._columns = self._sorted()
        shared: list[dict[int, int]] = [{} for _ in bands]
        for values, column in zip(bands.T.astype(np.uint64), self._columns, strict=False):
            first = values << np.uint64(32)
            starts = np.searchsorted(column, first)
            ends = np.searchsorted(column, first | np.uint64(_NUMBER), side="right")
            for at in np.flatnonzero(ends > starts).tolist():
                mine = shared[at]
                room = _MOST_SHARING - len(mine)
                for entry in column[starts[at] : min(int(ends[at]), int(starts[at]) + room)].tolist():
                    mine[entry & _NUMBER] = mine.get(entry & _NUMBER, 0) + 1
        return [heapq.nsmallest(_MOST_COMPARED, mine, key=lambda one: (-mine[one], one)) for mine in shared]

    def _sorted(self) -> list[npt.NDArray[np.uint64]]:
        """For each band its values with the numbers of the examples, by value; empty where there are no examples."""
        import numpy as np

        if not self._rows:
            return []
        numbers = np.arange(sum(map(len, self._rows)), dtype=np.uint64)
        columns = []
        for band in range(self._rows[0].shape[1]):
            values = np.concatenate([rows[:, band] for rows in self._rows]).astype(np.uint64)
            columns.append(np.sort(values << np.uint64(32) | numbers))
        self._rows = []
        return columns


def are_alike(one: Texts, other: Texts) -> bool:
    """Whether prompt and answer together, or long answers alone, are near-duplicates."""
    from webtune_tui.pipeline.near_duplicates import Compared, Threshold, are_answers_similar, is_near_duplicate

    first, second = Compared.of(*one), Compared.of(*other)
    if is_near_duplicate(first, second, Threshold()):
        return True
    if min(len(first.answer), len(second.answer)) < _LONG_ANSWER:
        return False
    return are_answers_similar(first, second, Threshold())
