"""One spelling for look-alike characters, at the same places: full-width and foreign digits, dashes, odd spaces.

The folded text has the length of the original, so that a place in one is the same place in the other.
"""

from __future__ import annotations

import re

_ZEROS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0E50, 0x0ED0,
    0x0F20, 0x1040, 0x17E0, 0x1810, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
)  # fmt: skip
_DASHES = (*range(0x2010, 0x2016), 0x2043, 0x2212, 0xFE58, 0xFE63, 0xFF70)
_SPACES = (0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
# the full-width colon stays: it ends a label, where an ASCII one would belong to an address
_TABLE: dict[int, str] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if code != 0xFF1A},
    **{zero + digit: str(digit) for zero in _ZEROS for digit in range(10)},
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_SPACES, " "),
}
_FOLDABLE = re.compile(f"[{''.join(map(chr, sorted(_TABLE)))}]")
_FULL_WIDTH = re.compile("[\uff10-\uff19\uff20-\uff3a\uff41-\uff5a]")
_FOREIGN_DIGIT = re.compile("[" + "".join(f"{chr(zero)}-{chr(zero + 9)}" for zero in _ZEROS) + "]")
_LONG_VOWEL_AS_DASH = re.compile("(?<=[0-9])\u30fc(?=[0-9])")

PLACEHOLDER = re.compile(r"\[([A-Z][A-Z_]{1,24}?)(?:_([0-9]{1,6}))?\]")
"""``[EMAIL]`` or ``[EMAIL_2]``: the kind in capitals, and the number."""


def has_disguise(text: str) -> bool:
    """Whether the text holds letters, digits or signs that only folding shows as such."""
    data = text.encode("utf-8", "surrogatepass")
    if b"\xef\xbc" in data and _FULL_WIDTH.search(text):
        return True
    may_be_foreign = b"\xe0" in data or b"\xd9" in data or b"\xdb" in data or b"\xdf" in data or b"\xe1" in data
    return (may_be_foreign or b"\xf0\x9d\x9f" in data) and _FOREIGN_DIGIT.search(text) is not None


def folded(text: str) -> str:
    """The text with look-alikes spelled in ASCII and placeholders blanked, at its own length."""
    if not text.isascii():
        if _FOLDABLE.search(text):
            text = text.translate(_TABLE)
        if "\u30fc" in text:
            text = _LONG_VOWEL_AS_DASH.sub("-", text)
    return PLACEHOLDER.sub(_blank, text) if "[" in text else text


def _blank(match: re.Match[str]) -> str:
    return "[" + "\0" * (match.end() - match.start() - 2) + "]"
