"""Rows of preference pairs, in OpenAI's form and in TRL's: prompt, chosen, rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.builders.messages_rows import BUILDER as MESSAGES_ROWS
from webtune_tui.pipeline.formats.base import without_rejected
from webtune_tui.pipeline.formats.dpo import messages_of


class PreferenceRows:
    """Takes the better answer as the example's; the worse one is kept beside it where the recipe wants pairs."""

    name: ClassVar[str] = "preference_rows"
    order: ClassVar[int] = 12
    is_written: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row holds a prompt and two answers of which one is better."""
        return ("rejected" in fields or "non_preferred_output" in fields) and messages_of(fields) is not None

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The example with the better answer alone."""
        pair = self._pair(fields)
        return replace(pair, messages=tuple(without_rejected(pair.messages))) if pair else None

    def build_all(self, fields: Mapping[str, Any], plan: BuildPlan) -> Sequence[Conversation]:
        """The example, with the worse answer in its extra ``rejected`` where the plan wants it."""
        built = self._pair(fields) if plan.preferences else self.build(fields)
        return [built] if built else []

    def _pair(self, fields: Mapping[str, Any]) -> Conversation | None:
        row = messages_of(fields)
        return MESSAGES_ROWS.build(row) if row else None


BUILDER = PreferenceRows()
