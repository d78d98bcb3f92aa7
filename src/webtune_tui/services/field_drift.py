"""How the fields of two collections differ: pure functions over their profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.profiles import FieldProfile

_FEWEST = 5  # records that must speak for a change: fewer are chance
_FILL_POINTS = 0.10
_MEAN_FACTOR = 1.5
_FREQUENT = 0.10  # of the filled records: a value that common is no accident
_CATEGORIES = 10  # a field with more distinct values is no category; profiles keep so many with their counts
_RARE = 0.01  # below this a field may be missing from a sample by chance


@dataclass(frozen=True, slots=True)
class FieldDrift:
    """One thing that changed in a field.

    ``what`` is ``appeared``, ``vanished``, ``fill`` (share of records that hold something), ``type``, ``length`` (mean,
    in characters), ``mean``, ``new value`` or ``lost value`` (with the share of the records that hold it).
    """

    field: str
    what: str
    before: str | float | None
    after: str | float | None


def field_drift(before: Sequence[FieldProfile], after: Sequence[FieldProfile]) -> list[FieldDrift]:
    """What changed, field by field in the order in which they come."""
    old = {profile.path: profile for profile in before if profile.filled}
    new = {profile.path: profile for profile in after if profile.filled}
    found = [drift for path, profile in new.items() if path in old for drift in _changes(old[path], profile)]
    found += [FieldDrift(path, "vanished", _share(old[path].fill_rate), None) for path in _missing(old, new)]
    found += [FieldDrift(path, "appeared", None, _share(new[path].fill_rate)) for path in _missing(new, old)]
    return found


def _missing(here: Mapping[str, FieldProfile], there: Mapping[str, FieldProfile]) -> Iterator[str]:
    """Paths of one side alone, without those that are inside such a path."""
    told: list[str] = []
    for path, profile in here.items():
        is_rare = profile.records >= 1 / _RARE and profile.fill_rate < _RARE
        if path not in there and not is_rare and not path.startswith(tuple(told)):
            told += [f"{path}.", f"{path}["]
            yield path


def _changes(before: FieldProfile, after: FieldProfile) -> Iterator[FieldDrift]:
    path = after.path
    moved = abs(after.fill_rate - before.fill_rate)
    if moved >= _FILL_POINTS and moved * after.records >= _FEWEST and before.records >= _FEWEST:
        yield FieldDrift(path, "fill", _share(before.fill_rate), _share(after.fill_rate))
    old_type, new_type = _main_type(before), _main_type(after)
    if old_type != new_type:
        yield FieldDrift(path, "type", old_type, new_type)
        return
    if min(before.filled, after.filled) < _FEWEST:
        return
    if new_type in ("text", "number") and _moved_strongly(before.mean, after.mean):
        yield FieldDrift(path, "length" if new_type == "text" else "mean", before.mean, after.mean)
    if new_type in ("text", "boolean") and _is_category(before) and _is_category(after):
        yield from (FieldDrift(path, "new value", None, word) for word in _only_in(after, before))
        yield from (FieldDrift(path, "lost value", word, None) for word in _only_in(before, after))


def _only_in(one: FieldProfile, other: FieldProfile) -> Iterator[str]:
    total = sum(one.common.values())
    for value, count in one.common.items():
        if value not in other.common and count >= _FEWEST and count >= _FREQUENT * total:
            yield f"{value} ({count / total:.0%})"


def _is_category(profile: FieldProfile) -> bool:
    return profile.distinct is not None and profile.distinct <= _CATEGORIES


def _main_type(profile: FieldProfile) -> str:
    return max(profile.types, key=lambda name: profile.types[name], default="")


def _moved_strongly(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return False
    low, high = sorted((abs(before), abs(after)))
    return before * after < 0 or (high > 0 and high > low * _MEAN_FACTOR and high - low > 1)


def _share(rate: float) -> float:
    return round(rate, 3)


def profile_of(stored: Mapping[str, Any]) -> FieldProfile:
    """A profile as it was kept."""
    return FieldProfile(**{**stored, "samples": tuple(stored.get("samples", ()))})
