"""Long documents in chunks: parted by structure within a token budget, with overlap where it is wanted.

The borders are chosen together, as a typesetter breaks a paragraph into lines: each chunk pays for the room that it
leaves (squared, so that chunks come out alike) and for the place where it begins; a section costs nothing, the middle
of a sentence much. Headings stay with what follows them, tables and fenced code whole where they fit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from webtune_tui.pipeline.passages import Border, Passage, blocks, parts_of, sentences
from webtune_tui.pipeline.tokens import TokenCounter

LEAST_TOKENS = 16
"""The smallest budget that makes sense."""

_PRICE = {
    Border.SECTION: 0.0,
    Border.SUBSECTION: 0.02,
    Border.PARAGRAPH: 0.1,
    Border.LINE: 0.25,
    Border.SENTENCE: 0.35,
    Border.WORD: 2.0,
    Border.INSIDE: 6.0,
}
_AFTER_HEADING = 1.5
_FINEST = 16  # parts of a chunk's budget: smaller pieces are joined before the borders are chosen
_MOST_AT_ONCE = 100  # pieces that are weighed for one chunk


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text from ``start`` to ``end``, with ``overlap`` in front of it: the last sentences of the chunk before.

    ``headings`` are those above its first words, the outermost first; ``is_section`` says that it begins with one of
    them.
    """

    start: int
    end: int
    text: str
    headings: tuple[str, ...] = ()
    is_section: bool = False
    overlap: str = ""

    @property
    def whole(self) -> str:
        """The overlap and the text, without the empty lines around them."""
        return (self.overlap + self.text).strip()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A passage that is not parted further, with its tokens and the headings above it."""

    passage: Passage
    tokens: int
    headings: tuple[str, ...]


def chunked(text: str, budget: int, counter: TokenCounter, *, overlap: int = 0) -> list[Chunk]:
    """The chunks of a text, in order; the text itself where it fits. None has more tokens than the budget.

    Their texts join to the whole text. A word is parted only where it is longer than the budget alone. The overlap
    is made of whole sentences and lies within the budget, of which it takes no more than a half; a chunk that begins
    with a heading has none.
    """
    budget = max(budget, LEAST_TOKENS)
    if not text or len(text) * 4 <= budget or counter.count([text])[0] <= budget:
        return [Chunk(0, len(text), text)] if text else []
    room = budget - min(overlap, budget // 2)
    while True:
        chunks = _with_overlap(_parted(text, room, counter), budget - room, counter) if budget > room else None
        chunks = chunks or _parted(text, room, counter)
        counts = counter.count([chunk.whole for chunk in chunks])
        if max(counts) <= budget:
            return chunks
        # tokens of joined pieces can be more than those of the pieces, by a few
        chunks = [replace(c, overlap="") if count > budget else c for c, count in zip(chunks, counts, strict=True)]
        if max(counter.count([chunk.whole for chunk in chunks])) <= budget:
            return chunks
        if room <= LEAST_TOKENS // 2:
            return chunks
        room = max(room - max(room // 16, 1), LEAST_TOKENS // 2)


def _parted(text: str, room: int, counter: TokenCounter) -> list[Chunk]:
    pieces = _pieces(text, room, counter)
    borders = [*_borders(pieces, room), len(pieces)]
    return [
        Chunk(start, end, text[start:end], _above(pieces[first:behind]), bool(pieces[first].passage.heading))
        for first, behind in itertools.pairwise(borders)
        for start, end in [(pieces[first].passage.start, pieces[behind - 1].passage.end)]
    ]


def _above(pieces: Sequence[_Piece]) -> tuple[str, ...]:
    """The headings above the first words that are no heading."""
    return next((piece for piece in pieces if not piece.passage.heading), pieces[-1]).headings


def _pieces(text: str, room: int, counter: TokenCounter) -> list[_Piece]:
    """The blocks of a text, those that are too long parted as often as it takes; counted level by level.

    What follows headings is parted too where it does not fit behind them.
    """
    passages = list(_with_headings(blocks(text)))
    counts = counter.count([text[passage.start : passage.end] for passage, _ in passages])
    waiting: list[tuple[_Piece, int]] = []
    ahead = 0
    for (passage, headings), tokens in zip(passages, counts, strict=True):
        waiting.append((_Piece(passage, tokens, headings), ahead))
        ahead = ahead + tokens if passage.heading and ahead + tokens <= room // 2 else 0
    done: list[_Piece] = []
    while waiting:
        parts: list[tuple[_Piece, int]] = []
        for piece, before in waiting:
            if piece.tokens + before <= room or piece.passage.end - piece.passage.start <= 1:
                done.append(piece)
            else:
                found = parts_of(text, piece.passage)
                parts += [(replace(piece, passage=part), 0 if at else before) for at, part in enumerate(found)]
        counts = counter.count([text[part.passage.start : part.passage.end] for part, _ in parts])
        waiting = [(replace(part, tokens=tokens), before) for (part, before), tokens in zip(parts, counts, strict=True)]
    return _coalesced(sorted(done, key=lambda piece: piece.passage.start), room // _FINEST)


def _coalesced(pieces: Sequence[_Piece], most: int) -> list[_Piece]:
    """The pieces, tiny ones joined with those before them, so that few are weighed for a chunk."""
    made: list[_Piece] = []
    for piece in pieces:
        last = made[-1] if made else None
        if (
            last is not None
            and last.tokens + piece.tokens <= most
            and not last.passage.heading
            and not piece.passage.heading
            and piece.headings == last.headings
        ):
            made[-1] = replace(
                last, passage=replace(last.passage, end=piece.passage.end), tokens=last.tokens + piece.tokens
            )
        else:
            made.append(piece)
    return made


def _with_headings(passages: Iterator[Passage]) -> Iterator[tuple[Passage, tuple[str, ...]]]:
    above: list[tuple[int, str]] = []
    for passage in passages:
        if passage.heading:
            above = [*(one for one in above if one[0] < passage.level), (passage.level, passage.heading)]
        yield passage, tuple(words for _, words in above)


def _borders(pieces: Sequence[_Piece], room: int) -> list[int]:
    """The first pieces of the chunks, so that the chunks together cost least."""
    costs = [0.0] + [float("inf")] * len(pieces)
    begins = [0] * (len(pieces) + 1)
    prices = [0.0, *(_price(pieces, index) for index in range(1, len(pieces)))]
    for behind in range(1, len(pieces) + 1):
        tokens = 0
        is_last = behind == len(pieces)
        for first in range(behind - 1, max(behind - 1 - _MOST_AT_ONCE, -1), -1):
            tokens += pieces[first].tokens
            if tokens > room and first < behind - 1:
                break
            slack = max(room - tokens, 0) / room
            cost = costs[first] + prices[first] + slack * slack * (0.5 if is_last else 1.0)
            if cost < costs[behind]:
                costs[behind], begins[behind] = cost, first
    found = [begins[len(pieces)]]
    while found[-1] > 0:
        found.append(begins[found[-1]])
    return found[::-1]


def _price(pieces: Sequence[_Piece], index: int) -> float:
    """What a chunk pays for beginning with this piece."""
    before = pieces[index - 1].passage
    return _PRICE[pieces[index].passage.border] + (_AFTER_HEADING if before.heading else 0.0)


def _with_overlap(chunks: list[Chunk], most: int, counter: TokenCounter) -> list[Chunk]:
    """The chunks with as many of the last sentences of the chunk before as ``most`` tokens hold."""
    tails = [
        [] if behind.is_section else sentences(chunk.text[-most * 12 :]) for chunk, behind in itertools.pairwise(chunks)
    ]
    counts = iter(counter.count([sentence for tail in tails for sentence in tail]))
    made = chunks[:1]
    for chunk, tail in zip(chunks[1:], tails, strict=True):
        sizes = [next(counts) for _ in tail]
        kept = _fitting_from_behind(sizes, most)
        kept = max(min(kept, len(tail) - 1), 0)  # the first of the tail may be half a sentence
        made.append(replace(chunk, overlap="".join(tail[len(tail) - kept :])))
    return made


def _fitting_from_behind(sizes: Sequence[int], most: int) -> int:
    total = 0
    for kept, size in enumerate(reversed(sizes)):
        total += size
        if total > most:
            return kept
    return len(sizes)
