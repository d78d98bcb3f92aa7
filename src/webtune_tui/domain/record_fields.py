"""What a condition on examples can ask of the first record behind one: its host, its day, its filled fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from webtune_tui.domain import field_paths
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.field_values import date_of, is_empty
from webtune_tui.domain.value_tests import Test

RECORD_FIELDS: Mapping[str, str] = {"domain": "url", "collected_at": "collected_at", "fields": "fields"}
"""The fields, and what of the record each is read from."""


def host_of(url: str | None) -> str:
    """The host of an address without ``www.``; the empty text where there is none."""
    return _bare_host(url.partition("://")[2].partition("/")[0]) if url else ""


def day_of(collected_at: str | None) -> str:
    """The day of a moment as ``YYYY-MM-DD``; the empty text where it tells none."""
    if not collected_at:
        return ""
    return _day_of(collected_at[:10] if collected_at[10:11] == "T" else collected_at)


def is_filled(fields: Any, name: str) -> bool:
    """Whether a record has something in a field, named as in the record or by its address."""
    if not isinstance(fields, Mapping):
        return False
    if name in fields:
        return not is_empty(fields[name])
    try:
        found = field_paths.value_at(fields, field_paths.parse(name))
    except UsageError:
        found = None
    if found is None:
        found = next((value for own, value in fields.items() if _folded(own) == _folded(name)), None)
    return not is_empty(found)


def record_test(name: str, test: Test, wanted: str) -> Callable[[str | None], bool]:
    """The test of one of the fields, asked of what the record's row holds; ``wanted`` is the text it must hold."""
    match name:
        case "domain":
            return lambda url: test(host_of(url))
        case "collected_at":
            return lambda moment: test(day_of(moment) or None)
    return lambda text: test(_filled_of(text, wanted))


def _filled_of(text: str | None, wanted: str) -> list[str]:
    """Of the filled fields the one that is asked for; without one all."""
    fields = json.loads(text) if text else {}
    if wanted:
        return [wanted] if is_filled(fields, wanted) else []
    return [name for name in fields if not is_empty(fields[name])] if isinstance(fields, Mapping) else []


@lru_cache(maxsize=4_096)
def _bare_host(host: str) -> str:
    return host.rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")


@lru_cache(maxsize=4_096)
def _day_of(text: str) -> str:
    return date_of(text) or ""


def _folded(name: str) -> str:
    return name.strip().casefold()
