"""Answers that only say that there is nothing to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.placeholders import is_placeholder


@dataclass(frozen=True)
class PlaceholderRows:
    """Takes out rows whose answer is "N/A", "No description available", "-" and the like."""

    name: ClassVar[str] = "placeholder_rows"
    title: ClassVar[str] = "Placeholder answers"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 10
    is_default: ClassVar[bool] = True

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops a placeholder answer."""
        if is_placeholder(draft.answer):
            return Dropped(draft.record_id, "placeholder", self.name, draft.answer)
        return draft


STEP = PlaceholderRows
