"""Rows of a file that is looked at: as one line of a table, as an example to read, and as the JSON that they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from webtune_tui.domain.terminal_text import display, display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap

if TYPE_CHECKING:
    from webtune_tui.domain.datasets import Finding
    from webtune_tui.services.file_rows import FileExample, FileRow, Turn
    from webtune_tui.services.line_file import Line

_EXCERPT = 400  # characters; no terminal line shows more
_CONTEXT = 5
_MOST_SHOWN = 1_000_000  # characters of a text
_ROLES = {
    "system": "System", "developer": "Developer", "user": "User", "assistant": "Assistant", "tool": "Tool",
    "function": "Function",
}  # fmt: skip
_TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_INDENT = "  "
_BARS = {"developer": "system", "function": "tool"}


@dataclass(frozen=True, slots=True)
class ShownRow:
    """What the table keeps of a row: one safe line of each side. ``number`` is its own, from 0, in a sorted list."""

    offset: int
    size: int
    turns: int
    prompt: str
    answer: str
    flags: str
    is_refused: bool
    is_json: bool
    number: int | None = None


def shown_row(row: FileRow, needle: str = "") -> ShownRow:
    """The row, its texts from near the searched words on when these lie far in."""
    return ShownRow(
        row.offset,
        row.size,
        row.turns,
        _excerpt(row.prompt, needle),
        _excerpt(row.answer, needle),
        display_line(" ".join((*row.errors, *row.warnings)), limit=200),
        bool(row.errors),
        bool(row.form),
    )


def glimpse(line: Line) -> ShownRow:
    """The row of a line for the first moment: its two sides where it is a plain chat, else as it stands. Nothing of it
    is judged, since loading what judges takes longer than the first frame may."""
    prompt = answer = ""
    try:
        messages = json.loads(line.raw)["messages"]
        for message in messages:
            if message["role"] == "user":
                prompt = str(message["content"])
            elif message["role"] == "assistant":
                answer = str(message["content"])
    except (ValueError, LookupError, TypeError, RecursionError):
        text = line.raw[:_EXCERPT].decode("utf-8", "backslashreplace")
        return ShownRow(line.offset, line.size, 0, "", _excerpt(text, ""), "", False, False)
    return ShownRow(line.offset, line.size, 0, _excerpt(prompt, ""), _excerpt(answer, ""), "", False, True)


def _excerpt(text: str, needle: str) -> str:
    start = 0
    if needle:
        place = text.casefold().find(needle.casefold())
        start = max(0, place - _CONTEXT) if place > 2 * _CONTEXT else 0
    return ("…" if start else "") + display_line(text[start : start + _EXCERPT].strip())


def example_lines(example: FileExample, number: str, width: int) -> list[StyledLine]:
    """The whole example: its turns, and what a provider would say of it. Takes time: call it in a thread."""
    heading = [(number, "title"), (f"  {display_line(example.form or 'no JSON')}", "muted")]
    lines = [StyledLine((*heading, (f"  {figures.size(example.size)} at byte {example.offset:,}", "muted")))]
    for title, found, style in (("refused", example.errors, "bad"), ("odd", example.warnings, "warn")):
        if found:
            lines += [StyledLine(), _title(title), *_finding_lines(found, style, width)]
    for turn in example.turns:
        lines += [StyledLine(), *_turn_lines(turn, width)]
    if not example.turns:
        lines += [StyledLine(), _title("the line as it stands"), *_text_lines(_decoded(example.raw), width, "")]
    if example.is_cut:
        lines.append(StyledLine(((f"… {example.size:,} bytes in all", "muted"),)))
    return lines


def json_lines(example: FileExample, width: int) -> list[StyledLine]:
    """The line's JSON on many lines, every value as it is written; a line that is none as it stands.

    Takes time: call it in a thread.
    """
    text = _decoded(example.raw)
    return list(_text_lines(indented(text) if example.form else text, width, ""))


def indented(text: str) -> str:
    """JSON on many lines, each value as it is written there."""
    parts: list[str] = []  # a text ends with its quote, and so with no bracket or comma
    depth = 0
    for part in _TOKENS.findall(text):
        if part in ("}", "]"):
            depth -= 1
            if parts and parts[-1].endswith(("{", "[")):
                parts.append(part)
                continue
            part = "\n" + _INDENT * depth + part
        elif parts and parts[-1].endswith(("{", "[", ",")):
            part = "\n" + _INDENT * depth + part
        if part.endswith(("{", "[")):
            depth += 1
        parts.append(": " if part == ":" else part)
    return "".join(parts)


def _turn_lines(turn: Turn, width: int) -> Iterator[StyledLine]:
    role = _BARS.get(turn.role, turn.role if turn.role in _ROLES else "tool")
    name = _ROLES.get(turn.role) or display_line(turn.role or "no role", limit=60)
    parts = [(name, f"role-{role}")]
    if turn.note:
        parts.append((f"  {turn.note}", "muted"))
    yield StyledLine(tuple(parts), bar=role)
    if not turn.text:
        yield StyledLine((("(empty)", "muted"),), bar=role)
        return
    yield from _text_lines(turn.text, width - 2, role)


def _text_lines(text: str, width: int, bar: str) -> Iterator[StyledLine]:
    for line in wrap(display(text[:_MOST_SHOWN]), width):
        yield StyledLine(((line, ""),), bar=bar)
    if len(text) > _MOST_SHOWN:
        yield StyledLine(((f"… {len(text) - _MOST_SHOWN:,} more characters", "muted"),), bar=bar)


def _finding_lines(findings: Sequence[Finding], style: str, width: int) -> Iterator[StyledLine]:
    for one in findings:
        for number, line in enumerate(wrap(display_line(f"{one.message} ({one.code})", limit=500), max(width - 2, 10))):
            yield StyledLine((("· " if number == 0 else "  ", "muted"), (line, style)))


def _title(text: str) -> StyledLine:
    return StyledLine(((text.upper(), "section"),))


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
