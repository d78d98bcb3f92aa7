"""Likeness of examples for the overlap check: the one place that knows how near-duplicates are found."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

__all__ = ["BANDS", "Texts", "are_alike", "bands_of"]

Texts = tuple[tuple[str, ...], str]
"""An example's prompts and its answer, folded: words with single spaces between them."""

BANDS = 40
_LONG_ANSWER = 20  # words; shorter ones are alike by chance


def bands_of(texts: Sequence[Texts]) -> list[tuple[array[int], array[int]]]:
    """For each example ``BANDS`` numbers of prompt and answer together and of the answer alone.

    Two texts that are alike agree in at least one of them, near-surely.
    """
    from webtune_tui.pipeline.sketches import band_numbers, sketches  # compiled libraries: only checking needs them
    from webtune_tui.pipeline.word_numbers import wording_of

    whole, answers, _ = sketches(wording_of(texts))
    return [
        (array("I", one.tobytes()), array("I", other.tobytes()))
        for one, other in zip(band_numbers(whole), band_numbers(answers), strict=True)
    ]


def are_alike(one: Texts, other: Texts) -> bool:
    """Whether prompt and answer together, or long answers alone, are near-duplicates."""
    from webtune_tui.pipeline.near_duplicates import Compared, Threshold, are_answers_similar, is_near_duplicate

    first, second = Compared.of(*one), Compared.of(*other)
    if is_near_duplicate(first, second, Threshold()):
        return True
    if min(len(first.answer), len(second.answer)) < _LONG_ANSWER:
        return False
    return are_answers_similar(first, second, Threshold())
