"""Likeness of examples for the overlap check: the one place that knows how near-duplicates are found."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from webtune_tui.pipeline import near_duplicates
from webtune_tui.pipeline.near_duplicates import BANDS, Compared, Texts, Threshold

__all__ = ["BANDS", "Texts", "are_alike", "bands_of"]

_THRESHOLD = Threshold()
_LONG_ANSWER = 20  # words; shorter ones are alike by chance


def bands_of(texts: Sequence[Texts]) -> list[tuple[array[int], array[int]]]:
    """For each example ``BANDS`` numbers of prompt and answer together and of the answer alone.

    Two texts that are alike agree in at least one of them, near-surely.
    """
    return [(_bands(whole), _bands(answer)) for whole, answer in near_duplicates.sketches(texts)]


def are_alike(one: Texts, other: Texts) -> bool:
    """Whether prompt and answer together, or long answers alone, are near-duplicates."""
    first, second = Compared(one), Compared(other)
    if near_duplicates.is_near_duplicate(first, second, _THRESHOLD):
        return True
    if min(len(first.answer), len(second.answer)) < _LONG_ANSWER:
        return False
    return near_duplicates.are_answers_similar(first, second, _THRESHOLD)


def _bands(sketch: bytes) -> array[int]:
    bands = array("I")
    bands.frombytes(sketch[: BANDS * bands.itemsize])
    return bands
