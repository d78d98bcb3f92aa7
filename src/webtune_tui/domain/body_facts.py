"""What is kept of an example's messages, so that conditions need not read them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from webtune_tui.domain.example_fields import TEXT_FIELDS
from webtune_tui.domain.examples import Message

LanguageOf = Callable[[str], str]
"""The language of a text."""

FACT_FIELDS = ("turns", "prompt_characters", "answer_characters", "language")
"""The fields of conditions that are kept."""


class BodyFacts(NamedTuple):
    """The kept fields; ``language`` is ``None`` where nobody could tell languages."""

    turns: int
    prompt_characters: int
    answer_characters: int
    language: str | None


def facts_of(messages: Sequence[Message], language_of: LanguageOf | None) -> BodyFacts:
    """What is kept of messages."""
    read = TEXT_FIELDS
    return BodyFacts(
        read["turns"](messages),
        read["prompt_characters"](messages),
        read["answer_characters"](messages),
        language_of(read["language"](messages)) if language_of is not None else None,
    )
