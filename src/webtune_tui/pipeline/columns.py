"""Finding a row's column by its usual names, whatever the case and the separators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_SEPARATORS = re.compile(r"[\s_.\-]+")


def column(fields: Mapping[str, Any], *names: str) -> Any:
    """The first non-empty value under one of the names; ``None`` where there is none."""
    for name in names:
        value = fields.get(name)
        if value not in (None, "", [], {}):
            return value
    return _by_folded_name(fields, names)


def has_column(fields: Mapping[str, Any], name: str) -> bool:
    """Whether the row has the column, filled or not."""
    return name in fields or any(_folded(key) == name for key in fields)


def _by_folded_name(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    if all(key.islower() for key in fields):
        return None
    folded = {_folded(key): value for key, value in fields.items()}
    for name in names:
        if folded.get(name) not in (None, "", [], {}):
            return folded[name]
    return None


@lru_cache(maxsize=4096)
def _folded(key: str) -> str:
    return _SEPARATORS.sub("_", key.strip().lower())
