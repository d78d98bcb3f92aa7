"""Answers that teach nothing: empty, or only the title or the prompt again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.wording import is_same_wording, words

_TITLES = ("title", "name", "product_name", "product_title", "headline", "heading", "subject")
_LONGEST_TITLE = 2_000


@dataclass(frozen=True)
class EmptyTargets:
    """Takes out examples without an answer, and those whose answer repeats the title or the prompt."""

    name: ClassVar[str] = "empty_targets"
    title: ClassVar[str] = "Empty answers"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 20
    is_default: ClassVar[bool] = True

    title_as_target: bool = option(
        True, label="Also repeated titles", help="Drop answers that equal the title or the prompt."
    )

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops an empty or repeated answer."""
        answer = draft.answer
        if not answer.strip() and not _calls_tools(draft):
            return Dropped(draft.record_id, "empty", self.name)
        if self.title_as_target and len(answer) <= _LONGEST_TITLE and _repeats(answer, draft):
            return Dropped(draft.record_id, "title_as_target", self.name, answer[:200])
        return draft


def _calls_tools(draft: Draft) -> bool:
    return any(message.role == "assistant" and message.extra.get("tool_calls") for message in draft.messages)


def _repeats(answer: str, draft: Draft) -> bool:
    folded = words(answer)
    titles = (draft.fields.get(name) for name in _TITLES)
    if any(isinstance(title, str) and title.strip() and words(title) == folded for title in titles):
        return True
    return is_same_wording(answer, draft.prompt) and bool(folded)


STEP = EmptyTargets
