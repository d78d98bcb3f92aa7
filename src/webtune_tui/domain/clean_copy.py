"""Text on its way to the clipboard: pasted into a terminal it must not act there."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0001\U000e0020-\U000e007f]"
)
_FLAG_TAGS = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{4,6}\U000e007f")


@dataclass(frozen=True, slots=True)
class CleanText:
    """A text that can be pasted; ``changed`` counts the characters that were replaced or left out."""

    text: str
    changed: int

    @property
    def note(self) -> str:
        """What was changed, as the end of a sentence; empty where nothing was."""
        if not self.changed:
            return ""
        what = "character was" if self.changed == 1 else "characters were"
        return f"{self.changed:,} control or invisible {what} changed; the JSON form keeps them, as escapes"


def clean_copy(text: str) -> CleanText:
    """Line ends become line feeds; control bytes become their symbols; what hides or turns text goes, and so does one
    line feed at the end, which would run a command. Joiners of letters and emoji stay, and so do flags.
    """
    kept = text.replace("\r\n", "\n")
    changed = len(text) - len(kept)
    if kept.endswith("\n"):
        kept, changed = kept[:-1], changed + 1
    if kept.isascii() and kept.isprintable():
        return CleanText(kept, changed)
    pieces: list[str] = []
    start = 0
    for flag in _FLAG_TAGS.finditer(kept):
        piece, count = _ACTING.subn(_symbol, kept[start : flag.start()])
        pieces += [piece, flag.group()]
        changed, start = changed + count, flag.end()
    piece, count = _ACTING.subn(_symbol, kept[start:])
    return CleanText("".join([*pieces, piece]), changed + count)


def _symbol(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000:
        return "\ufffd"
    return "\n" if code in (0x2028, 0x2029) else ""
