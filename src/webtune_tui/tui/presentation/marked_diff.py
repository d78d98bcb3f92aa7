"""Word by word what changed, told without colours too: ``[-gone-]`` and ``{+new+}``, as version control shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from webtune_tui.domain.examples import Message
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation.text_layout import Part, StyledLine
from webtune_tui.tui.presentation.word_diff import changes, flowed

SIGNS = {"system": ("S", "section"), "user": ("U", "second"), "assistant": ("A", "accent")}
_MARKS = {"bad": ("[-", "-]"), "good": ("{+", "+}")}


def marked(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts of a word diff with signs around what went and what came."""
    for style, run in groupby(parts, key=lambda part: part[1]):
        words = [text for text, _ in run if text]
        if style not in _MARKS or not words:
            yield from ((text, style) for text in words)
            continue
        before, after = _MARKS[style]
        first = words[0]
        lead = first[: len(first) - len(first.lstrip())]
        if lead:
            yield lead, ""
        words[0] = before + first[len(lead) :]
        words[-1] += after
        yield from ((text, style) for text in words)


def message_changes(
    before: Sequence[Message], after: Sequence[Message], width: int, *, most: int = 0
) -> Iterator[StyledLine]:
    """What differs between two conversations, each message's lines behind the letter of its role.

    ``most`` bounds the lines of a message (0: all). Nothing comes where they are equal word for word.
    """
    for place in range(max(len(before), len(after))):
        one = before[place] if place < len(before) else None
        other = after[place] if place < len(after) else None
        role = (other or one or Message("tool", "")).role
        if notes := _notes(one, other):
            yield from _behind(role, [(notes, "warn")], width, most)
        if one is None or other is None or one.content != other.content:
            parts = changes(one.content if one else "", other.content if other else "")
            yield from _behind(role, list(marked(parts)), width, most)


def _notes(one: Message | None, other: Message | None) -> str:
    if one is None or other is None:
        return "a message more" if one is None else "a message less"
    told = []
    if one.role != other.role:
        told.append(f"role {display_line(one.role, limit=20)} is now {display_line(other.role, limit=20)}")
    if one.weight != other.weight:
        told.append(f"weight {_weight(one)} is now {_weight(other)}")
    return ", ".join(told)


def _weight(message: Message) -> str:
    return "none" if message.weight is None else str(message.weight)


def _behind(role: str, parts: Sequence[Part], width: int, most: int) -> Iterator[StyledLine]:
    sign, style = SIGNS.get(role, ("T", "warn"))
    for number, line in enumerate(flowed(parts, width - 4, most=most)):
        yield StyledLine(((f"  {sign if number == 0 else ' '} ", style), *line.parts))
