"""The values of tables as JSON knows them: dates as ISO text, decimals exact, bytes as text or data URL."""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import uuid
from collections.abc import Mapping
from typing import Any

from webtune_tui.domain.limits import ReadLimits
from webtune_tui.sources.files.base import RowUnusable

_EXACT_DIGITS = 15  # so many decimal digits a JSON number (a double) keeps exactly


def plain(value: Any, limits: ReadLimits, depth: int = 0) -> Any:
    """A value of a table cell as JSON text, number, list or object; NaN, which tables use for missing, is nothing.

    Bytes that are UTF-8 are text, others a ``data:`` URL in base64, so that a reader sees what they are.

    Raises:
        RowUnusable: it can't be stored: infinite, nested too deep, a NUL in a text.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        if "\x00" in value:
            raise RowUnusable("holds a NUL")
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, decimal.Decimal):
        return _decimal(value)
    if isinstance(value, Mapping | list | tuple):
        if depth >= limits.nesting:
            raise RowUnusable(f"nested deeper than {limits.nesting} levels")
        if isinstance(value, Mapping):
            return {str(plain(name, limits)): plain(item, limits, depth + 1) for name, item in value.items()}
        return [plain(item, limits, depth + 1) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes(bytes(value))
    return _scalar(value)


def characters_in(value: Any) -> int:
    """About how long a value is as text."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(str(name)) + characters_in(item) for name, item in value.items())
    if isinstance(value, list):
        return sum(map(characters_in, value))
    return 8


def _number(value: float) -> float | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        raise RowUnusable("holds a number too large for anything")
    return value


def _decimal(value: decimal.Decimal) -> float | int | str:
    """A number where that is exact, else the digits as text."""
    if not value.is_finite():
        raise RowUnusable("holds a number too large for anything")
    digits, exponent = value.as_tuple().digits, value.as_tuple().exponent
    if exponent == 0:
        return int(value)
    return float(value) if len(digits) <= _EXACT_DIGITS else format(value, "f")


def _bytes(value: bytes) -> str:
    try:
        text = value.decode("utf-8", "strict")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" not in text:
        return text
    return f"data:application/octet-stream;base64,{base64.b64encode(value).decode('ascii')}"


def _scalar(value: Any) -> Any:
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise RowUnusable(f"holds a value of a kind that webtune doesn't know ({type(value).__name__})")
