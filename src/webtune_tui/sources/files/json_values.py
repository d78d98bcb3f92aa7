"""One JSON object from outside, checked so that whatever follows can store and hash it."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import RowUnusable

_SUSPICIOUS_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")

_NOT_TEXT = re.compile("[\ud800-\udfff\x00]")


class _Refused(ValueError):
    """Valid for Python's parser and not for us; the text is the reason."""


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"not valid JSON: {name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Refused("holds a number too large for anything")
    return value


def _finite_or_nothing(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def decoder() -> json.JSONDecoder:
    """A decoder that refuses NaN, Infinity and numbers beyond all bounds."""
    return json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


_DECODER = decoder()
_MENDING_DECODER = json.JSONDecoder(parse_constant=lambda name: None, parse_float=_finite_or_nothing)


def parse_object(text: str, limits: ReadLimits = DEFAULT_LIMITS, *, mend: bool = False) -> dict[str, Any]:
    """The object of a JSON text.

    ``mend`` is for rows that were paid for: U+FFFD takes the place of what can't be text (lone surrogates, NUL),
    nothing the place of what is no number.

    Raises:
        RowUnusable: it is no JSON, no object, nested too deep, or holds what can't be stored.
    """
    require_shallow(text, limits)
    try:
        value = (_MENDING_DECODER if mend else _DECODER).decode(text)
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
    return "holds a number with thousands of digits"  # what remains of int()'s own limit


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


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
