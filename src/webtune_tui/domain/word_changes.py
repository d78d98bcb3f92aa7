"""What changed between two texts, word by word: the algorithm alone, without width, colour or terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

WordKind = Literal["same", "gone", "new", "around", "left_out"]

_WORDS = re.compile(r"\s*+\S++|\s++")
_COMPARED = 600  # words of the part that differs; longer parts are shown one after the other
_CONTEXT = 6  # words around a change
_READ = 20_000  # characters


@dataclass(frozen=True, slots=True)
class WordChange:
    """A word that stays (``same``, or ``around`` a change), that went or came, or ``…`` for equal ones left out."""

    kind: WordKind
    text: str


def word_changes(before: str, after: str) -> list[WordChange]:
    """The words in order; long equal runs are left out.

    Takes time in proportion to the texts but for the part that differs, which is bounded.
    """
    old, new = _WORDS.findall(before[:_READ]), _WORDS.findall(after[:_READ])
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    parts = [*_context(old[:start], at_end=True)]
    if len(middle_old) * len(middle_new) > _COMPARED * _COMPARED:
        parts += [*_of("gone", middle_old[:_COMPARED]), *_of("new", middle_new[:_COMPARED])]
    else:
        parts += _matched(middle_old, middle_new)
    return [*parts, *_context(old[len(old) - end :], at_end=False)]


def _matched(old: Sequence[str], new: Sequence[str]) -> Iterator[WordChange]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (kind, first, last, start, stop) in enumerate(blocks):
        if kind == "equal":
            is_inner = 0 < number < len(blocks) - 1
            yield from _shortened(old[first:last]) if is_inner else _of("same", old[first:last])
            continue
        yield from _of("gone", old[first:last])
        if last > first and stop > start and not new[start][0].isspace():
            yield WordChange("same", " ")
        yield from _of("new", new[start:stop])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _context(words: Sequence[str], *, at_end: bool) -> list[WordChange]:
    kept = words[-_CONTEXT:] if at_end else words[:_CONTEXT]
    parts = list(_of("around", kept))
    if len(kept) == len(words):
        return parts
    return [WordChange("left_out", "… "), *parts] if at_end else [*parts, WordChange("left_out", " …")]


def _shortened(words: Sequence[str]) -> Iterator[WordChange]:
    if len(words) <= 2 * _CONTEXT + 2:
        yield from _of("same", words)
        return
    yield from _of("around", words[:_CONTEXT])
    yield WordChange("left_out", " …")
    yield from _of("around", words[-_CONTEXT:])


def _of(kind: WordKind, words: Iterable[str]) -> Iterator[WordChange]:
    return (WordChange(kind, word) for word in words)
