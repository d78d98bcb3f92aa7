"""Finds a text in the bytes of JSON lines, however the file writes it: as it is, or with JSON's escapes.

Small letters in a text stand for both cases, as in ``rg --smart-case``; one capital letter makes it exact. Only the
standard library is loaded: this runs in a program that must start at once.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 1000
"""Characters of a text that are looked for."""

_SHORTEST_ANCHOR = 3
_PLAIN_RUN = re.compile(r"[A-Za-z0-9 ,;:!?@#%&()*+.=_^~-]+")
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class TextFinder:
    """Finds one text. ``reach`` is the most bytes that an occurrence takes."""

    def __init__(self, text: str) -> None:
        self.text = text = text[:LONGEST]
        self.is_any_case = text == text.lower() and text != text.upper()
        forms = {form for one in _normal_forms(text) for form in _written_forms(one)}
        if self.is_any_case and not text.isascii():
            self._pattern: re.Pattern[bytes] | None = _pattern(text)
            self._anchor = max((run.lower() for run in _PLAIN_RUN.findall(text)), key=len, default="").encode()
            self.reach = 12 * len(text) + 12
        else:
            self._pattern, self._anchor = None, b""
            self.reach = max(map(len, forms))
        self._forms = sorted({form.lower() if self.is_any_case else form for form in forms})
        self._plain = [form for form in self._forms if b"\\u" not in form]
        self._escaped = [form for form in self._forms if b"\\u" in form]

    def first(self, data: bytes, start: int = 0) -> int:
        """The place of the first occurrence from ``start`` on; -1 where there is none."""
        if self._pattern is not None:
            return self._first_by_pattern(self._pattern, data, start)
        if self.is_any_case:
            data = data.lower()
        found = [data.find(form, start) for form in self._plain]
        if self._escaped and data.find(b"\\u", start) >= 0:
            found += [data.find(form, start) for form in self._escaped]
        return min((place for place in found if place >= 0), default=-1)

    def last(self, data: bytes, end: int) -> int:
        """The place of the last occurrence that begins before ``end``; -1 where there is none."""
        if self._pattern is not None:
            found, place = -1, self.first(data)
            while 0 <= place < end:
                found, place = place, self.first(data, place + 1)
            return found
        if self.is_any_case:
            data = data.lower()
        return max(data.rfind(form, 0, end + len(form) - 1) for form in self._forms)

    def _first_by_pattern(self, pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
        if len(self._anchor) < _SHORTEST_ANCHOR:
            found = pattern.search(data, start)
            return found.start() if found else -1
        lowered, place = data.lower(), start
        while (place := lowered.find(self._anchor, place)) >= 0:
            first = max(start, place - self.reach)
            found = pattern.search(data, first, place + self.reach)
            if found:
                return found.start()
            place += 1
        return -1


def _normal_forms(text: str) -> Iterator[str]:
    """The text as typed, composed and decomposed: an accent may stand in a character of its own."""
    yield text
    if not text.isascii():
        yield unicodedata.normalize("NFC", text)
        yield unicodedata.normalize("NFD", text)


def _written_forms(text: str) -> Iterator[bytes]:
    """The text as the usual writers of JSON write it, and as it is for lines that are no JSON."""
    yield text.encode("utf-8", "surrogatepass")
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
    escaped = json.dumps(text)[1:-1]
    yield escaped.encode()
    if "\\u" in escaped:
        yield re.sub(r"(?<!\\)((?:\\\\)*\\u)([0-9a-f]{4})", lambda hit: hit[1] + hit[2].upper(), escaped).encode()
    yield escaped.replace("/", "\\/").encode()
    if re.search("[<>&']", text):  # escaped where JSON stands in a page
        yield re.sub("[<>&']", lambda hit: f"\\u{ord(hit[0]):04x}", escaped).encode()


def _pattern(text: str) -> re.Pattern[bytes]:
    """The text in any case and any writing, character by character."""
    parts = []
    for character in unicodedata.normalize("NFC", text):
        ways: set[bytes] = {
            way for one in (character, character.upper(), unicodedata.normalize("NFD", character)) for way in _ways(one)
        }
        ways |= set(_ways(unicodedata.normalize("NFD", character.upper())))
        longest_first = sorted(sorted(ways), key=len, reverse=True)
        parts.append(b"(?:" + b"|".join(longest_first) + b")")
    return re.compile(b"".join(parts))


def _ways(text: str) -> Iterator[bytes]:
    yield bytes(re.escape(text.encode("utf-8", "surrogatepass")))
    units = text.encode("utf-16-be", "surrogatepass").hex()
    yield b"".join(
        b"\\\\u" + "".join(f"[{d}{d.upper()}]" if d.isalpha() else d for d in units[at : at + 4]).encode()
        for at in range(0, len(units), 4)
    )
    if text in _SHORT_ESCAPES:
        yield bytes(re.escape(_SHORT_ESCAPES[text].encode()))
