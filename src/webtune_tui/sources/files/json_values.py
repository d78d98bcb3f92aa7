"""One JSON object from outside, checked so that whatever follows can store and hash it."""

from __future__ import annotations

import functools
import json
import math
import re
from typing import Any, NoReturn

import orjson

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import RowUnusable

_SUSPICIOUS_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")

_NOT_TEXT = re.compile("[\ud800-\udfff\x00]")

# Whole numbers beyond 64 bits become floats in the fast parser: a line with so many digits in a row is read exactly.
# 19 of them are met at least three times in a row when only each fifth byte is looked at.
_DIGITS_ALIKE = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_STRIDE = 5
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_LISTS_ALIKE = bytes.maketrans(b"{}", b"[]")
_NO_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_FEW_DIGITS = b"0" * 3
_LONG_NUMBER = b"0" * 20
_LONG_NEGATIVE = b"-" + b"0" * 19


class _Refused(ValueError):
    """Valid for Python's parser and not for us; the text is the reason."""


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"not valid JSON: {name} is not JSON")


def _whole(text: str, digits: int) -> int:
    if len(text) > digits:
        raise _Refused(f"holds a number of more than {digits:,} digits")
    return int(text)


def _finite(text: str, digits: int) -> float:
    if len(text) > digits:
        raise _Refused(f"holds a number of more than {digits:,} digits")
    value = float(text)
    if not math.isfinite(value):
        raise _Refused("holds a number too large for anything")
    return value


def _finite_or_nothing(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


@functools.lru_cache(maxsize=16)
def decoder(limits: ReadLimits = DEFAULT_LIMITS) -> json.JSONDecoder:
    """A decoder that refuses NaN, Infinity and numbers beyond all bounds."""
    return json.JSONDecoder(
        parse_constant=_refuse_constant,
        parse_float=functools.partial(_finite, digits=limits.digits),
        parse_int=functools.partial(_whole, digits=limits.digits),
    )


@functools.lru_cache(maxsize=16)
def _mending_decoder(limits: ReadLimits) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_constant=lambda name: None,
        parse_float=_finite_or_nothing,
        parse_int=functools.partial(_whole, digits=limits.digits),
    )


def parse_plain(line: bytes, limits: ReadLimits = DEFAULT_LIMITS) -> dict[str, Any] | None:
    """The object of a JSON text in UTF-8, by a fast parser; ``None`` on any doubt that the exact one would differ."""
    if b"\\" in line and b"\\u0000" in line:  # the first is found much faster, and mostly there is none
        return None
    if _FEW_DIGITS in line[::_STRIDE].translate(_DIGITS_ALIKE):
        digits_alike = line.translate(_DIGITS_ALIKE)
        if _LONG_NUMBER in digits_alike or _LONG_NEGATIVE in digits_alike:
            return None
    try:
        value = orjson.loads(line)
    except ValueError:
        return None
    if type(value) is not dict:
        return None
    if line.count(b"[") + line.count(b"{") > limits.nesting and not _is_shallow(line, limits.nesting):
        return None
    return value


def parse_object(text: str, limits: ReadLimits = DEFAULT_LIMITS, *, mend: bool = False) -> dict[str, Any]:
    """The object of a JSON text.

    ``mend`` is for rows that were paid for: U+FFFD takes the place of what can't be text (lone surrogates, NUL),
    nothing the place of what is no number.

    Raises:
        RowUnusable: it is no JSON, no object, nested too deep, or holds what can't be stored.
    """
    require_shallow(text, limits)
    try:
        value = (_mending_decoder(limits) if mend else decoder(limits)).decode(text)
    except (ValueError, RecursionError) as error:
        raise RowUnusable(reason_of(error, limits)) from error
    if not isinstance(value, dict):
        raise RowUnusable(f"is {kind_of(value)}, not an object")
    return checked(value, text, mend=mend)


def checked(value: dict[str, Any], text: str, *, mend: bool = False) -> dict[str, Any]:
    """The object, once its strings are text and its numbers finite. ``text`` is where it was parsed from."""
    if "\\u" not in text or _SUSPICIOUS_ESCAPE.search(text) is None:
        return value
    return {_checked(name, mend): _checked(item, mend) for name, item in value.items()}


def require_shallow(text: str, limits: ReadLimits) -> None:
    """Raises RowUnusable for a text that is nested deeper than the limit, before a parser recurses into it."""
    if text.count("[") + text.count("{") <= limits.nesting:
        return
    depth = 0
    for token in re.finditer(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{\]}]', text, re.DOTALL):
        character = token.group()[0]
        if character in "[{":
            depth += 1
            if depth > limits.nesting:
                raise RowUnusable(f"nested deeper than {limits.nesting} levels")
        elif character in "]}":
            depth -= 1


def reason_of(error: Exception, limits: ReadLimits) -> str:
    """Why a JSON text did not parse, in words for the rejects file."""
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON: {error.msg} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return f"nested deeper than {limits.nesting} levels"
    if isinstance(error, _Refused):
        return str(error)
    return f"holds a number of more than {limits.digits:,} digits"  # what remains is int()'s own limit


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _is_shallow(line: bytes, levels: int) -> bool:
    """Whether a text that parsed has no list or object inside more than ``levels`` of them: peeled level by level."""
    if b"\\" in line:
        line = _ESCAPE.sub(b"", line)
    brackets = b"".join(line.translate(_LISTS_ALIKE, _NO_STRUCTURE).split(b'"')[::2])  # those outside strings
    for _ in range(levels):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return True
    return False


def _checked(value: Any, mend: bool) -> Any:
    if isinstance(value, str):
        return _checked_text(value, mend)
    if isinstance(value, dict):
        return {_checked(name, mend): _checked(item, mend) for name, item in value.items()}
    if isinstance(value, list):
        return [_checked(item, mend) for item in value]
    return value


def _checked_text(text: str, mend: bool) -> str:
    found = _NOT_TEXT.search(text)
    if found is None:
        return text
    if not mend:
        raise RowUnusable("holds a NUL" if found.group() == "\x00" else "holds half a character (a lone surrogate)")
    return _NOT_TEXT.sub("\ufffd", text)
