"""The one door for outside text on its way to a terminal: nothing in it can act, everything in it can be read."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES_IN_LINE = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_REPLACEMENT = "\ufffd"


def display(text: object, *, limit: int | None = None) -> str:
    """Any value as text for one or more lines of a terminal.

    Control bytes become their visible symbols (ESC reads ``␛``), invisible and direction-changing characters
    become ``\ufffd``; line feeds and tabs stay. ``limit`` is in characters; what is cut ends with ``…``.
    """
    shown = str(text)
    if limit is not None and len(shown) > limit:
        shown = shown[: max(limit - 1, 0)] + "…"
    if shown.isprintable():
        return shown
    return _ESCAPES_IN_LINE.sub(_visible, shown)


def display_line(text: object, *, limit: int | None = None) -> str:
    """As :func:`display`, on a single line: line feeds and tabs become spaces' visible kin ``⏎`` and a space."""
    return display(str(text).replace("\r\n", "\n").replace("\n", "⏎").replace("\t", " "), limit=limit)


def cell_width(character: str) -> int:
    """How many terminal cells a character takes: 0, 1 or 2."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character == "\n":
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return _REPLACEMENT
