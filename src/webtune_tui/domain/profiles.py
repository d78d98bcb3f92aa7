"""What the fields of some records look like: enough to choose a mapping, and to see that a source has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldProfile:
    """One field over a number of records.

    ``path`` addresses it: ``title``, ``a.b`` inside objects, ``items[].name`` inside lists. ``types`` counts the values
    by JSON type (text, number, boolean, object, list); ``filled`` counts the records in which it holds something, out
    of ``records``. ``samples`` are a few distinct values as text, each short. ``lowest``, ``highest`` and ``mean`` are
    of the numbers, or of the lengths in characters where the values are text.
    """

    path: str
    types: Mapping[str, int]
    filled: int
    records: int
    samples: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    mean: float | None = None
    distinct: int | None = None
    common: Mapping[str, int] = field(default_factory=dict)

    @property
    def fill_rate(self) -> float:
        """The share of the records that hold something here."""
        return self.filled / self.records if self.records else 0.0
