"""Answers with facts that their prompt does not give: they teach a model to invent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from webtune_tui.domain.options import option
from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.facts import may_state, unsupported, untold_fields
from webtune_tui.pipeline.flags import INVENTS, flagged

_MOST_FIELDS = 20
_LEAST_SHARE = 0.01
_EXAMPLES, _INVENTING = "\x00examples", "\x00inventing"


@dataclass(frozen=True)
class UnsupportedFacts:
    """Flags answers with numbers, dates, model numbers and names that stand in no message before them.

    Over the set it finds the fields that answers use and prompts do not give: a template that gives them teaches
    to use what is known instead.
    """

    name: ClassVar[str] = "unsupported_facts"
    title: ClassVar[str] = "Facts that the prompt does not give"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 60
    is_default: ClassVar[bool] = True
    enough: ClassVar[int] = 2_000
    only_reports: ClassVar[bool] = True

    facts: int = option(1, label="Flagged from", help="Numbers, dates, model numbers and names.", minimum=1)
    also_written: bool = option(
        False, label="Also written examples", help="Rows with messages or question and answer state what they know."
    )
    seen: tuple[tuple[str, int], ...] = ()
    """What a survey counted: examples, those that invent, and each field that answers use and prompts don't give."""

    def apply(self, draft: Draft) -> Draft:
        """Flags an answer with so many unsupported facts."""
        if draft.is_written and not self.also_written:
            return draft
        answer = _told(draft)
        if not may_state(answer):
            return draft
        return flagged(draft, INVENTS) if self._invents(answer, _given(draft)) else draft

    def _invents(self, answer: str, given: str) -> bool:
        return len(unsupported(answer, given, self.facts)) >= self.facts

    def observe(self, drafts: Sequence[Draft]) -> Counter[str]:
        """In how many examples the answer invents, and uses each field that the prompt does not give."""
        counted: Counter[str] = Counter()
        for draft in drafts:
            if draft.is_written and not self.also_written:
                continue
            given, answer = _given(draft), _told(draft)
            counted[_EXAMPLES] += 1
            counted[_INVENTING] += self._invents(answer, given)
            counted.update(untold_fields(draft.fields, answer, given))
        return counted

    def learned(self, observed: Iterable[Counter[str]]) -> Self:
        """The step that knows what the parts of the sample showed."""
        total: Counter[str] = sum(observed, Counter())
        return replace(self, seen=tuple(sorted(total.items())))

    def findings(self) -> Sequence[Mapping[str, Any]]:
        """How many examples invent, then the fields to give in the template, those used most first."""
        counted = dict(self.seen)
        examples, inventing = counted.pop(_EXAMPLES, 0), counted.pop(_INVENTING, 0)
        if not examples:
            return []
        told = f"{inventing / examples:.0%} of answers state facts that the prompt does not give"
        summary = [{"field": "", "share": round(inventing / examples, 4), "examples": inventing, "told": told}]
        fields = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_FIELDS]
        return [
            *(summary if inventing else []),
            *(_finding(*field, examples) for field in fields if _is_much(field, examples)),
        ]


def _is_much(field: tuple[str, int], examples: int) -> bool:
    return field[1] >= max(2, examples * _LEAST_SHARE)


def _finding(name: str, count: int, examples: int) -> dict[str, Any]:
    share = count / examples
    told = f"{name}: {share:.0%} of answers use it, the prompt does not give it"
    return {"field": name, "share": round(share, 4), "examples": count, "told": told}


def _told(draft: Draft) -> str:
    """The last answer without the placeholders of what was redacted."""
    answer = draft.answer
    for placeholder in draft.redacted:
        answer = answer.replace(placeholder, "")
    return answer


def _given(draft: Draft) -> str:
    """All that stands before the last answer."""
    last = max((i for i, message in enumerate(draft.messages) if message.role == "assistant"), default=0)
    return "\n".join(message.content for message in draft.messages[:last])


STEP = UnsupportedFacts
