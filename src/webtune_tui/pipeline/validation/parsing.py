"""One line of a file as an object, or the reason why it is none: hostile JSON ends here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from webtune_tui.domain.limits import DEFAULT_LIMITS

_DEEPEST = DEFAULT_LIMITS.nesting
_DEEP = f"Nested deeper than {_DEEPEST} levels"
_LONGEST_TOLD = 300
_MANY_DIGITS = re.compile(rb"[0-9]{19}")


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line that is longer than any row may be, and was not kept. ``size`` is in bytes."""

    size: int


class Unreadable(Exception):
    """A line that is no object; ``code`` is that of the finding, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message[:_LONGEST_TOLD])
        self.code = code


def parsed(raw: bytes) -> dict[str, Any]:
    """The object of a line. Raises Unreadable."""
    row = _fast(raw)
    if row is None:
        row = _exact(raw)
        _require_whole_characters(raw, row)
    if not isinstance(row, dict):
        raise Unreadable("data_type", f"A {type(row).__name__} instead of an object")
    if raw.count(b"[") + raw.count(b"{") > _DEEPEST and _is_deep(row):
        raise Unreadable("json_error", _DEEP)
    return row


def _fast(raw: bytes) -> Any:
    """The value by a fast parser; ``None`` where it is none or a number would lose digits."""
    if _MANY_DIGITS.search(raw):
        return None
    try:
        return orjson.loads(raw)
    except ValueError:
        return None


def _exact(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("encoding_error", f"Not UTF-8 at byte {error.start}") from error
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise Unreadable("json_error", _DEEP) from error
    except ValueError as error:
        raise Unreadable("json_error", f"Not JSON: {error}") from error


def _require_whole_characters(raw: bytes, row: Any) -> None:
    """Raises Unreadable where an escape gave half a character; half of a pair can stand anywhere in a row."""
    if b"\\ud" not in raw and b"\\uD" not in raw:
        return
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Unreadable("encoding_error", "Holds half a character (a lone surrogate)") from error
    except RecursionError as error:
        raise Unreadable("json_error", _DEEP) from error


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (item for item in value.values() if isinstance(item, dict | list))
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict | list))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number too large for anything")
    return value
