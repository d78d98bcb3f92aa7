"""Rows whose columns are the turns: system/user/assistant, prompt/completion, instruction/output, question/answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.formats.alpaca import history_of
from webtune_tui.pipeline.preferences import with_rejected
from webtune_tui.pipeline.template import as_text
from webtune_tui.pipeline.threads import ACCEPTED_ID, answers_in, best_of, pair_of

_PAIRS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("user",), ("assistant",)),
    (("prompt",), ("completion", "response", "chosen")),
    (("instruction",), ("output", "response", "completion")),
    (("question", "query"), ("answer", "answers", "response", "best_answer", "accepted_answer")),
    (("input",), ("output", "target", "label")),
    (("human",), ("gpt", "assistant", "bot")),
)
_SYSTEMS = ("system", "system_prompt")
_CONTEXTS = {"instruction": ("input", "context"), "question": ("context", "passage"), "query": ("context",)}


class NamedTurns:
    """Maps the usual pairs of columns to a user and an assistant message."""

    name: ClassVar[str] = "named_turns"
    order: ClassVar[int] = 20
    is_written: ClassVar[bool] = True
    judges_by_names: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether both columns of a pair are there."""
        return _pair(Columns(fields)) is not None

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """System (where given), user with its context, assistant."""
        row = Columns(fields)
        pair = _pair(row)
        if pair is None:
            return None
        asked, answered = pair
        question = _as_written(row.get(asked))
        context = as_text(row.get(*_CONTEXTS.get(asked, ())))
        system = _as_written(row.get(*_SYSTEMS))
        if not question.strip() and not context:
            return None
        messages = [Message("system", system)] if system.strip() else []
        earlier = history_of(row.get("history"))
        messages += earlier
        messages.append(Message("user", "\n\n".join(part for part in (question, context) if part)))
        messages.append(Message("assistant", _answer_text(row, answered)))
        values = (*(message.content for message in earlier), question, context)
        return Conversation(tuple(messages), tuple(value for value in values if value))

    def reads_for(self, plan: BuildPlan) -> tuple[str, ...]:
        """Any column."""
        return self.reads

    def build_all(self, fields: Mapping[str, Any], plan: BuildPlan) -> Sequence[Conversation]:
        """The conversation; with preferences the worst of several rated answers beside the best."""
        made = self.build(fields)
        if made is None:
            return []
        pair = _pair(row := Columns(fields))
        if plan.preferences and pair is not None:
            rated = pair_of(answers_in(row.get(pair[1]), as_text(row.get(*ACCEPTED_ID))), plan.preference_margin)
            if rated is not None:
                return [with_rejected(made, rated.rejected)]
        return [made]


def _answer_text(row: Columns, column: str) -> str:
    """An answer column's text: the accepted or best of several rated answers, else the first."""
    value = row.get(column)
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        answers = answers_in(value, as_text(row.get(*ACCEPTED_ID)))
        best = best_of(answers) or (answers[0] if answers else None)
        return best.text if best else ""
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, list):
        value = next((item for item in value if as_text(item)), "")
    return _as_written(value)


def _as_written(value: Any) -> str:
    """A text with its spaces, since the row was written as an example; anything else in words."""
    return value if isinstance(value, str) else as_text(value)


def _pair(row: Columns) -> tuple[str, str] | None:
    for asked, answered in _PAIRS:
        question = next((name for name in asked if row.has(name)), None)
        answer = next((name for name in answered if row.has(name)), None)
        if question and answer:
            return question, answer
    return None


BUILDER = NamedTurns()
