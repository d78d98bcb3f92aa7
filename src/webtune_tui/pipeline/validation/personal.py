"""Personal data and secrets in the texts of a row, by the finder of the redaction step."""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.validation.repairs import Placeholders


def is_here() -> bool:
    """Whether the finder is there."""
    return importlib.util.find_spec("webtune_tui.pipeline.private_data") is not None


class Span(NamedTuple):
    """A find in a text: what it is, and where."""

    kind: str
    start: int
    end: int


def found_in(text: str) -> list[Span]:
    """The finds of a text in order, without overlaps."""
    from webtune_tui.pipeline.private_data.finder import find  # its patterns take time to compile

    return [Span(hit.kind, hit.start, hit.end) for hit in find(text)]


def counts_in(conversations: Iterable[Iterable[Message]]) -> Counter[str]:
    """How many finds of each kind are in the messages of a row; a text that stands there twice counts once."""
    texts = dict.fromkeys(message.content for messages in conversations for message in messages)
    return Counter(span.kind for text in texts for span in found_in(text))


def redacted(text: str, placeholders: Placeholders) -> str:
    """The text with a placeholder for each find."""
    pieces, end = [], 0
    for span in found_in(text):
        pieces += [text[end : span.start], placeholders.of(span.kind, text[span.start : span.end])]
        end = span.end
    return "".join([*pieces, text[end:]])
