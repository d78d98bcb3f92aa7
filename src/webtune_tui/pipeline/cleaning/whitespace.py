"""Spaces and lines: one space between words, one line per line, and the indentation that lists need."""

from __future__ import annotations

import re
from collections.abc import Sequence

ODD_SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800"
ODD_NEWLINES = "\u2028\u2029\x85\x0b\x0c\r"

_NEWLINES = re.compile(f"\r\n?|[{ODD_NEWLINES}]")
_ODD_SPACE = re.compile(f"[{ODD_SPACES}\x1c-\x1f]")
_BLANK_PATTERN = "\u2800"  # Braille without dots: blank, but no space to Python
_BLANK_LINES = re.compile(r"\n{3,}")
_ITEM = re.compile(r"(?:[-*+•‣◦–]|\d{1,3}[.)])[^\S\n]+\S")
_DEEPEST = 6
_TAB = 4  # spaces


def tidy_space(text: str) -> str:
    """Single spaces between words, lines without edge spaces, at most one empty line in a row.

    Items of a nested list keep their depth, at two spaces a level.
    """
    if _BLANK_PATTERN in text:
        text = text.replace(_BLANK_PATTERN, " ")
    source = text.splitlines()
    lines = [" ".join(line.split()) for line in source]
    if len(lines) < 2:
        return "".join(lines)
    if "\n " in text or "\n\t" in text:
        for number, depth in _item_depths(source).items():
            lines[number] = f"{'  ' * depth}{lines[number]}"
    text = "\n".join(lines)
    return (_BLANK_LINES.sub("\n\n", text) if "\n\n\n" in text else text).strip()


def tidy_lines(text: str) -> str:
    """The lines as they are laid out, without trailing spaces and without empty lines around them."""
    text = _ODD_SPACE.sub(" ", _NEWLINES.sub("\n", text))
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _item_depths(lines: Sequence[str]) -> dict[int, int]:
    """The depth of each indented list item by its line's number, for items below another one."""
    depths: dict[int, int] = {}
    open_indents: list[int] = []
    for number, line in enumerate(lines):
        if not is_item(line.lstrip()):
            continue
        spread = line.expandtabs(_TAB)
        indent = len(spread) - len(spread.lstrip())
        while open_indents and open_indents[-1] > indent:
            open_indents.pop()
        if not open_indents or open_indents[-1] < indent:
            open_indents.append(indent)
        if len(open_indents) > 1:
            depths[number] = min(len(open_indents) - 1, _DEEPEST)
    return depths


def is_item(line: str) -> bool:
    """Whether a line without indentation is an item of a list."""
    return _ITEM.match(line) is not None
