"""Which examples an edit is of: those with these ids, those that meet a condition, or all."""

from __future__ import annotations

from dataclasses import dataclass

ALL = "all"
"""The condition that every example meets."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Examples by their ids, in order and each once, or else by a condition (``where``; ``all`` means every one)."""

    ids: tuple[str, ...] = ()
    where: str = ""

    @classmethod
    def of(cls, *ids: str) -> Selection:
        """The examples with these ids."""
        return cls(tuple(dict.fromkeys(ids)))

    @classmethod
    def everything(cls) -> Selection:
        """All examples."""
        return cls(where=ALL)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was named."""
        return not self.ids and not self.where.strip()

    @property
    def is_all(self) -> bool:
        """Whether every example is meant."""
        return self.where.strip().casefold() == ALL

    def told(self, count: int) -> str:
        """The selection in words: ``1,204 examples where tokens > 800``."""
        noun = f"{count:,} example{'' if count == 1 else 's'}"
        if self.is_all:
            return f"all {noun}"
        return f"{noun} where {self.where}" if self.where else noun
