"""A cheap look at a text for anything that could be private: most texts hold nothing and pass in microseconds.

The text is made into bytes and its signs into classes, so that one search for a run answers for many patterns.
"""

from __future__ import annotations

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
_BEFORE_COLON = 28
_AT_WORDS = (b"at", b"@", b"arroba", b"arobase", b"affe", b"chiocciola", b"a.t.", b"\xa4t", "アット".encode())
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
    """What could be found in a folded text, or ``None`` for nothing at all. It may suspect too much, never too little."""
    is_ascii = text.isascii()
    data = text.encode() if is_ascii else text.encode("utf-8", "surrogatepass")
    sign = b"@" in data
    digits = _DIGIT_RUN in data.translate(_DOT_TO_ZERO, _BETWEEN_DIGITS) and _has_number(data)
    words = _WORD_RUN in data.translate(_TO_WORDS)
    has_colon = b":" in data or not is_ascii
    has_equals = b"=" in data
    password = (has_colon and _may_name_password(data, b":" if is_ascii else b"\xef\xbc\x9a")) or (
        has_equals and _may_name_password(data, b"=")
    )
    if has_colon and not is_ascii and not password:
        password = _may_name_password(data, b":")
    colons = has_colon and b"::" in data
    url = has_colon and (sign or words or has_equals) and b"://" in data
    spelled = _may_spell(data)
    if sign or digits or words or spelled or colons or password or url:
        return Triggers(sign, spelled, digits, words, colons, password, url)
    return None


def _has_number(data: bytes) -> bool:
    """Whether seven digits follow each other, or three dots have digits between them."""
    return _DIGIT_RUN in data.translate(_TO_ZERO, _BETWEEN_DIGITS + b".") or b"..." in data.translate(None, _DIGITS)


def _may_name_password(data: bytes, sign: bytes) -> bool:
    before = _around(data, sign, _BEFORE_COLON, 0)
    for name in _PASSWORDS:  # a loop: a generator costs more than the searches
        if name in before:
            return True
    return False


def _may_spell(data: bytes) -> bool:
    """Whether an at sign may be written as a word or an escape."""
    if b" dot " in data or b" DOT " in data or b" arroba " in data or (b"%" in data and b"%40" in data):
        return True
    for bracket in _BRACKETS:
        if bracket in data:
            after = _around(data, bracket, 0, _AFTER_BRACKET)
            for word in _AT_WORDS:
                if word in after:
                    return True
    return False


def _around(data: bytes, sign: bytes, before: int, after: int) -> bytes:
    """What stands next to each occurrence of a sign, in small letters; all of the text where there are many."""
    place = data.find(sign)
    near = b""
    for _ in range(_MANY):
        if place < 0:
            return near.lower()
        near += data[place - before if place > before else 0 : place + after]
        place = data.find(sign, place + 1)
    return data.lower()


def long_words(text: str) -> list[tuple[int, int]]:
    """Where words of 16 signs and more begin and end."""
    classes = text.encode("latin-1", "replace").translate(_TO_WORDS)
    found: list[tuple[int, int]] = []
    place = classes.find(_WORD_RUN)
    while place >= 0:
        end = classes.find(b" ", place)
        end = len(classes) if end < 0 else end
        found.append((place, end))
        place = classes.find(_WORD_RUN, end)
    return found
