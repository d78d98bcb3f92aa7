"""Profiles of fields over a stream of records, with bounded memory whatever comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from webtune_tui.domain.profiles import FieldProfile

_MOST_PATHS = 400
_DEEPEST = 6
_MOST_ELEMENTS = 20  # of one list: enough to know what its elements look like
_SAMPLES = 3
_SAMPLE_CHARACTERS = 120
_MOST_VALUES = 40  # a field with more distinct values is no category
_LONGEST_CATEGORY = 60
_COMMON = 10


class Profiler:
    """Takes records one by one; ``result`` may be asked at any time."""

    def __init__(self) -> None:
        self._records = 0
        self._seen: dict[str, _Seen] = {}

    def add(self, fields: Mapping[str, Any]) -> None:
        """Counts one record."""
        self._records += 1
        filled: set[str] = set()
        for path, value in _leaves(fields, "", 0):
            seen = self._seen.get(path)
            if seen is None:
                if len(self._seen) >= _MOST_PATHS:
                    continue
                seen = self._seen[path] = _Seen()
            kind = _kind_of(value)
            if kind == "null":
                continue
            seen.types[kind] += 1
            if value not in ("", [], {}):
                filled.add(path)
                seen.take(kind, value)
        for path in filled:
            self._seen[path].filled += 1

    def result(self) -> tuple[FieldProfile, ...]:
        """The fields in the order in which they first came."""
        return tuple(seen.profile(path, self._records) for path, seen in self._seen.items())


@dataclass(slots=True)
class _Seen:
    filled: int = 0
    types: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)
    lowest: float | None = None
    highest: float | None = None
    total: float = 0.0
    measured: int = 0
    values: Counter[str] | None = field(default_factory=Counter)

    def take(self, kind: str, value: Any) -> None:
        if kind in ("object", "list"):
            self.values = None
            return
        text = str(value)
        self._measure(float(value) if kind == "number" else float(len(text)))
        if len(self.samples) < _SAMPLES:
            sample = text[:_SAMPLE_CHARACTERS]
            if sample not in self.samples:
                self.samples.append(sample)
        if self.values is None:
            return
        if len(text) > _LONGEST_CATEGORY or (text not in self.values and len(self.values) >= _MOST_VALUES):
            self.values = None
        else:
            self.values[text] += 1

    def _measure(self, size: float) -> None:
        self.lowest = size if self.lowest is None else min(self.lowest, size)
        self.highest = size if self.highest is None else max(self.highest, size)
        self.total += size
        self.measured += 1

    def profile(self, path: str, records: int) -> FieldProfile:
        return FieldProfile(
            path=path,
            types=dict(self.types),
            filled=self.filled,
            records=records,
            samples=tuple(self.samples),
            lowest=self.lowest,
            highest=self.highest,
            mean=round(self.total / self.measured, 3) if self.measured else None,
            distinct=len(self.values) if self.values is not None else None,
            common=dict(self.values.most_common(_COMMON)) if self.values else {},
        )


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Every value with its path; objects and lists themselves too, so that an empty one is known."""
    if path:
        yield path, value
    if depth >= _DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list):
        for item in value[:_MOST_ELEMENTS]:
            yield from _leaves(item, f"{path}[]", depth + 1)


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "number"
    return "object" if isinstance(value, Mapping) else "list"
