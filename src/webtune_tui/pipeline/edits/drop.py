"""Takes examples out of the dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.pipeline.edits.base import Head, Kind


@dataclass(frozen=True)
class Drop:
    """Takes examples out; their records are told as dropped by hand."""

    name: ClassVar[str] = "drop"
    kind: ClassVar[Kind] = "row"
    whole_groups: ClassVar[bool] = False

    def check(self) -> None:
        """Nothing can be wrong."""

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Dropped {what}"

    def row(self, head: Head) -> Head | None:
        """It goes."""
        return None


OPERATION = Drop
