"""Lines and paragraphs that stand several times in one text, as scraped pages have them."""

from __future__ import annotations

import re

_WORDS_AT_ONCE = 5
_WORDS_THRICE = 3
_WORDS_OF_PARAGRAPH = 12
_CHARACTERS_PER_WORD = 4  # of a line without spaces, such as Japanese
_LINES_OF_BLOCK = 3
_PASSES = 8  # what one pass brings together the next one sees
_CODE_OR_TABLE = re.compile(r"[;{}\\]$|\s\|\s|\(\)|^\s*[|>#]|^[-=*_~.\s]+$")
_LOOKED_AT_FIRST = 32  # characters
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")


def may_repeat(text: str) -> bool:
    """Whether two of its lines, or its two halves, are the same; quick where none are."""
    return _halves(text) is not None or ("\n" in text and _has_twins(text))


def without_repeats(text: str) -> tuple[str, int]:
    """The text with each repetition reduced to its first, and how many lines went.

    A line of five words that follows itself goes, one of three where it stands three times in a row; a paragraph of
    twelve words and a block of three lines right after itself go wherever they stand again. Shorter ones are left to
    verse, dialogue and lists; code, tables and quotations are left as they are.
    """
    whole = text
    while (half := _halves(text)) is not None:
        text = half
    for _ in range(_PASSES):
        if "\n" not in text or not _has_twins(text):
            break
        lines = text.split("\n")
        kept = _without_blocks(_without_paragraphs(_without_runs(lines)))
        if len(kept) == len(lines):
            break
        text = "\n".join(kept)
    return text, max(_filled(whole) - _filled(text), int(text != whole))


def _filled(text: str) -> int:
    return sum(map(bool, text.split("\n")))


def _halves(text: str) -> str | None:
    """The half of a text that stands twice, with a space or line ends between."""
    gap = 1 if len(text) % 2 else 2
    half = (len(text) - gap) // 2
    if half <= _WORDS_OF_PARAGRAPH or not text.startswith(text[:_LOOKED_AT_FIRST], half + gap):
        return None
    if not text[half : half + gap].isspace() or not text.endswith(text[:half]):
        return None
    return text[:half] if _words(text[:half]) >= _WORDS_OF_PARAGRAPH else None


def _has_twins(text: str) -> bool:
    lines = [line for line in text.split("\n") if line]
    return len(set(lines)) < len(lines)


def _without_runs(lines: list[str]) -> list[str]:
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        end, last = number + 1, number
        while line and end < len(lines) and (lines[end] == line or not lines[end]):
            last = end if lines[end] else last
            end += 1
        times = sum(map(bool, lines[number : last + 1]))
        least = _WORDS_THRICE if times > 2 else _WORDS_AT_ONCE
        kept += [line] if times > 1 and _is_substance(line, least) else lines[number : last + 1]
        number = last + 1
    return kept


def _without_paragraphs(lines: list[str]) -> list[str]:
    seen: set[str] = set()
    kept: list[str] = []
    for line in lines:
        if len(line) > _WORDS_OF_PARAGRAPH and _is_substance(line, _WORDS_OF_PARAGRAPH):
            if line in seen:
                continue
            seen.add(line)
        kept.append(line)
    return kept


def _without_blocks(lines: list[str]) -> list[str]:
    """Without blocks of lines that follow themselves."""
    filled = [number for number, line in enumerate(lines) if line]
    distances = _distances([lines[number] for number in filled])
    runs = [0] * (len(filled) + 1)  # how many lines from here on stand at the same distance from their twins
    for place in range(len(filled) - 1, -1, -1):
        is_same = place + 1 < len(filled) and distances[place + 1] == distances[place]
        runs[place] = runs[place + 1] + 1 if is_same else 1
    gone: set[int] = set()
    place = 0
    while place < len(filled):
        size = distances[place]
        block = filled[place : place + size] if _LINES_OF_BLOCK <= size <= runs[place] else []
        if block and _is_block([lines[number] for number in block]):
            gone.update(block)
            place += size
        else:
            place += 1
    return [line for number, line in enumerate(lines) if number not in gone]


def _distances(lines: list[str]) -> list[int]:
    """For each line how far above its twin stands; 0 where there is none."""
    last: dict[str, int] = {}
    distances: list[int] = []
    for place, line in enumerate(lines):
        distances.append(place - last.get(line, place))
        last[line] = place
    return distances


def _is_block(lines: list[str]) -> bool:
    return (
        len(set(lines)) > 1
        and sum(map(_words, lines)) >= _WORDS_OF_PARAGRAPH
        and not any(_CODE_OR_TABLE.search(line) for line in lines)
    )


def _is_substance(line: str, least: int) -> bool:
    return _words(line) >= least and not _CODE_OR_TABLE.search(line) and _LETTER.search(line) is not None


def _words(line: str) -> int:
    spaced = len(line.split())
    return spaced if line.isascii() else spaced + len(_UNSPACED.findall(line)) // _CHARACTERS_PER_WORD
