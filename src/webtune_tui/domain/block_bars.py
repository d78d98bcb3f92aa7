"""Horizontal bars of block characters, in steps of an eighth of a cell."""

from __future__ import annotations

_EIGHTHS = " ▏▎▍▌▋▊▉"


def block_bar(value: float, largest: float, width: int, *, plain: bool = False) -> str:
    """A bar of up to ``width`` cells; anything above zero is visible. ``plain`` draws with ``#`` alone."""
    if value <= 0 or largest <= 0 or width <= 0:
        return ""
    if plain:
        return "#" * min(max(1, round(value / largest * width)), width)
    eighths = min(max(1, round(value / largest * width * 8)), width * 8)
    return "█" * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else "")
