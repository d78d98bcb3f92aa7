"""What is counted of one example, and the names by which conditions ask for it.

Domain, time and fields are those of the example's first record; lengths are those of the last user and the last
assistant message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from webtune_tui.pipeline.languages import UNKNOWN_NAME

LONGEST_LABEL = 120
"""Characters of a label that are told apart; a longer one stands for all that begin so."""


class Place(NamedTuple):
    """Where an example comes from: the host of its record, and when that was collected (empty: unknown)."""

    domain: str = ""
    collected_at: str = ""


class ExampleFacts(NamedTuple):
    """One example in figures and labels. ``language`` and ``filled`` are ``None`` where nobody looked."""

    split: str
    tokens: int
    messages: int
    prompt_characters: int
    answer_characters: int
    source: str
    domain: str
    collected_at: str
    flags: tuple[str, ...]
    language: str | None = None
    filled: tuple[str, ...] | None = None
    read: tuple[str, ...] = ()

    def as_fields(self) -> dict[str, Any]:
        """The mapping that a condition is asked of; fields that are filled stand in ``fields``."""
        return {
            "split": self.split,
            "tokens": self.tokens,
            "turns": self.messages,
            "prompt_characters": self.prompt_characters,
            "answer_characters": self.answer_characters,
            "source": self.source,
            "domain": self.domain,
            "collected_at": self.collected_at or None,
            "flags": list(self.flags),
            "language": self.language or (None if self.language is None else UNKNOWN_NAME),
            "fields": None if self.filled is None else list(self.filled),
        }


class Texts(NamedTuple):
    """The messages of an example: how many, the prompt, the answer, and all contents."""

    messages: int
    prompt: str
    answer: str
    contents: tuple[str, ...]


def texts_of(messages: str) -> Texts:
    """The texts in the canonical JSON of an example's messages."""
    try:
        bodies: Sequence[Mapping[str, Any]] = orjson.loads(messages)
    except orjson.JSONDecodeError:  # half of a surrogate pair, nested deeper than the fast parser goes
        bodies = json.loads(messages)
    prompt = answer = ""
    contents = []
    for body in bodies:
        content = body.get("content")
        if not isinstance(content, str):
            content = ""
        contents.append(content)
        role = body.get("role")
        if role == "assistant":
            answer = content
        elif role == "user":
            prompt = content
    return Texts(len(bodies), prompt, answer, tuple(contents))
