"""How alike texts are, measured otherwise than the product does: shared runs of characters propose, difflib decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations
from zlib import crc32

_RUN = 9
_KEPT_OF = 8  # one run in eight is looked at: a copy shares hundreds
_SHORT = 200  # characters; of shorter texts every run is looked at
_COMMON = 40  # texts; a run in more of them says nothing
_LEAST_SHARED = 0.25


def _runs(text: str) -> set[int]:
    dense = "".join(text.casefold().split())
    size = _RUN if dense.isascii() or " " in text else 4
    runs = (crc32(dense[start : start + size].encode()) for start in range(max(len(dense) - size + 1, 1)))
    return set(runs) if len(dense) < _SHORT else {run for run in runs if run % _KEPT_OF == 0}


def alike(texts: Sequence[str], least: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of places whose texts are alike by ``least`` or more: twice the common units by the units of both."""
    runs = [_runs(text) for text in texts]
    holders: dict[int, list[int]] = {}
    for place, its in enumerate(runs):
        for run in its:
            holders.setdefault(run, []).append(place)
    shared: Counter[tuple[int, int]] = Counter()
    for places in holders.values():
        if len(places) <= _COMMON:
            shared.update(combinations(places, 2))
    for (one, other), count in shared.items():
        if count >= _LEAST_SHARED * min(len(runs[one]), len(runs[other])):
            likeness = ratio(texts[one], texts[other])
            if likeness >= least:
                yield one, other, likeness


def ratio(first: str, second: str) -> float:
    """Twice the units in common by the units of both: words, or characters where there are no spaces."""
    one, other = _units(first), _units(second)
    if not one or not other:
        return float(one == other)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.quick_ratio() < 0.5:
        return 0.0
    return matcher.ratio()


def _units(text: str) -> list[str]:
    folded = text.casefold()
    return list("".join(folded.split())) if any("\u3040" <= sign <= "\u30ff" for sign in folded) else folded.split()
