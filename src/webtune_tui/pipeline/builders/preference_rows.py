"""Rows that hold a better and a worse answer to one prompt, as text or as lists of turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.preferences import split_pair, turns_in, with_rejected
from webtune_tui.pipeline.template import as_text

_PROMPTS = ("prompt", "question", "instruction", "query", "user", "human", "input")
_SYSTEMS = ("system", "system_prompt")
_CONTEXTS = {"instruction": ("input", "context"), "question": ("context", "passage"), "query": ("context",)}
_PAIRS = (("chosen", "rejected"), ("preferred_output", "non_preferred_output"))


class PreferenceRows:
    """Takes the better answer; the worse one is kept beside it where the plan wants preference pairs."""

    name: ClassVar[str] = "preference_rows"
    order: ClassVar[int] = 15
    is_written: ClassVar[bool] = True
    judges_by_names: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ()

    def accepts(self, fields: Mapping[str, Any]) -> bool:
        """Whether the row has the columns of both answers."""
        row = Columns(fields)
        return any(row.has(better) and row.has(worse) for better, worse in _PAIRS)

    def build(self, fields: Mapping[str, Any]) -> Conversation | None:
        """The prompt and the better answer."""
        made = _both(Columns(fields))
        return made[0] if made else None

    def reads_for(self, plan: BuildPlan) -> tuple[str, ...]:
        """Any column."""
        return self.reads

    def build_all(self, fields: Mapping[str, Any], plan: BuildPlan) -> Sequence[Conversation]:
        """The conversation, with the worse answer beside the better where the plan wants pairs."""
        made = _both(Columns(fields))
        if made is None:
            return []
        conversation, rejected = made
        return [with_rejected(conversation, rejected) if plan.preferences else conversation]


def _both(row: Columns) -> tuple[Conversation, str] | None:
    """The better conversation and the worse answer, empty where it belongs to another prompt."""
    better, worse = next(((row.get(b), row.get(w)) for b, w in _PAIRS if row.has(b) and row.has(w)), (None, None))
    chosen, rejected = turns_in(better), turns_in(worse)
    if not chosen:
        return _of_texts(row, as_text(better), rejected[-1].content if rejected else as_text(worse))
    if chosen[0].role == "assistant":
        before = _prompt_turns(row)
        if not before:
            return None
        chosen, rejected = (*before, *chosen), (*before, *rejected)
    if all(message.role != "assistant" for message in chosen):
        return None
    values = tuple(m.content for m in chosen[:-1] if m.role != "system" and m.content)
    pair = split_pair(chosen, rejected)
    return Conversation(chosen, values), pair[1] if pair else ""


def _prompt_turns(row: Columns) -> tuple[Message, ...]:
    """The turns before the answer, from a list of them or from a text."""
    turns = turns_in(row.get("prompt", "input", "messages"))
    if turns:
        return turns
    asked = _asked(row)
    system = as_text(row.get(*_SYSTEMS))
    told = (Message("system", system),) if system else ()
    return (*told, Message("user", asked[0])) if asked else ()


def _of_texts(row: Columns, better: str, worse: str) -> tuple[Conversation, str] | None:
    turns = turns_in(row.get("prompt", "input"))
    if turns:
        values = tuple(m.content for m in turns if m.role != "system" and m.content)
        return Conversation((*turns, Message("assistant", better)), values), worse
    asked = _asked(row)
    if asked is None:
        return None
    system = as_text(row.get(*_SYSTEMS))
    told = (Message("system", system),) if system else ()
    messages = (*told, Message("user", asked[0]), Message("assistant", better))
    return Conversation(messages, asked[1]), worse


def _asked(row: Columns) -> tuple[str, tuple[str, ...]] | None:
    """The prompt's text, and the values that it is made of."""
    column = next((name for name in _PROMPTS if as_text(row.get(name))), None)
    if column is None:
        return None
    values = (as_text(row.get(column)), as_text(row.get(*_CONTEXTS.get(column, ()))))
    known = tuple(value for value in values if value)
    return "\n\n".join(known), known


BUILDER = PreferenceRows()
