"""MinHash sketches of texts, and the similar pairs that they propose among many: no step grows with the square.

A sketch has 64 permutations of 16 bits. A *band* is a choice of four of them; equal bands propose a pair. Forty bands
share the permutations (two bands have at most one in common), which finds what 32 bands of 128 permutations find.
"""

from __future__ import annotations

import random
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from webtune_tui.pipeline.word_numbers import Hashes, Places, Wording, mixed

PERMUTATIONS = 64
BANDS = 40
_AHEAD = 2  # bands whose buckets are worked out while those of one are compared
EMPTY = np.uint16(0xFFFF)  # all that the sketch of no words consists of
_ROWS = 4
_SEED = 20_261
_BAND_SEED = 3

_WORD_SHINGLE = 2
_ESTIMATE_MARGIN = 0.22
_REPRESENTATIVES = 8  # members of one bucket that a newcomer is compared with
_PAIRS_AT_ONCE = 1 << 16
_SPARE_BITS = 3  # eight slots for each text

Sketches = npt.NDArray[np.uint16]
"""One row of ``PERMUTATIONS`` numbers for each text."""
Indices = npt.NDArray[np.int64]


_LEAST_PROMPT, _LEAST_UNSPACED_PROMPT = 8, 24  # words; shorter ones are the same by chance


def sketches(wording: Wording) -> tuple[Sketches, Sketches, Sketches]:
    """For each example the sketch of values and answer together, of the answer alone, and of the values alone.

    That of few values says nothing and is empty.
    """
    shingles, bounds = _shingles(wording)
    starts = np.empty(2 * len(wording) + 1, dtype=np.uint64)
    starts[0::2] = bounds[wording.examples]
    starts[1::2] = bounds[wording.examples[1:] - 1]
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(shingles, starts, PERMUTATIONS, _SEED)
    numbers = array("I")
    for row in matrix.to_rows():
        numbers.fromlist(row)  # the quickest of the ways from lists to an array
    digests = np.frombuffer(numbers, dtype=np.uint32).reshape(-1, PERMUTATIONS)
    values, answers = digests[0::2], digests[1::2]
    prompts = values.astype(np.uint16)
    lengths = wording.parts[wording.examples[1:] - 1] - wording.parts[wording.examples[:-1]]
    prompts[lengths < np.where(wording.unspaced_examples, _LEAST_UNSPACED_PROMPT, _LEAST_PROMPT)] = EMPTY
    return np.minimum(values, answers).astype(np.uint16), answers.astype(np.uint16), prompts


def _shingles(wording: Wording) -> tuple[Hashes, Places]:
    """The overlapping runs of words, and their bounds for each text.

    Runs are pairs, or triples of characters in scripts without spaces; a text shorter than that is one run.
    """
    words, parts = wording.words, wording.parts
    lengths = np.diff(parts)
    left = np.repeat(parts[1:], lengths) - np.arange(len(words))  # words from here to the end of the text
    pairs = mixed(_joined(words, _shifted(words, 1)))
    values = np.where(left == 1, mixed(words), pairs)
    kept = (left >= 2) | (np.repeat(lengths, lengths) == 1)
    unspaced = np.repeat(wording.unspaced_parts, lengths)
    if unspaced.any():
        triples = mixed(_joined(_joined(words, _shifted(words, 1)), _shifted(words, 2)))
        values = np.where(unspaced & (left >= 3), triples, values)
        kept &= ~unspaced | (left >= 3) | (np.repeat(lengths, lengths) == left)
    counts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(kept)])
    return values[kept], counts[parts]


def _joined(first: Hashes, second: Hashes) -> Hashes:
    return (first * np.uint64(0x9E3779B97F4A7C15)) ^ second


def _shifted(words: Hashes, places: int) -> Hashes:
    return np.concatenate([words[places:], words[:places]])


def _drawn_bands() -> npt.NDArray[np.int64]:
    """The permutations of each band, drawn once and for all: no two bands share a pair of them."""
    chance = random.Random(_BAND_SEED)
    taken: set[tuple[int, int]] = set()
    found: list[list[int]] = []
    while len(found) < BANDS:
        order = chance.sample(range(PERMUTATIONS), PERMUTATIONS)
        for start in range(0, PERMUTATIONS, _ROWS):
            band = sorted(order[start : start + _ROWS])
            pairs = set(combinations(band, 2))
            if taken.isdisjoint(pairs) and len(found) < BANDS:
                taken |= pairs
                found.append(band)
    return np.array(found, dtype=np.int64)


_BAND_ROWS = _drawn_bands()


def band_numbers(table: Sketches) -> npt.NDArray[np.uint32]:
    """For each text the number of each of its bands: texts that are alike agree in at least one, near-surely."""
    numbers = np.empty((len(table), BANDS), dtype=np.uint32)
    columns = np.ascontiguousarray(table.T)
    for band in range(BANDS):
        numbers[:, band] = mixed(_band_keys(columns, band)) >> np.uint64(32)
    return numbers


def least_overlap(similarity: float) -> int:
    """How many permutations agree at least in texts of this similarity, with a wide margin."""
    surviving = similarity**_WORD_SHINGLE
    expected = surviving / (2 - surviving)
    return int(max(expected - _ESTIMATE_MARGIN, 0.0) * PERMUTATIONS)


def buckets_of(table: Sketches, order: Indices) -> Iterator[tuple[Indices, Indices]]:
    """For each band the texts among those in ``order`` that share it with another one, and their buckets' numbers.

    Threads work a few bands ahead; what they do lets others work meanwhile.
    """
    columns = np.ascontiguousarray(table.T)  # read by column forty times: by row, each time is all of the table
    with ThreadPoolExecutor(_AHEAD) as threads:
        coming = deque(threads.submit(_crowded, columns, band, order) for band in range(_AHEAD))
        for band in range(_AHEAD, BANDS):
            found = coming.popleft().result()
            coming.append(threads.submit(_crowded, columns, band, order))
            yield found
        while coming:
            yield coming.popleft().result()


def meet_in_buckets(
    table: Sketches,
    members: Indices,
    buckets: Indices,
    least: int,
    roots_of: Callable[[Indices], Indices],
    meet: Callable[[int, int], bool],
) -> None:
    """Lets the texts meet that share a bucket of a band; ``meet`` says whether they are similar.

    Each newcomer of a bucket meets at most eight that stand for the bucket; it becomes one itself unless it was
    similar to one of them, so that the work grows with the number of texts and not with its square. Texts with equal
    roots are known to be similar; ``least`` is that of :func:`least_overlap`.
    """
    for _ in range(_REPRESENTATIVES):
        if len(members) == 0:
            return
        is_first = _begins(buckets)
        leaders = members[is_first][np.cumsum(is_first) - 1]
        absorbed = is_first | (roots_of(leaders) == roots_of(members))
        asked = np.flatnonzero(~absorbed)
        for place in asked[_overlaps(table, leaders[asked], members[asked]) >= least].tolist():
            absorbed[place] = meet(int(members[place]), int(leaders[place]))
        members, buckets = members[~absorbed], buckets[~absorbed]


def _crowded(columns: Sketches, band: int, order: Indices) -> tuple[Indices, Indices]:
    """The texts that share their band with another one, by bucket and in order, and the number of their bucket."""
    scattered = mixed(_band_keys(columns, band)[order])
    bits = max(len(order), 2).bit_length()
    # most bands are nobody else's: counting them in slots looks these out at a tenth of what sorting takes
    slots = (scattered >> np.uint64(64 - bits - _SPARE_BITS)).astype(np.int64)
    alike = np.flatnonzero(np.bincount(slots, minlength=1 << (bits + _SPARE_BITS))[slots] > 1)
    # the place in the lowest bits makes a plain sort of values a stable one, which is several times as fast; what it
    # takes from the key may join two buckets now and then, and no more comes of that than a comparison
    ordered = np.sort((scattered[alike] << np.uint64(bits)) | alike.astype(np.uint64))
    is_new = _begins(ordered >> np.uint64(bits))
    is_crowded = ~(is_new & np.append(is_new[1:], True)[: len(ordered)])
    places = ordered[is_crowded] & ((np.uint64(1) << np.uint64(bits)) - np.uint64(1))
    return order[places.astype(np.int64)], np.cumsum(is_new)[is_crowded]


def _band_keys(columns: Sketches, band: int) -> npt.NDArray[np.uint64]:
    """The four numbers of each text's band as one; ``columns`` are those of the table."""
    keys = np.empty((columns.shape[1], _ROWS), dtype=np.uint16)
    for number, permutation in enumerate(_BAND_ROWS[band].tolist()):
        keys[:, number] = columns[permutation]  # one by one: taking the four at once is four times as slow
    return keys.view(np.uint64)[:, 0]


def _begins(ordered: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Where another value begins."""
    found = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=found[1:])
    return found


def _overlaps(table: Sketches, first: Indices, second: Indices) -> npt.NDArray[np.int64]:
    """How many permutations agree, for each pair."""
    found = np.empty(len(first), dtype=np.int64)
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        found[some] = np.count_nonzero(table[first[some]] == table[second[some]], axis=1)
    return found
