"""Texts as numbers, for comparing many at once: each word of :func:`webtune_tui.pipeline.wording.words` is 64 bits.

The same folded word has the same number in every process and on every machine. Only preparing imports this module.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from webtune_tui.pipeline.wording import folded_word, is_lone, pieces_of

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_MOST_KNOWN = 100_000  # words; about 25 MB

Texts = tuple[Sequence[str], str]
"""An example's field values and its answer."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a batch of examples, one after the other.

    ``parts`` are the bounds of the texts among the words, ``examples`` the bounds of the examples among the texts; the
    last text of an example is its answer. ``lone`` marks single characters of a script without spaces.
    """

    words: Hashes
    lone: npt.NDArray[np.bool_]
    parts: Places
    examples: Places

    def __len__(self) -> int:
        return len(self.examples) - 1

    @property
    def unspaced_parts(self) -> npt.NDArray[np.bool_]:
        """For each text whether most of its words are single characters of a script without spaces."""
        return _share_above_half(self.lone, self.parts)

    @property
    def unspaced_examples(self) -> npt.NDArray[np.bool_]:
        """The same for each example as a whole."""
        return _share_above_half(self.lone, self.parts[self.examples])

    def keys(self) -> list[tuple[bytes, bytes]]:
        """For each example 16 bytes that stand for its wording, and 16 for that of its answer."""
        raw, parts = self.words.tobytes(), self.parts.tolist()
        found = []
        examples = self.examples.tolist()
        for first, end in pairwise(examples):
            answer = blake2b(raw[parts[end - 1] * 8 : parts[end] * 8], digest_size=16).digest()
            lengths = array("I", [parts[at + 1] - parts[at] for at in range(first, end - 1)]).tobytes()
            whole = blake2b(raw[parts[first] * 8 : parts[end - 1] * 8], digest_size=16)
            whole.update(lengths)
            whole.update(answer)
            found.append((whole.digest(), answer))
        return found


class WordNumbers:
    """Turns texts into :class:`Wording`; remembers the words that it has met."""

    def __init__(self) -> None:
        self._index = _Index()

    def read(self, examples: Iterable[Texts]) -> Wording:
        """The words of a batch of examples."""
        pieces: list[str] = []
        parts, bounds = [0], [0]
        for values, answer in examples:
            for text in (*values, answer):
                pieces += pieces_of(text)
                parts.append(len(pieces))
            bounds.append(len(parts) - 1)
        if len(self._index) > _MOST_KNOWN:
            self._index = _Index()
        numbers = np.frombuffer(array("I", list(map(self._index.__getitem__, pieces))), dtype=np.uint32)
        hashes, lone = self._index.columns()
        return Wording(hashes[numbers], lone[numbers], np.array(parts), np.array(bounds))


class _Index(dict[str, int]):
    """From a word as it stands in a text to its place among the hashes."""

    def __init__(self) -> None:
        super().__init__()
        self._hashes = array("Q")
        self._lone = bytearray()

    def __missing__(self, piece: str) -> int:
        folded = folded_word(piece)
        number = self[piece] = len(self._hashes)
        self._hashes.append(word_hash(folded))
        self._lone.append(is_lone(folded))
        return number

    def columns(self) -> tuple[Hashes, npt.NDArray[np.bool_]]:
        """The hashes, and whether the word is a single character of a script without spaces."""
        hashes = np.array(self._hashes, dtype=np.uint64)  # copies: the arrays go on growing
        return hashes, np.array(self._lone, dtype=np.bool_)


def word_hash(folded: str) -> int:
    """A word's number."""
    return int.from_bytes(blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _share_above_half(marks: npt.NDArray[np.bool_], bounds: Places) -> npt.NDArray[np.bool_]:
    if not marks.any():
        return np.zeros(len(bounds) - 1, dtype=np.bool_)
    sums = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(marks, dtype=np.int64)])
    found: npt.NDArray[np.bool_] = 2 * (sums[bounds[1:]] - sums[bounds[:-1]]) > bounds[1:] - bounds[:-1]
    return found
