"""What changed between two texts, word by word, as lines of a width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.domain.word_changes import word_changes
from webtune_tui.tui.presentation.text_layout import Part, StyledLine

_STYLES = {"same": "", "gone": "bad", "new": "good", "around": "muted", "left_out": "muted"}


def changes(before: str, after: str) -> list[Part]:
    """The words in order: those that stay, that went (``bad``) and that came (``good``); equal runs are shortened."""
    return [(display_line(one.text), _STYLES[one.kind]) for one in word_changes(before, after)]


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
