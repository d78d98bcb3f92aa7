"""Where sentences end: good enough to find the same ones in many texts, not to take a text apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(r"[.!?…](?=\s)|[。！？]")


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """The start and end of each sentence, without the spaces around it."""
    start = 0
    for match in _END.finditer(text):
        yield from _span(text, start, match.end())
        start = match.end()
    yield from _span(text, start, len(text))


def sentences(text: str) -> list[str]:
    """The sentences of a text in order."""
    return [text[start:end] for start, end in sentence_spans(text)]


def first_sentence_end(text: str) -> int:
    """Where the first sentence ends."""
    match = _END.search(text)
    return match.end() if match else len(text)


def _span(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if words := piece.strip():
        start += len(piece) - len(piece.lstrip())
        yield start, start + len(words)
