"""What changed between two texts, word by word, as lines of a width."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from rich.cells import cell_len, chop_cells

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.text_layout import Part, StyledLine

_WORDS = re.compile(r"\s*\S+|\s+")
_COMPARED = 600  # words of the part that differs; longer parts are shown one after the other
_CONTEXT = 6  # words around a change
_READ = 20_000  # characters


def changes(before: str, after: str) -> list[Part]:
    """The words in order: those that stay, that went (``bad``) and that came (``good``); long equal runs are left out.

    Takes time in proportion to the texts but for the part that differs, which is bounded.
    """
    old, new = _WORDS.findall(before[:_READ]), _WORDS.findall(after[:_READ])
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    parts = [*_context(old[:start], at_end=True)]
    if len(middle_old) * len(middle_new) > _COMPARED * _COMPARED:
        parts += [*_styled(middle_old[:_COMPARED], "bad"), *_styled(middle_new[:_COMPARED], "good")]
    else:
        parts += _matched(middle_old, middle_new)
    return [*parts, *_context(old[len(old) - end :], at_end=False)]


def _matched(old: Sequence[str], new: Sequence[str]) -> Iterator[Part]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (kind, first, last, start, stop) in enumerate(blocks):
        if kind == "equal":
            is_inner = 0 < number < len(blocks) - 1
            yield from _shortened(old[first:last]) if is_inner else _styled(old[first:last], "")
            continue
        yield from _styled(old[first:last], "bad")
        if last > first and stop > start and not new[start][0].isspace():
            yield (" ", "")
        yield from _styled(new[start:stop], "good")


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for first, second in zip(one, other, strict=False):
        if first != second:
            break
        count += 1
    return count


def _context(words: Sequence[str], *, at_end: bool) -> list[Part]:
    kept = words[-_CONTEXT:] if at_end else words[:_CONTEXT]
    parts = list(_styled(kept, "muted"))
    if len(kept) == len(words):
        return parts
    return [("… ", "muted"), *parts] if at_end else [*parts, (" …", "muted")]


def _shortened(words: Sequence[str]) -> Iterator[Part]:
    if len(words) <= 2 * _CONTEXT + 2:
        yield from _styled(words, "")
        return
    yield from _styled(words[:_CONTEXT], "muted")
    yield (" …", "muted")
    yield from _styled(words[-_CONTEXT:], "muted")


def _styled(words: Iterable[str], style: str) -> Iterator[Part]:
    return ((display_line(word), style) for word in words)


def flowed(parts: Iterable[Part], width: int, *, most: int = 0) -> list[StyledLine]:
    """The parts in lines of ``width`` cells, at most ``most`` of them (0: all)."""
    width = max(width, 4)
    lines: list[list[Part]] = [[]]
    used = 0
    for text, style in parts:
        for piece in [text] if cell_len(text) <= width else chop_cells(text, width):
            size = cell_len(piece)
            if used + size > width:
                lines.append([])
                used, piece = 0, piece.lstrip()
                size = cell_len(piece)
            lines[-1].append((piece, style))
            used += size
    if most and len(lines) > most:
        lines = lines[:most]
        lines[-1] = _clipped(lines[-1], width - 2)
        lines[-1].append((" …", "muted"))
    return [StyledLine(tuple(line)) for line in lines]


def _clipped(parts: Sequence[Part], width: int) -> list[Part]:
    kept: list[Part] = []
    used = 0
    for text, style in parts:
        size = cell_len(text)
        if used + size > width:
            break
        kept.append((text, style))
        used += size
    return kept
