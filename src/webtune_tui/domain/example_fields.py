"""What a condition can ask of an example: ``tokens > 800 and split = train and flags has near_duplicate``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.domain.conditions import Condition, compiled
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Message, decode_messages

EDITED = "edited"
"""The flag of an example whose messages a person changed."""

TEXTS = ("prompt", "answer", "system", "turns")
"""The fields that are read from the messages."""

FIELDS = ("index", "id", "split", "tokens", "source", "flags", "edited", "group", *TEXTS)
"""All fields, those first that need no messages."""

EXAMPLES = 'tokens > 800, split = test, answer ~ "refurb", flags has near_duplicate, edited is true'


def example_condition(text: str) -> Condition:
    """The condition on examples that a text says.

    Raises:
        UsageError: it can't be read, or it asks for a field that examples don't have.
    """
    condition = compiled(text)
    unknown = [name for name in condition.fields if name.casefold() not in FIELDS]
    if unknown:
        raise UsageError(
            f"Examples have no field {unknown[0]!r}", hint=f"They have: {', '.join(FIELDS)}. Such as: {EXAMPLES}"
        )
    return condition


def fields_asked(condition: Condition) -> frozenset[str]:
    """The fields that a condition asks for."""
    return frozenset(name.casefold() for name in condition.fields)


def example_fields(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of an example from those of its stored columns that are there.

    ``flags`` are words with spaces between, ``messages`` the canonical JSON.
    """
    fields = dict(columns)
    if "flags" in fields:
        flags = fields["flags"].split()
        fields |= {"flags": flags, "edited": EDITED in flags}
    if "messages" in fields:
        messages = decode_messages(fields.pop("messages"))
        fields |= {
            "prompt": _last(messages, "user"),
            "answer": _last(messages, "assistant"),
            "system": next((one.content for one in messages if one.role == "system"), ""),
            "turns": len(messages),
        }
    return fields


def _last(messages: Sequence[Message], role: str) -> str:
    return next((one.content for one in reversed(messages) if one.role == role), "")
