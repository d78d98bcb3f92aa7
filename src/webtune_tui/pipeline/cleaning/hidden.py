"""Characters that nobody sees: found by kind, and removed where they do no work in their script.

Kinds: ``control``, ``bidi``, ``zero_width``, ``tag`` (with which prompts are hidden), ``variation``, ``private_use``,
``surrogate``, ``noncharacter`` and ``ansi`` (terminal sequences, counted as one each).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from functools import lru_cache

_RANGES: tuple[tuple[str, str], ...] = (
    ("control", "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"),
    ("bidi", "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"),
    (
        "zero_width",
        "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
        "\ufff0-\ufffb",
    ),
    ("private_use", "\ue000-\uf8ff"),
    ("variation", "\ufe00-\ufe0f"),
    ("surrogate", "\ud800-\udfff"),
    ("noncharacter", "\ufdd0-\ufdef\ufffe\uffff"),
)
_FAR_RANGES: tuple[tuple[str, str], ...] = (
    ("tag", "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"),
    ("variation", "\U000e0100-\U000e01ef"),
    ("private_use", "\U000f0000-\U0010ffff"),
)
HIDDEN_RANGES = "".join(ranges for _, ranges in _RANGES)
"""The inside of a character class with every character that may have to go, up to U+FFFF.

Those beyond are looked for apart: a class with both is searched several times slower.
"""

_HIDDEN = re.compile(f"[{HIDDEN_RANGES}]")
_FAR_HIDDEN = re.compile("[\U000e0000-\U000e0fff\U000f0000-\U0010ffff]")
_KINDS = tuple((kind, re.compile(f"[{ranges}]")) for kind, ranges in (*_RANGES, *_FAR_RANGES))
_ANSI = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-~]"
)
_MAY_START_ANSI = re.compile("[\x1b\x90\x98\x9b\x9d-\x9f]")

_SHAPED = "\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff"  # scripts in which joiners choose the form of a letter
_PICTURE = "\u00a9\u00ae\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_JOINS_LETTERS = re.compile(f"[{_SHAPED}]")
_JOINS_PICTURES = re.compile(f"[{_PICTURE}\ufe0f]")
_PICTURES = re.compile(f"[{_PICTURE}]")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HAS_VARIANTS = re.compile("[^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\xa8\u2000-\u200f\u2028-\u202f\ufe00-\ufe0f\\s]")
_SEEN_BYTES = bytes(range(0x20, 0x7F)) + b"\t\n\x0b\x0c\r"
_FLAG = "\U0001f3f4"
_FLAGS = tuple("".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
               for region in ("gbeng", "gbsct", "gbwls"))  # fmt: skip


ANSI = "ansi"
HIDDEN_KINDS = frozenset({ANSI, *(kind for kind, _ in _KINDS)})
"""All kinds, with the sequences that command a terminal."""

HARMLESS_KINDS = ("bidi", "zero_width", "tag", "variation", "private_use")
"""The kinds that a person may want to keep; the others act on a terminal or can't be written as UTF-8."""


def without_hidden(text: str, removed: Counter[str], kept: Container[str] = ()) -> str:
    """The text without its hidden characters, but for the ``kept`` kinds; what went is added to ``removed`` by kind.

    Joiners stay between letters of scripts that need them and between the parts of an emoji, a variation selector
    after a character that has variants, and the tags of the three flags that are written with them.
    """
    if _MAY_START_ANSI.search(text):
        text, count = _ANSI.subn("", text)
        if count:
            removed[ANSI] += count

    def replacement(match: re.Match[str]) -> str:
        if _does_work(match.string, match.start()):
            return match.group()
        kind = _kind(match.group())
        if kind in kept:
            return match.group()
        removed[kind] += 1
        return ""

    text = _HIDDEN.sub(replacement, text)
    return _FAR_HIDDEN.sub(replacement, text)


def has_hidden(text: str) -> bool:
    """Whether there is a character that may have to go, or the beginning of a terminal sequence."""
    odd = text.encode("utf-8", "surrogatepass").translate(None, _SEEN_BYTES)
    if not odd:
        return False
    if has_far_hidden(odd):
        return True
    return _HIDDEN.search(odd.decode("utf-8", "surrogatepass") if len(odd) * 2 < len(text) else text) is not None


def has_far_hidden(utf8: bytes) -> bool:
    """Whether a text, as UTF-8, has hidden characters beyond U+FFFF: tags, variation selectors, private use."""
    return b"\xf3" in utf8 or b"\xf4" in utf8


@lru_cache(maxsize=4096)
def _kind(character: str) -> str:
    return next(kind for kind, pattern in _KINDS if pattern.match(character))


def _does_work(text: str, place: int) -> bool:
    character = text[place]
    before = text[place - 1] if place else ""
    if character == "\u200c":
        return _JOINS_LETTERS.match(before) is not None
    if character == "\u200d":
        if _JOINS_LETTERS.match(before):
            return True
        return bool(_JOINS_PICTURES.match(before) and _PICTURES.match(text, place + 1))
    if "\ufe00" <= character <= "\ufe0f":
        return _HAS_VARIANTS.match(before) is not None
    if "\U000e0100" <= character <= "\U000e01ef":
        return _IDEOGRAPH.match(before) is not None
    if "\U000e0000" <= character <= "\U000e007f":
        start = text.rfind(_FLAG, max(0, place - 6), place)
        return start >= 0 and text.startswith(_FLAGS, start + 1)
    return False
