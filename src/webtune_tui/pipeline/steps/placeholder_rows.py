"""Answers that only say that there is nothing to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.placeholders import is_placeholder, is_unmeant

_DETAIL_LIMIT = 200


@dataclass(frozen=True)
class PlaceholderRows:
    """Takes out rows whose answer is "N/A", "No description available", "-" and the like."""

    name: ClassVar[str] = "placeholder_rows"
    title: ClassVar[str] = "Placeholder answers"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 10
    is_default: ClassVar[bool] = True

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops a placeholder answer. Where rows were written as examples, one word such as ``none`` is an answer."""
        answer = draft.answer
        if is_unmeant(answer) if draft.is_written else is_placeholder(answer):
            return Dropped(draft.record_id, "placeholder", self.name, answer[:_DETAIL_LIMIT])
        return draft


STEP = PlaceholderRows
