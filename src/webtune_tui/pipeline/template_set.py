"""Several templates with weights: each record keeps its template when others are added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import log
from typing import Any

from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.template import ChatTemplate


@dataclass(frozen=True)
class WeightedTemplate:
    """A template of a recipe. ``name`` is empty for the one of ``[template]``."""

    template: ChatTemplate
    name: str = ""
    weight: float = 1.0


@dataclass(frozen=True)
class TemplateSet:
    """The templates of a recipe; at least one."""

    templates: tuple[WeightedTemplate, ...]
    seed: int = 0
    fields: tuple[str, ...] = field(init=False)
    """The top-level fields that any of them takes."""

    def __post_init__(self) -> None:
        taken = dict.fromkeys(name for one in self.templates for name in one.template.fields)
        object.__setattr__(self, "fields", tuple(taken))

    def build(self, key: str, fields: Mapping[str, Any]) -> Conversation:
        """The conversation that the template of this record makes of its fields."""
        return self.of(key).template.build(fields)

    def of(self, key: str) -> WeightedTemplate:
        """The template of the record with this key, by weighted rendezvous hashing: the shares follow the weights."""
        if len(self.templates) == 1:
            return self.templates[0]
        return max(self.templates, key=lambda one: (self._score(one, key), one.name))

    def _score(self, one: WeightedTemplate, key: str) -> float:
        text = f"{self.seed}\n{one.name}\n{key}".encode("utf-8", "surrogatepass")
        drawn = (int.from_bytes(blake2b(text, digest_size=7).digest(), "big") + 0.5) / (1 << 56)
        return one.weight / -log(drawn)
