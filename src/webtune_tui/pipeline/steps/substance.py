"""Answers too short to teach anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.wording import unspaced_share

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_ENOUGH_FOR_ANY = 200  # characters; a longer answer has some words in every script


@dataclass(frozen=True)
class Substance:
    """Takes out answers with hardly a word. Rows that were written as examples may answer with one."""

    name: ClassVar[str] = "substance"
    title: ClassVar[str] = "Minimum substance"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 22
    is_default: ClassVar[bool] = True

    words: int = option(3, label="Fewest words", help="Shorter answers teach nothing; 0 is no limit.", minimum=0)
    characters: int = option(
        8, label="Fewest characters", help="The same for scripts without spaces between words.", minimum=0
    )
    also_written: bool = option(
        False, label="Also written examples", help="Rows with messages or question and answer may be short."
    )

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops an answer with less; one that is empty is no business of this step."""
        answer = draft.answer
        if len(answer) > _ENOUGH_FOR_ANY and answer.count(" ") >= self.words:
            return draft
        if not answer.strip() or (draft.is_written and not self.also_written):
            return draft
        if not answer.isascii() and unspaced_share(answer[:_ENOUGH_FOR_ANY]) > 0.5:
            characters = sum(sum(map(str.isalnum, text)) for text in _answers(draft))
            if characters < self.characters:
                return Dropped(draft.record_id, "short", self.name, f"{characters} characters")
            return draft
        found = len(_WORD.findall(answer)) if self.words else 0
        if found < self.words:
            found = sum(len(_WORD.findall(text)) for text in _answers(draft))
        if found < self.words:
            return Dropped(draft.record_id, "short", self.name, "1 word" if found == 1 else f"{found} words")
        return draft


def _answers(draft: Draft) -> Iterator[str]:
    """All that the example teaches to say: a dialogue may end with a short thanks."""
    return (message.content for message in draft.messages if message.role == "assistant")


STEP = Substance
