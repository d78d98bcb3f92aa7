"""Answers that their source had cut already: back to the last whole sentence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.cut_texts import CutSign, cut_sign, whole_part
from webtune_tui.pipeline.flags import CUT, flagged
from webtune_tui.pipeline.tokens import BundledCounter, TokenCounter

TRIM, FLAG, DROP = "trim", "flag", "drop"


@dataclass(frozen=True)
class CutAnswers:
    """Finds answers that end in "...", "Read more" or in mid-sentence, which would teach a model to stop there.

    Dialogues and answers that were written as examples are flagged and left as they are, and so are answers that may
    only lack their last full stop.
    """

    name: ClassVar[str] = "cut_answers"
    title: ClassVar[str] = "Answers cut by the source"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 34
    is_default: ClassVar[bool] = True

    action: str = option(
        TRIM,
        label="What is done",
        help="trim goes back to the last whole sentence, flag leaves the answer, drop takes the example out.",
        choices=(TRIM, FLAG, DROP),
    )
    least_kept: float = option(
        0.5, label="Least that stays", help="A trim that leaves less of the answer only flags it.", minimum=0, maximum=1
    )
    counter: TokenCounter = field(default_factory=BundledCounter)

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Trims, flags or drops an answer that was cut."""
        answer = draft.answer
        sign = cut_sign(answer)
        if sign is CutSign.NONE:
            return draft
        if sign is CutSign.LIKELY or self.action == FLAG or draft.is_written or _is_dialogue(draft):
            return flagged(draft, CUT)
        if self.action == DROP:
            return Dropped(draft.record_id, self.name, self.name, f"ends with “{answer.rstrip()[-60:]}”")
        return self._trimmed(draft, answer)

    def _trimmed(self, draft: Draft, answer: str) -> Draft:
        kept = whole_part(answer)
        if not kept or len(kept) < self.least_kept * len(answer):
            return flagged(draft, CUT)
        last = max(index for index, message in enumerate(draft.messages) if message.role == "assistant")
        message = replace(draft.messages[last], content=kept)
        before, after = self.counter.count([answer, kept])
        trimmed = draft.evolved(
            messages=(*draft.messages[:last], message, *draft.messages[last + 1 :]),
            tokens=draft.tokens - before + after,
            touched=(*draft.touched, self.name),
        )
        return flagged(trimmed, CUT)


def _is_dialogue(draft: Draft) -> bool:
    """Whether there are several turns: people who talk break off."""
    return sum(message.role == "assistant" for message in draft.messages) > 1


STEP = CutAnswers
