"""An example as a text for any editor: headings that stay, texts below them, and every unseen character as an escape.

``\\u{1B}`` stands for the character with that number. The text reads back to the same messages, character by
character, also where an editor adds a line end at the end of the file or writes ``\\r\\n``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.examples import Message
from webtune_tui.domain.terminal_text import display_line

_HEAD = "#: "
_UNSAFE = re.compile(
    "\\\\u\\{|[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_HEAD_IN_TEXT = re.compile("^#:", re.MULTILINE)
_ESCAPE = re.compile(r"\\u\{([0-9A-Fa-f]{1,6})\}")
_NUMBER = re.compile(r"#: ([0-9]{1,6}) ")
_GUIDE = (
    "Lines that begin with #: are headings: leave them as they are and write below them.",
    "\\u{1B} stands for a character that can't be seen. Save and close; then ctrl+s keeps it, esc discards it.",
)


def to_text(messages: Sequence[Message]) -> str:
    """The text for an editor."""
    parts = [f"{_HEAD}{line}\n" for line in _GUIDE]
    for number, one in enumerate(messages, start=1):
        parts.append(f"{_HEAD}{number} {display_line(one.role, limit=40) or 'no role'}\n{_escaped(one.content)}\n")
    return "".join(parts)


def from_text(text: str, count: int) -> list[str]:
    """The texts of ``count`` messages.

    Raises:
        InvalidInput: a heading is missing, doubled or out of order, or an escape names no character.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    found: list[list[str]] = []
    for place, line in enumerate(lines, start=1):
        if line.startswith("#:"):
            match = _NUMBER.match(line)
            if match is None:
                if found:
                    raise InvalidInput(f"Line {place} is no heading of a message", hint="Write \\u{23}: for #: there.")
                continue
            if int(match.group(1)) != len(found) + 1:
                raise InvalidInput(
                    f"Line {place}: the heading of message {len(found) + 1} was expected",
                    hint="Leave the headings as they were; the keys F2 to F5 change roles and split.",
                )
            found.append([])
        elif found:
            found[-1].append(line)
        elif line.strip():
            raise InvalidInput(f"Line {place} stands before the first heading", hint="Write below a heading.")
    if len(found) != count:
        raise InvalidInput(
            f"The file has {len(found)} of {count} messages", hint="Leave the headings as they were: #: 1 user"
        )
    if len(found[-1]) > 1 and not found[-1][-1]:
        found[-1].pop()  # the line end of the file; an editor may have taken it away
    return [_unescaped("\n".join(some)) for some in found]


def _escaped(text: str) -> str:
    escaped = _UNSAFE.sub(_escape, text)
    return _HEAD_IN_TEXT.sub(r"\\u{23}:", escaped) if "#:" in escaped else escaped


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return r"\u{5C}u{" if len(found) > 1 else f"\\u{{{ord(found):X}}}"


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code = int(match.group(1), 16)
        if code > 0x10FFFF:
            raise InvalidInput(f"{match.group()} names no character", hint="The largest is \\u{10FFFF}.")
        return chr(code)

    return _ESCAPE.sub(character, text)
