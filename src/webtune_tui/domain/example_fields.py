"""What a condition can ask of an example: ``tokens > 800 and source ~ "amazon" and flag:near-duplicate``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webtune_tui.domain.conditions import Condition, compiled
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Example, Message

EDITED = "edited"
"""The flag of an example that was changed by hand."""

FIELD_WORDS: Mapping[str, str] = {
    "index": "its place in the version, from 1",
    "id": "its id, ex-...",
    "split": "train, validation or test",
    "tokens": "of the whole example",
    "turns": "messages in it",
    "prompt": "the last user message",
    "answer": "the last assistant message",
    "system": "the first system message",
    "text": "any message, calls of tools included",
    "source": "where its record comes from",
    "flags": "what was found in it, such as near-duplicate or redacted:email",
    "edited": "true where it was changed by hand",
    "group": "its group, whose members share a split",
    "prompt_characters": "characters of the last user message",
    "answer_characters": "characters of the last assistant message",
    "language": "of the answer, such as en or pt; unknown where it can't be told",
    "domain": "the host of its record's address",
    "collected_at": "the day on which its record was collected",
    "fields": "the fields of its record that are filled",
}
"""The fields, and what each is."""

OTHER_NAMES: Mapping[str, str] = {
    "flag": "flags",
    "tag": "flags",
    "token": "tokens",
    "turn": "turns",
    "messages": "text",
    "user": "prompt",
    "assistant": "answer",
    "sources": "source",
    "example": "id",
    "example_id": "id",
    "number": "index",
    "place": "index",
}

EXAMPLES = (
    'tokens > 800 and source ~ "amazon", flag:near-duplicate, answer ~ "steel" and not split = test, '
    "prompt is empty or turns > 2"
)


def field_named(name: str) -> str:
    """The field that a person means. Raises UsageError where an example has none of that name."""
    folded = name.casefold()
    found = OTHER_NAMES.get(folded, folded)
    if found not in FIELD_WORDS:
        raise UsageError(
            f"An example has no {name!r} to filter by",
            hint=f"It has {', '.join(FIELD_WORDS)}. For example: {EXAMPLES}",
        )
    return found


def condition_on_examples(text: str) -> Condition:
    """The condition that a text says about examples. Raises UsageError where it says none, or asks what isn't there."""
    condition = compiled(text)
    for name in condition.fields:
        field_named(name)
    return condition


def value_of(field: str, example: Example, index: int) -> Any:
    """What an example has in a field; ``index`` is its place from 1."""
    if field in TEXT_FIELDS:
        return TEXT_FIELDS[field](example.messages)
    match field:
        case "index":
            return index
        case "id":
            return example.example_id
        case "split":
            return example.split.value
        case "tokens":
            return example.tokens
        case "source":
            return example.source
        case "flags":
            return example.flags
        case "edited":
            return EDITED in example.flags
        case "language" | "domain" | "collected_at" | "fields":
            return None  # the workspace knows it
    return example.group


def matches(condition: Condition, example: Example, index: int) -> bool:
    """Whether an example fulfils a condition; ``index`` is its place from 1."""
    asked = {name: value_of(field_named(name), example, index) for name in condition.fields}
    return condition.matches(asked)


def _last(role: str) -> Callable[[Sequence[Message]], str]:
    return lambda messages: next((one.content for one in reversed(messages) if one.role == role), "")


def _system(messages: Sequence[Message]) -> str:
    return next((one.content for one in messages if one.role == "system"), "")


def _texts(messages: Sequence[Message]) -> list[str]:
    """What each message says; calls of tools and the like as their JSON."""
    told = [one.content for one in messages]
    return told + [json.dumps(dict(one.extra), ensure_ascii=False) for one in messages if one.extra]


TEXT_FIELDS: Mapping[str, Callable[[Sequence[Message]], Any]] = {
    "turns": len,
    "prompt": _last("user"),
    "answer": _last("assistant"),
    "system": _system,
    "text": _texts,
    "prompt_characters": lambda messages: len(_last("user")(messages)),
    "answer_characters": lambda messages: len(_last("assistant")(messages)),
    "language": _last("assistant"),
}
"""The fields for which the messages must be read."""
