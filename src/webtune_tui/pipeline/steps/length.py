"""A filter by the length of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped


@dataclass(frozen=True)
class Length:
    """Takes out examples whose answer is too short to teach anything, or longer than wanted."""

    name: ClassVar[str] = "length"
    title: ClassVar[str] = "Length of answers"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 30
    is_default: ClassVar[bool] = False

    minimum: int = option(40, label="Shortest answer", help="In characters, after cleaning.", minimum=0)
    maximum: int = option(0, label="Longest answer", help="In characters; 0 sets no limit.", minimum=0)

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops an answer outside the bounds."""
        characters = len(draft.answer)
        if characters < self.minimum:
            return Dropped(draft.record_id, "short", self.name, f"{characters} characters")
        if self.maximum and characters > self.maximum:
            return Dropped(draft.record_id, "long", self.name, f"{characters} characters")
        return draft


STEP = Length
