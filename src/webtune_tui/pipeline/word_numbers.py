"""Texts as numbers, for comparing many at once: each word of :func:`webtune_tui.pipeline.wording.words` is 64 bits.

The same folded word has the same number in every process and on every machine. A word's number is a polynomial in its
characters, taken for all words of a block of text at once, without making a string of each. Only preparing and checking
files import this module.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from webtune_tui.pipeline.wording import EDGES, UNSPACED_RANGES, spread

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
Marks = npt.NDArray[np.bool_]

Texts = tuple[Sequence[str], str]
"""An example's field values and its answer."""

_BLOCK = 1 << 16  # characters that are read at once
_LONGEST_WORD = 64  # characters; longer ones are hashed one by one
_CODES = 1 << 16  # characters that the tables know
_FACTOR = 0x9E3779B97F4A7C15
_INVERSE = pow(_FACTOR, -1, 1 << 64)


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a batch of examples, one after the other.

    ``parts`` are the bounds of the texts among the words, ``examples`` the bounds of the examples among the texts; the
    last text of an example is its answer. ``lone`` marks single characters of a script without spaces.
    """

    words: Hashes
    lone: Marks
    parts: Places
    examples: Places

    def __len__(self) -> int:
        return len(self.examples) - 1

    @property
    def unspaced_parts(self) -> Marks:
        """For each text whether most of its words are single characters of a script without spaces."""
        return _share_above_half(self.lone, self.parts)

    @property
    def unspaced_examples(self) -> Marks:
        """The same for each example as a whole."""
        return _share_above_half(self.lone, self.parts[self.examples])

    def keys(self) -> list[tuple[bytes, bytes]]:
        """For each example 16 bytes that stand for its wording, and 16 for that of its answer."""
        raw, parts = self.words.tobytes(), self.parts.tolist()
        found = []
        for first, end in pairwise(self.examples.tolist()):
            answer = blake2b(raw[parts[end - 1] * 8 : parts[end] * 8], digest_size=16).digest()
            lengths = array("I", [parts[at + 1] - parts[at] for at in range(first, end - 1)]).tobytes()
            whole = blake2b(raw[parts[first] * 8 : parts[end - 1] * 8], digest_size=16)
            whole.update(lengths)
            whole.update(answer)
            found.append((whole.digest(), answer))
        return found


def wording_of(examples: Iterable[Texts]) -> Wording:
    """The words of a batch of examples."""
    texts: list[str] = []
    bounds = [0]
    for values, answer in examples:
        texts += values
        texts.append(answer)
        bounds.append(len(texts))
    read = [_words(block) for block in _blocks(texts)]
    counts = np.concatenate([np.zeros(1, dtype=np.int64), *(counts for _, _, counts in read)])
    return Wording(
        words=np.concatenate([np.empty(0, dtype=np.uint64), *(words for words, _, _ in read)]),
        lone=np.concatenate([np.empty(0, dtype=np.bool_), *(lone for _, lone, _ in read)]),
        parts=np.cumsum(counts),
        examples=np.array(bounds, dtype=np.int64),
    )


def mixed(hashes: Hashes) -> Hashes:
    """The finaliser of splitmix64: every bit depends on every bit."""
    found = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in runs of about a block's size; all of ASCII or not, which is read faster or slower."""
    first = size = 0
    for number, text in enumerate(texts):
        size += len(text)
        if size >= _BLOCK:
            yield texts[first : number + 1]
            first, size = number + 1, 0
    if first < len(texts):
        yield texts[first:]


def _words(texts: Sequence[str]) -> tuple[Hashes, Marks, Places]:
    """The words of some texts, whether they are lone characters, and their number in each text."""
    joined = " ".join(texts)
    if not joined.isascii():
        texts = [text if text.isascii() else spread(text) for text in texts]
        joined = " ".join(texts)
    codes = _codes_of(f" {joined} ")
    known = (np.minimum(codes, _CODES - 1) if codes.itemsize > 1 else codes).astype(np.int64)
    begins, ends = _bounds(known)
    first, last = _trimmed(known, begins, ends)
    values = _VALUES.take(known)
    if codes.itemsize > 1:
        rare = np.flatnonzero(codes >= _CODES - 1)
        values[rare] = mixed(codes[rare].astype(np.uint64) + np.uint64(1))
    powers, inverses = _powers(len(codes)) if len(codes) > 2 * _BLOCK else _powers_of_block()
    sums = np.cumsum(values * powers[: len(codes)])
    lengths = last - first
    hashes = mixed(((sums[last - 1] - sums[first - 1]) * inverses[first]) ^ lengths.astype(np.uint64))
    for number in np.flatnonzero(lengths > _LONGEST_WORD).tolist():
        hashes[number] = _long_hash(codes[first[number] : last[number]])
    text_bounds = np.cumsum(np.array([1, *(len(text) + 1 for text in texts)]))
    counts = np.diff(np.searchsorted(begins, text_bounds))
    return hashes, (lengths == 1) & _LONE.take(known[first]), counts


def _codes_of(text: str) -> Codes:
    """The characters as numbers, a byte each where that is enough."""
    try:
        return np.frombuffer(text.encode("latin-1"), dtype=np.uint8)
    except UnicodeEncodeError:
        return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _bounds(codes: Places) -> tuple[Places, Places]:
    """Where the words begin and end; there is space at both ends."""
    is_space = _SPACE.take(codes)
    places = np.flatnonzero(is_space[1:] != is_space[:-1]) + 1
    return places[0::2], places[1::2]


def _trimmed(codes: Places, begins: Places, ends: Places) -> tuple[Places, Places]:
    """The words without the marks at their edges; words of nothing but marks stay as they are."""
    first, last = begins.copy(), ends.copy()
    some = np.flatnonzero(_EDGE.take(codes[first]))
    while len(some):
        first[some] += 1
        some = some[(first[some] < last[some]) & _EDGE.take(codes[first[some]])]
    some = np.flatnonzero(_EDGE.take(codes[last - 1]) & (first < last))
    while len(some):
        last[some] -= 1
        some = some[(first[some] < last[some]) & _EDGE.take(codes[last[some] - 1])]
    empty = np.flatnonzero(first == last)
    first[empty], last[empty] = begins[empty], ends[empty]
    return first, last


def _long_hash(codes: Codes) -> int:
    word = codes.astype(np.uint32).tobytes().decode("utf-32-le", "surrogatepass").casefold()
    return int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _powers(count: int) -> tuple[Hashes, Hashes]:
    """The powers of the factor, and of its inverse, modulo 2**64."""
    powers = [np.full(count, base, dtype=np.uint64) for base in (_FACTOR, _INVERSE)]
    for power in powers:
        power[0] = 1
        np.multiply.accumulate(power, out=power)
    return powers[0], powers[1]


@lru_cache(maxsize=1)
def _powers_of_block() -> tuple[Hashes, Hashes]:
    return _powers(2 * _BLOCK)


def _share_above_half(marks: Marks, bounds: Places) -> Marks:
    if not marks.any():
        return np.zeros(len(bounds) - 1, dtype=np.bool_)
    sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(marks, dtype=np.int64)])
    found: Marks = 2 * (sums[bounds[1:]] - sums[bounds[:-1]]) > bounds[1:] - bounds[:-1]
    return found


def _marked(characters: Iterable[str]) -> Marks:
    found = np.zeros(_CODES, dtype=np.bool_)
    found[[ord(character) for character in characters]] = True
    return found


def _values() -> Hashes:
    """A number for each character; capital letters of ASCII have that of the small ones."""
    codes = np.arange(_CODES, dtype=np.uint64)
    codes[ord("A") : ord("Z") + 1] += np.uint64(ord("a") - ord("A"))
    return mixed(codes + np.uint64(1))


_VALUES = _values()
_SPACE = _marked(chr(code) for code in range(0x3001) if chr(code).isspace())
_EDGE = _marked(EDGES)
_LONE = _marked(chr(code) for first, last in UNSPACED_RANGES for code in range(ord(first), ord(last) + 1))
