"""Text as its words, for comparing: case, spacing and edge punctuation do not matter.

Scripts written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are compared character by character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

EDGES = ".,;:!?\"'()[]{}…“”‘’«»„‹›。、，．！？；：「」『』（）【】*_~`"
UNSPACED_RANGES = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u3040", "\u30ff"),
    ("\u31f0", "\u31ff"),
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
)
_RANGES = "".join(f"{first}-{last}" for first, last in UNSPACED_RANGES)
_UNSPACED = re.compile(f"[{_RANGES}]")
_UNSPACED_AND_EDGES = re.compile(f"([{_RANGES}])[{re.escape(EDGES)}]*")
_EDGES_BEFORE = re.compile(f"(?<![{re.escape(EDGES)}])[{re.escape(EDGES)}]+(?= [{_RANGES}])")


def words(text: str) -> list[str]:
    """The words in order, folded; each character of a script without spaces is a word."""
    return [piece if piece.isalnum() else piece.strip(EDGES) or piece for piece in spread(text).split()]


def spread(text: str) -> str:
    """The text without differences of case, and with spaces around characters of scripts without them.

    Punctuation beside such a character is at the edge of a word, and goes.
    """
    folded = text.casefold()
    if not folded.isascii() and _UNSPACED.search(folded):
        return _EDGES_BEFORE.sub("", _UNSPACED_AND_EDGES.sub(r" \1 ", folded))
    return folded


def is_spaced(text: str) -> bool:
    """Whether the text has no character of a script without spaces, so that its pieces between spaces are its words."""
    return text.isascii() or _UNSPACED.search(text.casefold()) is None


def is_unspaced(units: Sequence[str]) -> bool:
    """Whether most of the words are single characters of a script without spaces."""
    if all(map(str.isascii, units)):
        return False
    return sum(1 for unit in units if len(unit) == 1 and _UNSPACED.match(unit)) * 2 > len(units)


def is_same_wording(first: str, second: str) -> bool:
    """Whether two texts differ in nothing but case, spacing and edge punctuation."""
    if first == second:
        return True
    if first.isascii() and second.isascii() and not _is_same_word(_first_word(first), _first_word(second)):
        return False
    one, other = spread(first).split(), spread(second).split()
    return len(one) == len(other) and all(map(_is_same_word, one, other))


def _first_word(text: str) -> str:
    return next(iter(text.split(maxsplit=1)), "").casefold()


def _is_same_word(first: str, second: str) -> bool:
    return first == second or (first.strip(EDGES) or first) == (second.strip(EDGES) or second)


def folded(text: str) -> str:
    """The words of a text with single spaces between them."""
    return " ".join(words(text))


def wording_key(*folded_texts: str) -> bytes:
    """16 bytes that stand for texts of one wording, see :func:`folded`."""
    return blake2b("\x00".join(folded_texts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def unspaced_share(text: str) -> float:
    """The share of a text's characters, spaces apart, that belong to scripts without spaces between words."""
    bare = "".join(text.split())
    return len(_UNSPACED.findall(bare)) / len(bare) if bare else 0.0
