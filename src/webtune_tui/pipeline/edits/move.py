"""Moves examples to another split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Split
from webtune_tui.domain.options import option
from webtune_tui.pipeline.edits.base import Head, Kind


@dataclass(frozen=True)
class Move:
    """Moves examples to a split, together with all that are near-duplicates of them."""

    to: str = option("", label="Split", help="train, validation or test.")

    name: ClassVar[str] = "move"
    kind: ClassVar[Kind] = "row"
    whole_groups: ClassVar[bool] = True

    def check(self) -> None:
        """Raises UsageError for a split that there is not."""
        if self.to not in {one.value for one in Split}:
            raise UsageError(f"There is no split {self.to!r}", hint="Give train, validation or test.")

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Moved {what} to {self.to}"

    def row(self, head: Head) -> Head | None:
        """In the other split."""
        return replace(head, split=Split(self.to))


OPERATION = Move
