"""Texts as numbers, for comparing many at once: each word of :func:`webtune_tui.pipeline.wording.words` is 64 bits.

The same folded word has the same number in every process and on every machine. A word's number is made of its bytes in
UTF-8, eight at a time and for all words of a block of text at once, without making a string of each. Only preparing and
checking files import this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from webtune_tui.pipeline.wording import EDGES, UNSPACED_RANGES, spread

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint8]
Marks = npt.NDArray[np.bool_]

Texts = tuple[Sequence[str], str]
"""An example's field values and its answer."""

_BLOCK = 1 << 16  # characters that are read at once
_KEY_BYTES = 16  # of a sum for which processors have instructions
_LONGEST_WORD = 64  # bytes; longer ones are hashed one by one
_CODES = 1 << 16  # characters that the table knows
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
_SPACE, _EDGE, _LONE = np.uint8(1), np.uint8(2), np.uint8(3)


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
        sizes = np.diff(self.parts).astype(np.uint32).tobytes()
        found = []
        for first, end in pairwise(self.examples.tolist()):
            answer = sha256(raw[parts[end - 1] * 8 : parts[end] * 8]).digest()[:_KEY_BYTES]
            lengths = sizes[first * 4 : end * 4 - 4]
            whole = sha256(raw[parts[first] * 8 : parts[end - 1] * 8] + lengths + answer)
            found.append((whole.digest()[:_KEY_BYTES], answer))
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
    folded, wide = list(texts), []
    for place, text in enumerate(texts):
        if not text.isascii():
            folded[place] = spread(text)
            wide.append(place)
    raw = f" {' '.join(folded)} ".encode("utf-8", "surrogatepass").lower()  # of bytes: ten times as fast as of text
    sizes = list(map(len, folded))
    for place in wide:
        sizes[place] = len(folded[place].encode("utf-8", "surrogatepass"))
    ends = np.cumsum(np.array(sizes, dtype=np.int64) + 1)
    kinds: Kinds = np.frombuffer(bytearray(raw.translate(_BYTE_KINDS)), dtype=np.uint8)
    for place in wide:
        if _SPECIAL.search(folded[place]):
            kinds[ends[place] - sizes[place] : ends[place]] = _kinds_of(folded[place])
    begins, first, last = _bounds(kinds)
    return _hashes(raw, first, last), kinds[first] == _LONE, np.diff(np.searchsorted(begins, ends), prepend=0)


def _kinds_of(text: str) -> Kinds:
    """The kind of each byte of a text in UTF-8: that of its character."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    kinds = _KINDS.take(np.minimum(codes, _CODES - 1))
    return np.repeat(kinds, 1 + (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF))


def _bounds(kinds: Kinds) -> tuple[Places, Places, Places]:
    """Where the words begin; and where they begin and end without the marks at their edges.

    Words of nothing but marks stay as they are. There is space at both ends.
    """
    is_space = kinds == _SPACE
    places = np.flatnonzero(is_space[1:] != is_space[:-1]) + 1
    begins, ends = places[0::2], places[1::2]
    first, last = begins.copy(), ends.copy()
    some = np.flatnonzero(kinds[first] == _EDGE)
    while len(some):
        first[some] += 1
        some = some[(first[some] < last[some]) & (kinds[first[some]] == _EDGE)]
    some = np.flatnonzero((kinds[last - 1] == _EDGE) & (first < last))
    while len(some):
        last[some] -= 1
        some = some[(first[some] < last[some]) & (kinds[last[some] - 1] == _EDGE)]
    empty = np.flatnonzero(first == last)
    first[empty], last[empty] = begins[empty], ends[empty]
    return begins, first, last


def _hashes(raw: bytes, first: Places, last: Places) -> Hashes:
    """A number for each word by its bytes, of which eight are taken at once."""
    eights: Hashes = np.ndarray(len(raw) + 1, dtype="<u8", buffer=raw + bytes(8), strides=(1,))  # from every byte on
    lengths = last - first
    found = mixed((eights[first] & _MASKS.take(np.minimum(lengths, 8))) ^ (lengths.astype(np.uint64) << np.uint64(48)))
    some, done = np.flatnonzero(lengths > 8), 8
    while len(some) and done < _LONGEST_WORD:
        taken = eights[first[some] + done] & _MASKS.take(np.minimum(lengths[some] - done, 8))
        found[some] = mixed(found[some] * _FACTOR ^ taken)
        done += 8
        some = some[lengths[some] > done]
    for number in some.tolist():
        word = raw[first[number] : last[number]]
        found[number] = int.from_bytes(blake2b(word, digest_size=8).digest(), "little")
    return found


def _share_above_half(marks: Marks, bounds: Places) -> Marks:
    if not marks.any():
        return np.zeros(len(bounds) - 1, dtype=np.bool_)
    sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(marks, dtype=np.int64)])
    found: Marks = 2 * (sums[bounds[1:]] - sums[bounds[:-1]]) > bounds[1:] - bounds[:-1]
    return found


def _kinds() -> Kinds:
    """What each character is for the words."""
    found = np.zeros(_CODES, dtype=np.uint8)
    for first, last in UNSPACED_RANGES:
        found[ord(first) : ord(last) + 1] = _LONE
    found[[ord(mark) for mark in EDGES]] = _EDGE
    found[[code for code, character in enumerate(map(chr, range(0x3001))) if character.isspace()]] = _SPACE
    return found


_KINDS = _kinds()
_BYTE_KINDS = _KINDS[:128].tobytes() + bytes(128)
_SPECIAL = re.compile(
    f"[{''.join(re.escape(chr(code)) for code in np.flatnonzero((_KINDS == _SPACE) | (_KINDS == _EDGE)) if code > 127)}"
    f"{''.join(f'{first}-{last}' for first, last in UNSPACED_RANGES)}]"
)
