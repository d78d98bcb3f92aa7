"""Words in which letters of another script stand for look-alikes, such as a Cyrillic ``а`` in ``pаypal``."""

from __future__ import annotations

import re

_LATIN = "A-Za-z\u00c0-\u024f"
_CYRILLIC = "\u0400-\u052f"
_GREEK = "\u0370-\u03ff"
_LIKE_LATIN = "АВЕЅІЈКМНОРСТУХҮаеорсухіјѕһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧονι"
_LIKE_OTHER = "ABCEHIJKMNOPSTUXYZaceijopsuvxyh"

_MIXED = re.compile(f"[{_LATIN}][{_CYRILLIC}{_GREEK}]|[{_CYRILLIC}{_GREEK}][{_LATIN}]")
_WORD = re.compile(f"[{_LATIN}{_CYRILLIC}{_GREEK}]{{1,64}}")
_OTHERS = re.compile(f"[{_CYRILLIC}{_GREEK}]")
_SHORTEST = 4
_NOT_OTHERS = bytes(byte for byte in range(256) if not 0xCD <= byte <= 0xD4)  # bytes that begin none of their letters


def has_homoglyphs(text: str) -> bool:
    """Whether a word is written in two scripts so that it looks like one.

    Endings after a word of the other script (``SMSка``) and signs such as ``kΩ`` and ``μm`` are none.
    """
    if text.isascii() or not text.encode("utf-8", "surrogatepass").translate(None, _NOT_OTHERS):
        return False
    place = 0
    while (mixed := _MIXED.search(text, place)) is not None:
        start = mixed.start()
        while start > place and _WORD.match(text, start - 1):
            start -= 1
        word = _WORD.match(text, start)
        assert word is not None
        if _pretends(word.group()):
            return True
        place = max(word.end(), mixed.end() - 1)
    return False


def _pretends(word: str) -> bool:
    if len(word) < _SHORTEST:
        return False
    others = [letter for letter in word if _OTHERS.match(letter)]
    if len(others) * 2 <= len(word):
        strange, known = others, _LIKE_LATIN
    else:
        strange, known = [letter for letter in word if not _OTHERS.match(letter)], _LIKE_OTHER
    is_ending = word.endswith("".join(strange))
    return not is_ending and all(letter in known for letter in strange)
