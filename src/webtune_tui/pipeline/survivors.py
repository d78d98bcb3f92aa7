"""What a record says for staying when it has copies: how new it is, and how well it was rated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from webtune_tui.pipeline.columns import Columns

_RATINGS = (
    "rating", "review_rating", "average_rating", "stars", "score", "rating_value", "ratings_average", "upvotes",
)  # fmt: skip
_NUMBER = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,4})?")
_DIGITS = re.compile("[0-9]+")


def moment_of(collected_at: str | None) -> int:
    """The time of an RFC 3339 text as a number that grows with it (``20261126103000``); 0 where there is none."""
    found = "".join(_DIGITS.findall(collected_at or ""))[:14]
    return int(found.ljust(14, "0")) if found else 0


def rating_of(fields: Mapping[str, Any]) -> float:
    """The rating of a record, such as 4.5 of ``4.5 out of 5``; 0 where it has none."""
    value = Columns(fields).get(*_RATINGS)
    if isinstance(value, bool):
        return 0.0
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e9 else 0.0
    match = _NUMBER.search(value[:100]) if isinstance(value, str) else None
    return float(match.group().replace(",", ".")) if match else 0.0
