"""Finding a row's column by its usual names, whatever the case and the separators."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_SEPARATORS = re.compile(r"[\s_.\-]+")
_NOTHING: tuple[Any, ...] = (None, "", [], {})


class Columns:
    """A row's columns by their folded names: ``Product Name`` is ``product_name``."""

    __slots__ = ("_fields", "_shape")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self._shape = _shape(tuple(fields))  # rows of one source have few shapes

    def get(self, *names: str) -> Any:
        """The first non-empty value under one of the names; ``None`` where there is none."""
        for name in names:
            actual = self._shape.get(name)
            if actual is not None:
                value = self._fields[actual]
                if is_filled(value):
                    return value
        return None

    def has(self, *names: str) -> bool:
        """Whether the row has one of the columns, filled or not."""
        return any(map(self._shape.__contains__, names))

    def actual(self, names: Iterable[str]) -> tuple[str, ...]:
        """The row's own names of those of the columns that it has."""
        return tuple(self._shape[name] for name in names if name in self._shape)


def is_filled(value: Any) -> bool:
    """Whether a column's value says something: 0 and ``False`` do."""
    return bool(value) or value not in _NOTHING


@lru_cache(maxsize=1024)
def _shape(names: tuple[str, ...]) -> dict[str, str]:
    shape: dict[str, str] = {}
    for name in names:
        shape.setdefault(_folded(name), name)
    shape.update((name, name) for name in names if name == _folded(name))
    return shape


@lru_cache(maxsize=4096)
def _folded(key: str) -> str:
    return _SEPARATORS.sub("_", key.strip().lower())
