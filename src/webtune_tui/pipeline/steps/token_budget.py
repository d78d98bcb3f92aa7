"""Answers cut at a sentence end, so that no example is longer than a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from webtune_tui.domain.examples import Message
from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.cut_points import sentence_ends
from webtune_tui.pipeline.flags import CUT, flagged
from webtune_tui.pipeline.tokens import BundledCounter, TokenCounter, count_examples


@dataclass(frozen=True)
class TokenBudget:
    """Cuts the answer at the last sentence end that fits, so that trainers never cut it in mid-word."""

    name: ClassVar[str] = "token_budget"
    title: ClassVar[str] = "Token budget"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 40
    is_default: ClassVar[bool] = True

    maximum: int = option(
        1024, label="Tokens of an example", help="Prompt, answer and chat format together.", minimum=16
    )
    shortest_answer: int = option(
        16, label="Tokens of a cut answer", help="A cut that leaves less drops the example (short).", minimum=1
    )
    counter: TokenCounter = field(default_factory=BundledCounter)

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Cuts an answer that is too long; ``draft.tokens`` must hold the example's count."""
        if draft.tokens <= self.maximum:
            return draft
        last = max((i for i, m in enumerate(draft.messages) if m.role == "assistant"), default=-1)
        if last < 0:
            return Dropped(draft.record_id, "long", self.name, f"{draft.tokens} tokens")
        cut = self._cut(draft, last)
        if cut is None:
            return Dropped(draft.record_id, "short", self.name, "the budget leaves no sentence of the answer")
        messages, tokens = cut
        cut_draft = draft.evolved(messages=messages, tokens=tokens, touched=(*draft.touched, self.name))
        return flagged(cut_draft, CUT)

    def _cut(self, draft: Draft, last: int) -> tuple[tuple[Message, ...], int] | None:
        """The messages with the longest whole-sentence answer that fits, and their tokens."""
        answer = draft.messages[last].content
        ends = sentence_ends(answer)
        pieces = [answer[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        counts = self.counter.count([*pieces, answer])
        room = self.maximum - (draft.tokens - counts[-1])
        kept = _fitting(counts[:-1], room)
        while kept > 0:
            text = answer[: ends[kept - 1]].rstrip()
            messages = _with_content(draft.messages, last, text)
            tokens = count_examples([messages], self.counter)[0]
            if tokens <= self.maximum:
                is_enough = self.counter.count([text])[0] >= self.shortest_answer
                return (messages, tokens) if is_enough else None
            kept -= 1
        return None


def _fitting(counts: Sequence[int], room: int) -> int:
    """How many leading counts stay within ``room``."""
    total = 0
    for position, count in enumerate(counts):
        total += count
        if total > room:
            return position
    return len(counts)


def _with_content(messages: tuple[Message, ...], index: int, content: str) -> tuple[Message, ...]:
    return (*messages[:index], replace(messages[index], content=content), *messages[index + 1 :])


STEP = TokenBudget
