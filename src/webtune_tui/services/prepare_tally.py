"""What a run of prepare counts while the records come by."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from webtune_tui.pipeline.concentration import Concentration
from webtune_tui.services.prepare_part import Part
from webtune_tui.storage.dataset_types import DroppedRow


@dataclass(slots=True)
class Tally:
    """Counts of the first pass."""

    records: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    dropped: list[DroppedRow] = field(default_factory=list)
    redacted: dict[int, tuple[str, Mapping[str, int]]] = field(default_factory=dict)
    """By example: the domain, and its personal data by kind."""
    tokens: array[int] = field(default_factory=lambda: array("I"))
    digests: bytearray = field(default_factory=bytearray)
    """Of each example: 16 bytes that stand for all that it is."""
    mix_parts: array[int] = field(default_factory=lambda: array("i"))
    """The part of each example, where the recipe has a mix."""
    notes: list[str] = field(default_factory=list)
    findings: dict[str, Any] = field(default_factory=dict)
    concentration: Concentration = field(default_factory=Concentration)
    left_out: dict[int, str] = field(default_factory=dict)
    """The examples that the mix left out, with the name of its part."""

    def add(self, part: Part, first: int) -> None:
        """Counts a part whose first example has this number."""
        self.records += part.records
        self.changed.update(part.changed)
        self.removed.update(part.removed)
        self.dropped += part.dropped
        self.redacted |= {first + at: found for at, found in part.redacted.items()}
        self.tokens += part.tokens
        self.digests += part.digests
        self.mix_parts.extend(part.mix_parts)
        self.concentration.add(part.origins)
