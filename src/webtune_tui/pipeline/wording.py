"""Text as its words, for comparing: case, spacing and edge punctuation do not matter.

Scripts written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are compared character by character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

_EDGES = ".,;:!?\"'()[]{}…“”‘’«»„‹›。、，．！？；：「」『』（）【】*_~`"
_UNSPACED_RANGES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]")


def words(text: str) -> list[str]:
    """The words in order, folded; each character of a script without spaces is a word."""
    return [piece if piece.isalnum() else piece.strip(_EDGES) or piece for piece in pieces_of(text.casefold())]


def pieces_of(text: str) -> list[str]:
    """The words in order as they stand in the text, with their case and the marks around them."""
    if not text.isascii() and _UNSPACED.search(text):
        text = _UNSPACED.sub(r" \g<0> ", text)
    return text.split()


def folded_word(piece: str) -> str:
    """One of :func:`pieces_of` as it is compared."""
    folded = piece.casefold()
    return folded if folded.isalnum() else folded.strip(_EDGES) or folded


def is_lone(word: str) -> bool:
    """Whether a word is a single character of a script without spaces."""
    return len(word) == 1 and _UNSPACED.match(word) is not None


def is_unspaced(units: Sequence[str]) -> bool:
    """Whether most of the words are single characters of a script without spaces."""
    if all(map(str.isascii, units)):
        return False
    return sum(map(is_lone, units)) * 2 > len(units)


def is_same_wording(first: str, second: str) -> bool:
    """Whether two texts differ in nothing but case, spacing and edge punctuation."""
    if first == second:
        return True
    one, other = pieces_of(first), pieces_of(second)
    return len(one) == len(other) and all(map(_is_same_word, one, other))


def _is_same_word(first: str, second: str) -> bool:
    return first == second or folded_word(first) == folded_word(second)


def folded(text: str) -> str:
    """The words of a text with single spaces between them."""
    return " ".join(words(text))


def wording_key(*folded_texts: str) -> bytes:
    """16 bytes that stand for texts of one wording, see :func:`folded`."""
    return blake2b("\x00".join(folded_texts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
