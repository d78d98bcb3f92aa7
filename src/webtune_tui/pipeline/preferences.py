"""Preference pairs: the better answer is the example's own, the worse one stands beside it.

Pairs come from rows that hold both, from rated answers (see ``threads``), and from edits: what a person wrote is better
than what stood there before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from webtune_tui.domain.examples import REJECTED, ROW_KEYS, Message
from webtune_tui.pipeline.base import Conversation
from webtune_tui.pipeline.wording import is_same_wording

_ROLES = {"human": "user", "user": "user", "assistant": "assistant", "gpt": "assistant", "system": "system"}
_MARK = re.compile(r"\n\n(Human|Assistant):")


def with_rejected(conversation: Conversation, rejected: str) -> Conversation:
    """The conversation with a worse answer beside its last one; as it is where the two say the same."""
    messages = conversation.messages
    last = max((at for at, message in enumerate(messages) if message.role == "assistant"), default=-1)
    if last < 0 or not rejected.strip() or is_same_wording(messages[last].content, rejected):
        return conversation
    told = replace(messages[last], extra={**messages[last].extra, REJECTED: rejected.strip()})
    return replace(conversation, messages=(*messages[:last], told, *messages[last + 1 :]))


def rejected_of(messages: Sequence[Message]) -> str:
    """The worse answer beside the last one; the empty text where there is none."""
    for message in reversed(messages):
        if message.role == "assistant":
            value = message.extra.get(REJECTED)
            return value if isinstance(value, str) else ""
    return ""


def pairs_from_edits(before: Sequence[Message], after: Sequence[Message]) -> tuple[Message, ...] | None:
    """The edited messages with the answer that stood there before as the rejected one.

    ``None`` where the prompt was edited too, where the answers differ in spacing and case alone, or one is empty: such
    an edit says nothing of the answers.
    """
    if not before or len(before) != len(after) or before[-1].role != "assistant" or after[-1].role != "assistant":
        return None
    if [(m.role, m.content) for m in before[:-1]] != [(m.role, m.content) for m in after[:-1]]:
        return None
    if not before[-1].content.strip() or not after[-1].content.strip():
        return None
    made = with_rejected(Conversation(tuple(after), ()), before[-1].content)
    return made.messages if rejected_of(made.messages) == before[-1].content.strip() else None


def turns_in(value: Any) -> tuple[Message, ...]:
    """The messages of a list of turns, or of a text that marks them (``Human:``, ``Assistant:``); else none."""
    if isinstance(value, Mapping) and isinstance(value.get("messages"), list):
        turns = turns_in(value["messages"])
        beside = {key: value[key] for key in ROW_KEYS if value.get(key) not in (None, [])}
        return (replace(turns[0], extra={**turns[0].extra, **beside}), *turns[1:]) if turns and beside else turns
    if isinstance(value, list) and value and all(isinstance(turn, Mapping) for turn in value):
        if all(isinstance(turn.get("role"), str) for turn in value):
            return tuple(Message.from_json(turn) for turn in value)
        roles = [_ROLES.get(str(turn.get("from"))) for turn in value]
        if all(roles):
            return tuple(Message(str(role), str(t.get("value", ""))) for role, t in zip(roles, value, strict=True))
    if isinstance(value, str) and value.lstrip().startswith("Human:") and "\n\nAssistant:" in value:
        return tuple(_marked("\n\n" + value.lstrip()))
    return ()


def split_pair(chosen: Sequence[Message], rejected: Sequence[Message]) -> tuple[tuple[Message, ...], str] | None:
    """The better conversation and the worse last answer; ``None`` where they part before the last answer."""
    if not chosen or not rejected or len(chosen) != len(rejected):
        return None
    if chosen[-1].role != "assistant" or rejected[-1].role != "assistant":
        return None
    is_one_prompt = all(
        (one.role, one.content) == (other.role, other.content)
        for one, other in zip(chosen[:-1], rejected[:-1], strict=True)
    )
    return (tuple(chosen), rejected[-1].content) if is_one_prompt else None


def _marked(text: str) -> list[Message]:
    marks = list(_MARK.finditer(text))
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return [
        Message(_ROLES[mark.group(1).lower()], text[mark.end() : end].strip())
        for mark, end in zip(marks, ends, strict=True)
    ]
