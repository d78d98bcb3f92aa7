"""Lines and sentences that stand in many texts of one source, found by frequency.

A line that recurs is not yet boilerplate: variants of one product share nearly all of theirs, and a house has its
style. So what is around it has to differ, and a line that does not speak of the shop or the site must recur more often
and always at the same end of the texts.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

from webtune_tui.pipeline.boilerplate_cues import is_about_the_site
from webtune_tui.pipeline.cleaning.whitespace import is_item
from webtune_tui.pipeline.sentences import first_sentence_end, sentence_spans, sentences
from webtune_tui.pipeline.wording import words

_MOST_LINES = 40  # looked at, from either end of a text
_MOST_SENTENCES = 12  # looked at, from either end of a line
_LONGEST = 400  # characters of a line that are compared; the rest only by its hash
_SHORTEST_CHARACTERS = 20
_MARKS = re.compile(r"^(?:[-*+•‣◦–>#]+|\d{1,3}[.)])\s+")
_FACT = re.compile(r"^[^:：]{1,40}[:：]\s*(?:\S+(?:\s+|$)){1,6}$")
_BLANK_LINES = re.compile(r"\n{3,}")
_LONGEST_MARK = 40  # characters that folding may take away from a line, such as a list mark
_ENDING = 4  # characters
_LETTER = re.compile(r"[^\W\d_]")

_WITHOUT_CUE = 4  # times the share that a line needs which does not speak of the site
_ITEM_WITHOUT_CUE = 10
_SAME_END = 0.8  # share of a line's places that must be at one end of the texts
_MOST_COMPARED = 64  # texts around a line
_MOST_WORDS = 80  # of a text that are compared
_ALIKE_WORDS, _ALIKE_PAIRS = 0.5, 0.2  # Jaccard similarity of the words and of the pairs of words around
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class SeenText:
    """One text of the sample as its lines; ``head`` and ``tail`` are the sentences of the first and the last one."""

    key: str
    lines: tuple[str, ...]
    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recurring:
    """A line that counts as boilerplate, in how many of the sampled texts it stands, and some of their records."""

    line: str
    records: int
    share: float
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on a line recurs. ``kept`` are folded lines that a person wants to stay."""

    share: float
    records: int
    words: int
    kept: frozenset[str] = frozenset()


def seen_text(key: str, text: str) -> SeenText:
    """What a survey keeps of a text."""
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    if len(lines) > 2 * _MOST_LINES:
        lines = lines[:_MOST_LINES] + lines[-_MOST_LINES:]
    first = sentences(lines[0]) if lines else []
    last = first if len(lines) == 1 else sentences(lines[-1]) if lines else []
    most = 2 * _MOST_SENTENCES
    head, tail = (first, last) if len(first) <= most else (first[:_MOST_SENTENCES], last[-_MOST_SENTENCES:])
    return SeenText(
        key,
        tuple(map(_cut, lines)),
        tuple(map(_cut, head)) if len(head) > 1 else (),
        tuple(map(_cut, tail[-most:])) if len(tail) > 1 else (),
    )


def folded_line(line: str) -> str:
    """A line by which it is recognised: without its list mark, its case and odd spaces."""
    return _cut(" ".join(_MARKS.sub("", line.strip()).casefold().split()))


def _cut(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    rest = blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{line[:_LONGEST]} {rest}"


def recurring_lines(texts: Iterable[SeenText], bounds: Bounds) -> dict[str, Recurring]:
    """The boilerplate of one source by its folded line; the order of the texts does not matter."""
    survey = _Survey(sorted(texts, key=lambda text: (text.key, text.lines)), bounds)
    return survey.found()


class _Survey:
    def __init__(self, texts: Sequence[SeenText], bounds: Bounds) -> None:
        distinct = {(text.lines, text.head, text.tail): text for text in reversed(texts)}
        self._texts = sorted(distinct.values(), key=lambda text: (text.key, text.lines))
        self._bounds = bounds
        self._folded: dict[str, str] = {}
        self._places: dict[str, list[int]] = {}
        for number, text in enumerate(self._texts):
            for unit in {self._fold(unit): None for unit in (*text.lines, *text.head, *text.tail)}:
                self._places.setdefault(unit, []).append(number)

    def found(self) -> dict[str, Recurring]:
        items = {self._fold(line) for text in self._texts for line in text.lines if is_item(line)}
        candidates = {
            unit
            for unit, places in self._places.items()
            if len(places) >= self._bounds.records
            and self._is_eligible(unit)
            and len(places) >= self._needed(unit, unit in items)
        }
        for _ in range(_ROUNDS):
            if not candidates:
                break
            staying = self._at_one_end(candidates)
            staying = {unit for unit in staying if self._differs_around(unit, staying)}
            if staying == candidates:
                break
            candidates = staying
        return {unit: self._told(unit) for unit in sorted(candidates)}

    def _fold(self, line: str) -> str:
        found = self._folded.get(line)
        if found is None:
            found = self._folded[line] = folded_line(line)
        return found

    def _is_eligible(self, unit: str) -> bool:
        if unit in self._bounds.kept or _FACT.match(unit) or not _LETTER.search(unit):
            return False
        return len(unit) >= _SHORTEST_CHARACTERS or len(words(unit)) >= self._bounds.words

    def _needed(self, unit: str, is_listed: bool) -> int:
        share = self._bounds.share
        if not is_about_the_site(unit):
            share *= _ITEM_WITHOUT_CUE if is_listed else _WITHOUT_CUE
        return max(self._bounds.records, math.ceil(min(share, 0.5) * len(self._texts)))

    def _at_one_end(self, candidates: set[str]) -> set[str]:
        """Those that can be taken off an end of their texts, nearly always the same; lines about the site anyway."""
        heads: Counter[str] = Counter()
        tails: Counter[str] = Counter()
        lines: Counter[str] = Counter()
        for text in self._texts:
            folded = [self._fold(line) for line in text.lines]
            lines.update(candidates.intersection(folded))
            first = _run(folded, candidates) or _run([self._fold(unit) for unit in text.head], candidates)
            last = _run(folded[::-1], candidates) or _run([self._fold(unit) for unit in text.tail[::-1]], candidates)
            heads.update(first)
            tails.update(last)
        return {
            unit
            for unit in candidates
            if max(heads[unit], tails[unit]) >= _SAME_END * len(self._places[unit])
            or (is_about_the_site(unit) and max(lines[unit], heads[unit] + tails[unit]) * 2 >= len(self._places[unit]))
        }

    def _differs_around(self, unit: str, candidates: set[str]) -> bool:
        """Whether enough of the texts around it are texts of their own."""
        places = self._places[unit][:: max(1, len(self._places[unit]) // _MOST_COMPARED)][:_MOST_COMPARED]
        kinds: list[_Around] = []
        for place in places:
            around = self._around(self._texts[place], candidates)
            if len(around.words) > 1 and not any(map(around.is_like, kinds)):
                kinds.append(around)
        different = len(kinds) / len(places) * len(self._places[unit])
        return different >= self._bounds.records and len(kinds) * 4 >= len(places)

    def _around(self, text: SeenText, candidates: set[str]) -> _Around:
        rest: list[str] = []
        for number, line in enumerate(text.lines):
            if self._fold(line) in candidates:
                continue
            parts: Sequence[str] = [line]
            if number == 0 and text.head:
                parts = text.head
            elif number == len(text.lines) - 1 and text.tail:
                parts = text.tail
            for part in parts:
                if (unit := self._fold(part)) not in candidates:
                    rest += words(unit)
            if len(rest) >= _MOST_WORDS:
                break
        return _Around.of(rest[:_MOST_WORDS])

    def _told(self, unit: str) -> Recurring:
        places = self._places[unit]
        first = self._texts[places[0]]
        line = next(line for line in (*first.head, *first.tail, *first.lines) if self._fold(line) == unit)
        samples = dict.fromkeys(self._texts[place].key for place in places)
        return Recurring(line, len(places), len(places) / len(self._texts), tuple(samples)[:3])


def _run(units: Sequence[str], candidates: set[str]) -> set[str]:
    """The candidates before the first unit that is none; none where all are, since then nothing is around them."""
    for number, unit in enumerate(units):
        if unit not in candidates:
            return set(units[:number])
    return set()


@dataclass(frozen=True, slots=True)
class _Around:
    """The words around a line. Two texts are alike where words and pairs of words are: one template, not one theme."""

    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, rest: Sequence[str]) -> _Around:
        return cls(frozenset(rest), frozenset(pairwise(rest)))

    def is_like(self, other: _Around) -> bool:
        return (
            _similarity(self.words, other.words) >= _ALIKE_WORDS
            and _similarity(self.pairs, other.pairs) >= _ALIKE_PAIRS
        )


def _similarity(one: frozenset[Any], other: frozenset[Any]) -> float:
    return len(one & other) / max(1, len(one | other))


@dataclass(frozen=True, slots=True)
class Lines:
    """Folded lines to take out. Their ``endings`` say of most other lines that they are none of them."""

    units: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()
    longest: int = 0

    @classmethod
    def of(cls, units: Iterable[str]) -> Lines:
        """The lines, with what is needed to look for them quickly."""
        folded = frozenset(units)
        return cls(folded, frozenset(map(_ending, folded)), max(map(len, folded), default=0))

    def may_end(self, text: str) -> bool:
        """Whether a text can have one of them at its end."""
        return self.longest > _LONGEST or _ending(text) in self.endings

    def has(self, line: str) -> bool:
        """Whether a line is one of them, in whatever case."""
        is_short = len(line) <= self.longest + _LONGEST_MARK or self.longest > _LONGEST
        return is_short and self.may_end(line) and folded_line(line) in self.units


def _ending(line: str) -> str:
    return line[-_ENDING:].casefold()[-_ENDING:]


def without_lines(text: str, found: Lines) -> tuple[str, int]:
    """The text without the found lines, and how many lines and sentences went.

    Sentences go off the beginning of the first and the end of the last line; fenced code is left alone.
    """
    lines = text.split("\n")
    kept: list[str | None] = []
    is_code = False
    for line in lines:
        is_code ^= line.lstrip().startswith("```")
        kept.append(None if line and not is_code and found.has(line) else line)
    filled = [number for number, line in enumerate(lines) if line]
    gone = kept.count(None)
    if filled and "```" not in text:
        for number, at_start, at_end in _ends(filled):
            if (line_here := kept[number]) is not None:
                kept[number], count = _trimmed(line_here, found, at_start=at_start, at_end=at_end)
                gone += count
    if not gone:
        return text, 0
    return _BLANK_LINES.sub("\n\n", "\n".join(line for line in kept if line is not None)).strip(), gone


def _ends(filled: Sequence[int]) -> list[tuple[int, bool, bool]]:
    """The lines that sentences are taken from, and from which of their ends."""
    if len(filled) == 1:
        return [(filled[0], True, True)]
    return [(filled[0], True, False), (filled[-1], False, True)]


def _trimmed(line: str, found: Lines, *, at_start: bool, at_end: bool) -> tuple[str, int]:
    first_end = first_sentence_end(line)
    if not (at_end and found.may_end(line)) and not (at_start and found.may_end(line[:first_end])):
        return line, 0
    spans = list(sentence_spans(line))
    first, last = 0, len(spans)
    while at_start and first < last and found.has(line[slice(*spans[first])]):
        first += 1
    while at_end and last > first and found.has(line[slice(*spans[last - 1])]):
        last -= 1
    if first == last or last - first == len(spans):
        return line, 0
    return line[spans[first][0] : spans[last - 1][1]], len(spans) - (last - first)
