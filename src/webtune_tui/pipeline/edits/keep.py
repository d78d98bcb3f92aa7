"""Brings dropped examples back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.pipeline.edits.base import Kind


@dataclass(frozen=True)
class Keep:
    """Brings dropped examples back, whatever a filter says: at once where they went by hand, else with the next run."""

    name: ClassVar[str] = "keep"
    kind: ClassVar[Kind] = "back"

    def check(self) -> None:
        """Nothing can be wrong."""

    def told(self, what: str) -> str:
        """The step in words."""
        return f"Brought {what} back"


OPERATION = Keep
