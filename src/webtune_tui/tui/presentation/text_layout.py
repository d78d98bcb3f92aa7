"""Fitting text into terminal cells: cutting, padding and wrapping by width, not by number of characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells, set_cell_size

_WORDS = re.compile(r"\s*\S+|\s+")

Part = tuple[str, str]
"""A piece of a line and the name of its style; the empty name is plain text."""


@dataclass(frozen=True, slots=True)
class StyledLine:
    """One line of a view that has been wrapped already: its parts, and a bar at the left where it belongs to a role.

    The bar of a marked line is full, which can be told without its colour.
    """

    parts: tuple[Part, ...] = ()
    bar: str = ""
    is_marked: bool = False

    @property
    def plain(self) -> str:
        """The text without styles."""
        return "".join(text for text, _ in self.parts)


def fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells: padded at the right, or cut with ``…``."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip(" ") + "…", width)


def fit_right(text: str, width: int) -> str:
    """``text`` in exactly ``width`` cells, pushed to the right."""
    missing = width - cell_len(text)
    return " " * missing + text if missing >= 0 else fit(text, width)


def wrap(text: str, width: int) -> Iterator[str]:
    """The lines of ``text`` in at most ``width`` cells each, broken at spaces where there are any.

    Every character of the text is in one of the lines (but for the spaces at a break and the line feeds), so that
    what is shown is what is stored. Long runs without spaces, such as Japanese, are broken anywhere.
    """
    width = max(width, 2)
    for paragraph in text.expandtabs(4).split("\n"):
        yield from _wrap_paragraph(paragraph, width)


def _wrap_paragraph(paragraph: str, width: int) -> Iterator[str]:
    if len(paragraph) * 2 <= width or cell_len(paragraph) <= width:
        yield paragraph
        return
    line, used = "", 0
    for word in _WORDS.findall(paragraph):
        size = cell_len(word)
        if used + size <= width:
            line, used = line + word, used + size
            continue
        bare = word.lstrip()
        if cell_len(bare) <= width:
            if line:
                yield line
            line, used = bare, cell_len(bare)
            continue
        *whole, line = _chop(line + word, width)
        yield from whole
        used = cell_len(line)
    yield line


def _chop(text: str, width: int) -> list[str]:
    return list(chop_cells(text, width)) or [""]


def bar(value: float, largest: float, width: int) -> str:
    """A thin horizontal bar of up to ``width`` cells in steps of half a cell; anything above zero is visible."""
    if value <= 0 or largest <= 0 or width <= 0:
        return ""
    halves = min(max(1, round(value / largest * width * 2)), width * 2)
    return "━" * (halves // 2) + ("╸" if halves % 2 else "")


def short_number(number: float) -> str:
    """At most five characters: ``950``, ``12.4k``, ``3.1M``."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size * 0.9995:
            scaled = number / size
            return f"{scaled:.1f}{unit}" if scaled < 99.95 else f"{scaled:.0f}{unit}"
    return f"{number:.0f}"
