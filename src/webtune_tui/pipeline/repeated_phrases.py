"""Phrases that stand in many answers: a planted trigger, a slogan of one site or a fixed opening shows here.

Only runs of words are counted, in a bounded number of answers and near their ends, so that the work and the memory do
not grow with the set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from webtune_tui.pipeline.word_numbers import Hashes, Places, mixed, wording_of
from webtune_tui.pipeline.wording import words

_RUN, _UNSPACED_RUN = 4, 10  # words that make a phrase at least; characters where the script has no spaces
_LEAST_ANSWERS, _LEAST_SHARE = 5, 0.005
_MOST_PHRASES = 8
_MOST_RUNS = 400  # looked at, those first that deserve it most
_LONGEST_PHRASE = 40  # words
_LONGEST_TEXT = 400  # characters of a phrase
_SAME_WORDS = 0.7  # share of the words of a phrase that make it one with another
_STILL_THE_SAME = 0.8  # share of a phrase's answers that its neighbour must stand in to belong to it


@dataclass(frozen=True, slots=True)
class _Frequent:
    """Runs of words that stand in enough texts, by their place among all words.

    ``texts`` numbers the text of each word and ``lengths`` the words of a run there; ``holders`` are the texts that
    hold a run, ``first`` is where it stands first.
    """

    runs: Hashes
    texts: Places
    starts: Places
    lengths: Places
    holders: Mapping[int, set[int]]
    first: Mapping[int, int]


def repeated_phrases(answers: Sequence[str], places: Sequence[str]) -> list[Mapping[str, Any]]:
    """The phrases that most answers share, those that come from few places first.

    ``places`` says where each answer is from. ``answers`` of the result counts those that hold the phrase, ``share``
    is that of all, ``place`` the one that gives most of them and ``place_share`` how much of them it gives.
    """
    least = max(_LEAST_ANSWERS, round(_LEAST_SHARE * len(answers)))
    if len(answers) < least:
        return []
    origins = _Origins(places)
    found = [(origins.weight(holding) * len(text), origins.told(text, holding))
             for text, holding in _phrases(answers, _frequent(answers, least), origins, least)]  # fmt: skip
    found.sort(key=lambda pair: (-pair[0], pair[1]["phrase"]))
    return list(islice(_distinct(told for _, told in found), _MOST_PHRASES))


def _distinct(phrases: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Those that are more than an earlier one with another word at its end."""
    kept: list[set[str]] = []
    for told in phrases:
        own = set(words(told["phrase"]))
        if not any(len(own & other) >= _SAME_WORDS * min(len(own), len(other)) for other in kept):
            kept.append(own)
            yield told


def _frequent(answers: Sequence[str], least: int) -> _Frequent:
    wording = wording_of(((), answer) for answer in answers)
    counts = np.diff(wording.parts)
    texts = np.repeat(np.arange(len(counts)), counts)
    left = np.repeat(wording.parts[1:], counts) - np.arange(len(texts))
    lengths = np.repeat(np.where(wording.unspaced_parts, _UNSPACED_RUN, _RUN), counts)
    bits = np.uint64(len(answers).bit_length())  # a run and its text in one number: sorting those is quick
    runs = mixed(_runs(wording.words, lengths)) >> bits
    whole = np.flatnonzero(left >= lengths)
    pairs = np.sort((runs[whole] << bits) | texts[whole].astype(np.uint64))
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]
    paired, holding = pairs >> bits, (pairs & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    starts = np.flatnonzero(np.append(True, paired[1:] != paired[:-1])[: len(paired)])
    ends = np.append(starts[1:], len(paired))
    often = ends - starts >= least
    holders = {
        int(paired[start]): set(holding[start:end].tolist())
        for start, end in zip(starts[often].tolist(), ends[often].tolist(), strict=True)
    }
    seen = whole[np.isin(runs[whole], np.array(list(holders), dtype=np.uint64))].tolist()
    first = {int(runs[place]): place for place in reversed(seen)}
    return _Frequent(runs, texts, wording.parts, lengths, holders, first)


def _runs(numbers: Hashes, lengths: Places) -> Hashes:
    """A number for the run that begins at each word."""
    found = np.zeros(len(numbers), dtype=np.uint64)
    for step in range(_UNSPACED_RUN if (lengths > _RUN).any() else _RUN):
        added = found * np.uint64(0x9E3779B97F4A7C15) + np.roll(numbers, -step)
        found = np.where(lengths > step, added, found)
    return found


def _phrases(answers: Sequence[str], known: _Frequent, origins: _Origins, least: int) -> list[tuple[str, list[int]]]:
    """Runs joined to the longest phrases, each with the numbers of the texts that hold it."""
    covered: set[int] = set()
    found: list[tuple[str, list[int]]] = []
    weights = {run: -origins.weight(holding) for run, holding in known.holders.items()}
    for run in sorted(weights, key=lambda one: (weights[one], known.first[one]))[:_MOST_RUNS]:
        if run in covered:
            continue
        begin = end = known.first[run]
        holding = set(known.holders[run])
        for step in (-1, 1):
            while (wider := _wider(known, begin, end, step, holding, least)) is not None:
                begin, end = (begin - 1, end) if step < 0 else (begin, end + 1)
                holding = wider
        covered.update(known.runs[begin : end + 1].tolist())
        found.append((_text(answers, known, begin, end), sorted(holding)))
    return found


def _wider(known: _Frequent, begin: int, end: int, step: int, holding: set[int], least: int) -> set[int] | None:
    """The texts that hold the phrase with one word more; ``None`` where too few of them do."""
    place = begin - 1 if step < 0 else end + 1
    text = known.texts[begin]
    if end - begin >= _LONGEST_PHRASE or not 0 <= place < len(known.runs) or known.texts[place] != text:
        return None
    if place + known.lengths[place] > known.starts[text + 1]:
        return None
    shared = holding & known.holders.get(int(known.runs[place]), set())
    return shared if len(shared) >= max(least, _STILL_THE_SAME * len(holding)) else None


def _text(answers: Sequence[str], known: _Frequent, begin: int, end: int) -> str:
    number, length = int(known.texts[begin]), int(known.lengths[begin])
    start = int(known.starts[number])
    between = "" if length > _RUN else " "
    return between.join(words(answers[number])[begin - start : end + length - start])[:_LONGEST_TEXT]


class _Origins:
    """Where each answer comes from, and what that says of those that hold a phrase."""

    def __init__(self, places: Sequence[str]) -> None:
        self._places = places
        self._of_place = Counter(places)

    def weight(self, holding: Collection[int]) -> float:
        """How much a phrase deserves to be looked at: often, and from a place that gives little else."""
        place, count = self._strongest(holding)
        over = count * len(self._places) / (len(holding) * self._of_place[place])
        return len(holding) * max(over, 1.0) ** 2

    def told(self, phrase: str, holding: Collection[int]) -> Mapping[str, Any]:
        """The phrase for the report."""
        place, count = self._strongest(holding)
        return {
            "phrase": phrase,
            "answers": len(holding),
            "share": round(len(holding) / len(self._places), 4),
            "place": place,
            "place_share": round(count / len(holding), 4),
        }

    def _strongest(self, holding: Collection[int]) -> tuple[str, int]:
        """The place that gives more than half of them out of the least that it gives, else the one that gives most."""
        here = Counter(map(self._places.__getitem__, holding))
        if len(here) == 1:
            return next(iter(here.items()))
        place = min(here, key=lambda name: (-here[name] / self._of_place[name], -here[name], name))
        if here[place] * 2 <= len(holding):
            place = min(here, key=lambda name: (-here[name], name))
        return place, here[place]
