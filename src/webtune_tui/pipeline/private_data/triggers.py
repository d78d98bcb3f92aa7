"""A cheap look at a text for anything that could be private: most texts hold nothing and pass in microseconds.

The text is made into bytes and its signs into classes, so that one search for a run answers for many patterns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

SHORTEST = 6
"""Texts with fewer signs hold nothing private."""

_LONG_WORD = 16  # keys and hardware addresses are words of at least so many signs
_WORD_SIGNS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/=.~:$%&@#")
_TO_WORDS = bytes(119 if sign in _WORD_SIGNS else 32 for sign in range(256))
_WORD_RUN = b"w" * _LONG_WORD
_DIGITS = b"0123456789"
_TO_ZERO = bytes(48 if sign in _DIGITS else sign for sign in range(256))
_DOT_TO_ZERO = bytes(48 if sign in b"0123456789." else sign for sign in range(256))
_BETWEEN_DIGITS = b" ()-/" + bytes(range(0x80, 0xA0)) + b"\xa0\xaf\xc2\xe2\xe3\xef\xbc\xbd"
_DIGIT_RUN = b"0" * 7
_PASSWORDS = (
    b"pass",
    b"pwd",
    b"senha",
    b"contrase",
    b"kennwort",
    b"clave",
    b"wachtwoord",
    "パスワード".encode(),
    "密码".encode(),
)
_WIDE_COLON = "：".encode()
_BEFORE_COLON = 28
_AT_WORDS = (b"(at)", b"( at )", b"[at]", b"[ at ]", b"{at}", b"{ at }", b"<at>", b"< at >", b"(@)", b"[@]", b"arroba",
             b"arobase", b"affe", b"chiocciola", b"a.t.", "(ät".encode(), "[ät".encode(),
             "アット".encode())  # fmt: skip
_AFTER_BRACKET = 18
_BRACKETS = (b"(", b"[", b"{", b"<")
_MANY = 24


class Triggers(NamedTuple):
    """Which families of rules have something to look at in a text."""

    sign: bool
    spelled: bool
    digits: bool
    words: bool
    colons: bool
    password: bool
    url: bool


def triggers(text: str) -> Triggers | None:
    """What could be found in a folded text, or ``None`` for nothing. It may suspect too much, never too little."""
    is_ascii = text.isascii()
    data = text.encode() if is_ascii else text.encode("utf-8", "surrogatepass")
    sign = b"@" in data
    digits = _DIGIT_RUN in data.translate(_DOT_TO_ZERO, _BETWEEN_DIGITS) and _has_number(data)
    words = _WORD_RUN in data.translate(_TO_WORDS)
    spelled = _may_spell(data) or (words and b"%40" in data)
    before = b""
    if b":" in data:
        before = _around(data, b":", _BEFORE_COLON, 1)
    if b"=" in data:
        before += _around(data, b"=", _BEFORE_COLON, 0)
    if not is_ascii and _WIDE_COLON in data:
        before += _around(data, _WIDE_COLON, _BEFORE_COLON, 0)
    colons = password = url = False
    if before:
        colons = b"::" in before
        password = _holds_any(before, _PASSWORDS)
        url = (sign or words or b"=" in data) and b"://" in data
    if sign or digits or words or spelled or colons or password or url:
        return Triggers(sign, spelled, digits, words, colons, password, url)
    return None


def _has_number(data: bytes) -> bool:
    """Whether seven digits follow each other, or three dots have digits between them."""
    return _DIGIT_RUN in data.translate(_TO_ZERO, _BETWEEN_DIGITS + b".") or b"..." in data.translate(None, _DIGITS)


def _may_spell(data: bytes) -> bool:
    """Whether an at sign may be written as a word."""
    if b" dot " in data:
        return True
    for bracket in _BRACKETS:
        if bracket in data and _holds_any(_around(data, bracket, 0, _AFTER_BRACKET), _AT_WORDS):
            return True
    return False


def _holds_any(data: bytes, words: tuple[bytes, ...]) -> bool:
    for word in words:  # noqa: SIM110 - a generator costs more than these searches
        if word in data:
            return True
    return False


def _around(data: bytes, sign: bytes, before: int, after: int) -> bytes:
    """What stands next to each occurrence of a sign, in small letters; all of the text where there are many."""
    place = data.find(sign)
    near = data[place - before if place > before else 0 : place + after]
    for _ in range(_MANY):
        place = data.find(sign, place + 1)
        if place < 0:
            return near.lower()
        near += data[place - before if place > before else 0 : place + after]
    return data.lower()


def long_words(text: str) -> Iterator[tuple[int, int]]:
    """Where words of 16 signs and more begin and end."""
    classes = text.encode("latin-1", "replace").translate(_TO_WORDS)
    place = classes.find(_WORD_RUN)
    while place >= 0:
        end = classes.find(b" ", place)
        end = len(classes) if end < 0 else end
        yield place, end
        place = classes.find(_WORD_RUN, end)
