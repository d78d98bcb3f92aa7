"""Text that was decoded as another encoding than it was written in: ``cafÃ©`` for ``café``.

The repair is the library's; whether a text may be broken at all is told here, since most are not, and a repair is
taken only where it does what a repair does: fewer characters, none of them stranger than before.
"""

from __future__ import annotations

import re

_AFTER = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # what a byte from 0x80 to 0xbf looks like
MAY_BE_BROKEN = re.compile(
    f"[Â-ß][{_AFTER}]|[à-ï][{_AFTER}]{{2}}|[ð-ô][{_AFTER}]{{3}}|Ã[ \u00a0]|ï¿½|[\x80\x91-\x97\x99]"
)
"""What a character of several bytes looks like when each byte is read as a character of its own."""

_C1 = re.compile("[\x80\x91-\x97\x99]")  # marks and dashes of Windows where they were read as Latin-1
_STRANGE = re.compile("[\ufffd\x80-\x9f]")
_LONGEST = 100_000  # characters; the library's time on long text is its own


def repaired(text: str) -> str:
    """The text as it was meant; as it is where nothing is wrong with it."""
    if MAY_BE_BROKEN.search(text) is None:
        return text
    from ftfy import fix_encoding  # 60 ms, and most sets need it for few rows

    lines = text.split("\n")
    for number, line in enumerate(lines):
        if len(line) <= _LONGEST and MAY_BE_BROKEN.search(line):
            fixed = fix_encoding(line)
            if fixed != line and _is_better(line, fixed):
                lines[number] = fixed
    return _C1.sub(_windows_character, "\n".join(lines))


def _windows_character(match: re.Match[str]) -> str:
    return match.group().encode("latin-1").decode("cp1252")


def _is_better(before: str, after: str) -> bool:
    strange_before = len(_STRANGE.findall(before)) + before.count("ï¿½")
    return len(after) < len(before) and len(_STRANGE.findall(after)) <= strange_before
