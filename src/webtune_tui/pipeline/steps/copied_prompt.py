"""Answers that stand in the prompt already: they teach to repeat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.flags import COPIED_PROMPT, flagged
from webtune_tui.pipeline.wording import EDGES, words

FLAG, DROP = "flag", "drop"
_SIGN_LENGTH = 0.5  # the shortest the prompt can be, beside the answer, for punctuation that does not count
_LOOKED_AT = 8  # words, of which the longest is looked for


@dataclass(frozen=True)
class CopiedPrompt:
    """Finds answers most of whose words stand in one run in the prompt.

    Short answers may: what is asked of a given text is often a piece of it.
    """

    name: ClassVar[str] = "copied_prompt"
    title: ClassVar[str] = "Answers copied from the prompt"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 32
    is_default: ClassVar[bool] = True

    share: float = option(
        0.8, label="Copied from", help="Share of the answer's words in one run.", minimum=0.51, maximum=1
    )
    words_from: int = option(12, label="Measured from", help="In words of the answer.", minimum=1)
    action: str = option(
        FLAG, label="What is done", help="flag keeps the example, drop takes it out.", choices=(FLAG, DROP)
    )

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Flags or drops an answer that is mostly copied."""
        answer, prompt = draft.answer, draft.prompt
        if len(prompt) < len(answer) * self.share * _SIGN_LENGTH or not answer:
            return draft
        if answer.isascii() and not _may_be_copied(answer, prompt, self.share):
            return draft
        share = copied_share(words(answer), words(prompt), self.share, self.words_from)
        if share < self.share:
            return draft
        if self.action == DROP:
            told = f"{share * 100:.0f} % of the words stand in one run in the prompt"
            return Dropped(draft.record_id, self.name, self.name, told)
        return flagged(draft, COPIED_PROMPT)


def _may_be_copied(answer: str, prompt: str, least: float) -> bool:
    """A quick look, for an answer of words with spaces: one that every long run holds stands in the prompt."""
    units = answer.split()
    run = math.ceil(least * len(units))
    middle = units[len(units) - run : run][:_LOOKED_AT]
    return not middle or max(middle, key=len).casefold().strip(EDGES) in prompt.casefold()


def copied_share(answer: Sequence[str], prompt: Sequence[str], least: float, words_from: int = 1) -> float:
    """The share of the answer's words in the longest run that the prompt has too; 0 where it is below ``least``.

    Every run of that length holds the answer's middle, as long as ``least`` is over a half: so one search tells.
    """
    count = len(answer)
    run = math.ceil(least * count)
    if count < words_from or run > len(prompt):
        return 0.0
    text, within = _joined(prompt), answer[count - run : run]
    if _joined(within) not in text:
        return 0.0
    for longer in range(count, run - 1, -1):
        if any(_joined(answer[start : start + longer]) in text for start in range(count - longer + 1)):
            return longer / count
    return 0.0


def _joined(units: Sequence[str]) -> str:
    return f"\x00{chr(0).join(units)}\x00"


STEP = CopiedPrompt
