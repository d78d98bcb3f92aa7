"""Where a text may be parted: at headings, paragraphs, lines, sentences and words, and what stays whole.

Every function answers pieces that join to the text again, character by character. All of them take time that grows with
the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(\S.*)")
_SENTENCE = re.compile(r"(?:(?<![.!?…])[.!?…]+[\"'”’»)\]]{0,3}(?=\s)|[。！？][」』）”]{0,3}|\n)\s*")
_WORD = re.compile(r"\S+\s*|\s+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff]")
_CLAUSE_ENDS = "、，；："
_LONGEST_HEADING = 200
_FENCES = ("```", "~~~")


class Border(IntEnum):
    """What lies before a piece; the lower, the better a place to part the text."""

    SECTION = 0
    SUBSECTION = 1
    PARAGRAPH = 2
    LINE = 3
    SENTENCE = 4
    WORD = 5
    INSIDE = 6


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text from ``start`` to ``end``. ``heading`` is its words where the piece is a heading alone."""

    start: int
    end: int
    border: Border
    heading: str = ""
    level: int = 0
    is_whole: bool = False
    """Whether it is a table or fenced code, which stays in one piece where it fits."""


def blocks(text: str) -> Iterator[Passage]:
    """Headings, paragraphs, tables and fenced code in order; the empty lines behind a block belong to it."""
    lines = text.splitlines(keepends=True)
    at = position = 0
    while at < len(lines):
        begin, first = at, position
        line = lines[at]
        stripped = line.lstrip()
        heading = _HEADING.match(line) if stripped.startswith("#") else None
        at += 1
        is_whole = False
        if heading is None and stripped.startswith(_FENCES):
            at = _behind_fence(lines, begin, stripped[:3])
            is_whole = True
        elif heading is None and stripped:
            is_table = _is_row(line)
            while at < len(lines) and _goes_on(lines[at], is_table):
                at += 1
            is_whole = is_table
        while at < len(lines) and not lines[at].strip():
            at += 1
        position = first + sum(map(len, lines[begin:at]))
        if heading is not None:
            words = heading.group(2).strip().rstrip("#").strip()[:_LONGEST_HEADING]
            level = len(heading.group(1))
            yield Passage(first, position, Border.SECTION if level < 3 else Border.SUBSECTION, words, level)
        else:
            yield Passage(first, position, Border.PARAGRAPH, is_whole=is_whole)


def parts_of(text: str, passage: Passage) -> list[Passage]:
    """The next smaller pieces of a passage: lines, else sentences, else words, else pieces of a word.

    A piece of one character has no parts.
    """
    inside = text[passage.start : passage.end]
    if passage.border < Border.LINE and len(found := _lines(inside, passage.is_whole)) > 1:
        return _placed(passage, found, Border.LINE)
    if passage.border < Border.SENTENCE and len(found := sentences(inside)) > 1:
        return _placed(passage, found, Border.SENTENCE)
    if passage.border < Border.WORD and len(found := words(inside)) > 1:
        return _placed(passage, found, Border.WORD)
    half = len(inside) // 2
    return _placed(passage, [inside[:half], inside[half:]], Border.INSIDE) if half else [passage]


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, each with the space behind it.

    A small letter goes on with the sentence before it, be it behind an abbreviation or on the next line.
    """
    ends = [end for match in _SENTENCE.finditer(text) if not text[(end := match.end()) : end + 1].islower()]
    if not ends or ends[-1] != len(text):
        ends.append(len(text))
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False) if end > start]


def _lines(text: str, is_whole: bool) -> list[str]:
    """The lines; a line of a paragraph that goes on with a small letter is one with the line before it."""
    found = text.splitlines(keepends=True)
    if is_whole or len(found) < 2:
        return found
    joined: list[list[str]] = []
    for line in found:
        if joined and line[:1].islower():
            joined[-1].append(line)
        else:
            joined.append([line])
    return ["".join(some) for some in joined]


def words(text: str) -> list[str]:
    """The words of a text, each with the space behind it; clauses and characters in scripts without spaces."""
    found: list[str] = []
    for word in _WORD.findall(text):
        if word.isascii() or not _UNSPACED.search(word):
            found.append(word)
        else:
            found.extend(_clauses(word))
    return found


def _clauses(word: str) -> Iterator[str]:
    """A run of a script without spaces behind each mark between clauses, and every eight characters."""
    begin = 0
    for at, character in enumerate(word, start=1):
        if character in _CLAUSE_ENDS or at - begin >= 8:
            yield word[begin:at]
            begin = at
    if begin < len(word):
        yield word[begin:]


def _placed(passage: Passage, pieces: list[str], border: Border) -> list[Passage]:
    """The pieces as passages; the first of them begins where the passage does."""
    placed, at = [], passage.start
    for piece in pieces:
        first = at == passage.start
        placed.append(Passage(at, at + len(piece), min(passage.border, border) if first else border))
        at += len(piece)
    return placed


def _behind_fence(lines: list[str], begin: int, fence: str) -> int:
    """The number of the line behind a block of fenced code; an unclosed fence is a line of its own."""
    for at in range(begin + 1, len(lines)):
        if lines[at].lstrip().startswith(fence):
            return at + 1
    return begin + 1


def _goes_on(line: str, is_table: bool) -> bool:
    """Whether a line belongs to the paragraph or table above it."""
    stripped = line.lstrip()
    if not stripped or stripped.startswith(_FENCES) or (stripped.startswith("#") and _HEADING.match(line)):
        return False
    return _is_row(line) == is_table


def _is_row(line: str) -> bool:
    """Whether a line looks like a row of a table: bars between cells, or tabs."""
    return line.lstrip().startswith("|") or line.count(" | ") >= 1 or line.count("\t") >= 2
