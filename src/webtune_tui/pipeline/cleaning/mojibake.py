"""Text that was decoded as another encoding than it was written in: ``cafÃ©`` for ``café``.

The repair is the library's; whether a text may be broken at all is told here, since most are not, and a repair is
taken only where it does what a repair does: fewer characters, none of them stranger than before.
"""

from __future__ import annotations

import re

_AFTER = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # what a byte from 0x80 to 0xbf looks like
_BARE = "\x80\x91-\x97\x99"  # marks and dashes of Windows where they were read as Latin-1
_MAY_BE_BROKEN = re.compile(  # begins with one class, since that is what is looked for quickly
    f"[{_BARE}Â-ô](?:(?<=[{_BARE}])|(?<=[Â-ß])[{_AFTER}]|(?<=[à-ï])[{_AFTER}]{{2}}|(?<=[ð-ô])[{_AFTER}]{{3}}"
    "|(?<=Ã)[ \u00a0])"
)
_CAPITALS_END = re.compile("(?<=[A-ZÀ-Þ])[Â-Þ][»”„“’‘…–—°º®\u00a0](?!\\w)")  # as in MAÇÃ»
_C1 = re.compile(f"[{_BARE}]")
_STRANGE = re.compile("[\ufffd\x80-\x9f]")
_UNLIKELY = re.compile("[\u0180-\u036f\u0460-\u058f\u0600-\u0605\u0700-\u08ff]")  # what «CAFFÈ°» would become
_OTHER_SCRIPT = re.compile("[\u0370-\u045f\u0590-\u06ff]")
_TWO_OF_OTHER_SCRIPT = re.compile(f"{_OTHER_SCRIPT.pattern}{{2}}")  # they make words, and do not come alone
_QUOTES = ("«»", "“”", "„“", "‘’", "‹›", "»«")  # a repair that takes one away, as of «MAÇÃ», harms a good text
_LONGEST = 100_000  # characters; the library's time on long text is its own


def may_be_broken(text: str) -> bool:
    """Whether characters stand together as the bytes of one do, when each is read as a character of its own."""
    return _MAY_BE_BROKEN.search(text) is not None


def repaired(text: str) -> str:
    """The text as it was meant; as it is where nothing is wrong with it."""
    if not may_be_broken(text):
        return text
    from ftfy import fix_encoding  # 60 ms, and most sets need it for few rows

    lines = text.split("\n")
    for number, line in enumerate(lines):
        if len(line) <= _LONGEST and may_be_broken(_CAPITALS_END.sub("", line)):
            fixed = fix_encoding(line)
            if fixed != line and _is_better(line, fixed):
                lines[number] = fixed
    return _C1.sub(_windows_character, "\n".join(lines))


def _windows_character(match: re.Match[str]) -> str:
    return match.group().encode("latin-1").decode("cp1252")


def _is_better(before: str, after: str) -> bool:
    strange_before = len(_STRANGE.findall(before)) + before.count("ï¿½")
    if len(after) >= len(before) or len(_STRANGE.findall(after)) > strange_before:
        return False
    new = "".join(character for character in after if character not in before)
    if _UNLIKELY.search(new) or (_OTHER_SCRIPT.search(new) and not _TWO_OF_OTHER_SCRIPT.search(after)):
        return False
    return not any(
        pair[0] in before and _is_balanced(before, pair) and not _is_balanced(after, pair) for pair in _QUOTES
    )


def _is_balanced(text: str, pair: str) -> bool:
    return text.count(pair[0]) == text.count(pair[1])
