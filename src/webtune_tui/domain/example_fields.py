"""What a condition can ask of an example: ``tokens > 800 and split = train and flags has near_duplicate``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webtune_tui.domain.conditions import Condition, compiled
from webtune_tui.domain.errors import UsageError

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


def head_fields(
    index: int, example_id: str, split: str, tokens: int, source: str, flags: tuple[str, ...], group: str
) -> Mapping[str, Any]:
    """The fields of an example that need no messages."""
    return {
        "index": index,
        "id": example_id,
        "split": split,
        "tokens": tokens,
        "source": source,
        "flags": list(flags),
        "edited": EDITED in flags,
        "group": group,
    }
