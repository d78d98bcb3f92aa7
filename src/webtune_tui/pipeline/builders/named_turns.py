"""Rows whose columns are the turns: system/user/assistant, prompt/completion, instruction/output, question/answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.template import as_text

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
        question = as_text(row.get(asked))
        context = as_text(row.get(*_CONTEXTS.get(asked, ())))
        system = as_text(row.get(*_SYSTEMS))
        if not question and not context:
            return None
        messages = [Message("system", system)] if system else []
        messages.append(Message("user", "\n\n".join(part for part in (question, context) if part)))
        messages.append(Message("assistant", _first_text(row.get(answered))))
        return Conversation(tuple(messages), tuple(part for part in (question, context) if part))


def _first_text(value: Any) -> str:
    """An answer column's text; the first of several answers."""
    if isinstance(value, Mapping):
        value = value.get("text")
    if isinstance(value, list):
        value = next((item for item in value if as_text(item)), "")
    return as_text(value)


def _pair(row: Columns) -> tuple[str, str] | None:
    for asked, answered in _PAIRS:
        question = next((name for name in asked if row.has(name)), None)
        answer = next((name for name in answered if row.has(name)), None)
        if question and answer:
            return question, answer
    return None


BUILDER = NamedTurns()
