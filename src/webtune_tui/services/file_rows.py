"""One line of a file as the row of a table and as an example to read, whatever form it has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from webtune_tui.domain.datasets import Finding
from webtune_tui.domain.limits import DEFAULT_LIMITS
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.validation import forms
from webtune_tui.pipeline.validation.chat_checks import part_texts
from webtune_tui.pipeline.validation.judging import BOM, judge, read
from webtune_tui.pipeline.validation.line import CheckedLine
from webtune_tui.services.line_file import Line

LONGEST_LINE = DEFAULT_LIMITS.record_characters
"""Bytes of a line that any check reads."""

NOT_JSON = ""
LARGE = "large"
_HEAD = 4000  # bytes of a line that is shown as it stands
_MOST_TURNS = 2000
_ASKED = ("title", "name", "headline", "question", "instruction", "prompt", "subject", "url", "id")
_FINDINGS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says. ``note`` tells what is special about it; a field of a row without turns has its name."""

    role: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FileRow:
    """What a table shows of a line. ``form`` is empty for a line that holds no object; flags are codes of a check."""

    offset: int
    size: int
    form: str
    turns: int
    prompt: str
    answer: str
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileExample:
    """A line to read. ``raw`` is the line, or its beginning where it is longer than anything reads (``is_cut``)."""

    offset: int
    size: int
    form: str
    raw: bytes
    turns: tuple[Turn, ...]
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    is_cut: bool = False


def row_of(line: Line) -> FileRow:
    """The row of a line; a line that was not read as a whole is shown as it begins."""
    return row_and_turns(line)[0]


def row_and_turns(line: Line) -> tuple[FileRow, tuple[Turn, ...]]:
    """The row of a line, and who says what in it."""
    if not line.is_whole:
        is_refused = line.size > LONGEST_LINE
        refused, odd = (("line_too_long",), ()) if is_refused else ((), (LARGE,))
        return _as_it_begins(line, refused, odd), ()
    checked, form, row = _checked(line.raw)
    errors, warnings = _codes(checked.errors), _codes(checked.warnings)
    if row is None:
        return _as_it_begins(line, errors, warnings), ()
    turns = turns_of(row, form)
    prompt, answer = _both_sides(turns, row)
    return FileRow(line.offset, line.size, form, _said(turns), prompt, answer, errors, warnings), turns


def sides_of(line: Line) -> tuple[int, str, str]:
    """Turns, prompt and answer as in the row of a line, without judging it, which takes most of the time."""
    row = _object(line.raw.removeprefix(BOM)) if line.is_whole else None
    if row is None:
        return 0, "", line.raw[:_HEAD].decode("utf-8", "backslashreplace")
    turns = turns_of(row, forms.form_of(row))
    return _said(turns), *_both_sides(turns, row)


def _object(raw: bytes) -> dict[str, Any] | None:
    """The object of a line; the fast parser rounds huge numbers, which no text is cut or sorted by."""
    try:
        row = orjson.loads(raw)
    except ValueError:
        return read(raw, CheckedLine(0, len(raw)))
    return row if isinstance(row, dict) else None


def _as_it_begins(line: Line, errors: tuple[str, ...], warnings: tuple[str, ...]) -> FileRow:
    text = line.raw[:_HEAD].decode("utf-8", "backslashreplace")
    return FileRow(line.offset, line.size, NOT_JSON, 0, "", text, errors, warnings)


def example_of(line: Line) -> FileExample:
    """The line with all its turns and findings."""
    if not line.is_whole:
        told = f"The line has {line.size:,} bytes; so long a line is not read"
        finding = Finding(0, "line_too_long", told)
        return FileExample(line.offset, line.size, NOT_JSON, line.raw, (), (finding,), (), is_cut=True)
    checked, form, row = _checked(line.raw)
    turns = turns_of(row, form) if row is not None else ()
    errors, warnings = (tuple(islice(found, _FINDINGS_SHOWN)) for found in (checked.errors, checked.warnings))
    return FileExample(line.offset, line.size, form, line.raw, turns, errors, warnings)


def turns_of(row: Mapping[str, Any], form: str) -> tuple[Turn, ...]:
    """Who says what, also in a row that is badly made; the fields of a row that holds no conversation."""
    taken = forms.as_taken(row, form)
    if taken is None:
        return tuple(Turn(str(name), _text(value)) for name, value in islice(row.items(), _MOST_TURNS))
    if form in (forms.PREFERENCE, forms.TRL):
        asked = taken.get("input")
        return (
            *_turns(asked.get("messages") if isinstance(asked, Mapping) else asked),
            *_turns(taken.get("preferred_output"), "preferred"),
            *_turns(taken.get("non_preferred_output"), "not preferred"),
        )
    return tuple(_turns(taken.get("messages")))


def _checked(raw: bytes) -> tuple[CheckedLine, str, dict[str, Any] | None]:
    checked = CheckedLine(0, len(raw))
    row = read(raw.removeprefix(BOM), checked)
    return checked, judge(row, checked)[0] if row is not None else NOT_JSON, row


def _codes(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.code for finding in findings))


def _turns(messages: Any, note: str = "") -> Iterator[Turn]:
    if not isinstance(messages, list):
        if messages is not None:
            yield Turn("", _text(messages), note)
        return
    for message in islice(messages, _MOST_TURNS):
        if not isinstance(message, Mapping):
            yield Turn("", _text(message), note)
            continue
        role = message.get("role")
        parts = [_content(message.get("content"))]
        parts += [_text(message[key]) for key in ("tool_calls", "function_call") if message.get(key)]
        said = "not trained on" if message.get("weight") == 0 else note
        yield Turn(role if isinstance(role, str) else _text(role), "\n".join(filter(None, parts)), said)


def _content(content: Any) -> str:
    texts = part_texts(content) if isinstance(content, list) else None
    return "\n".join(texts) if texts is not None else _text(content)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _said(turns: Sequence[Turn]) -> int:
    return sum(turn.role in ("user", "assistant", "tool") for turn in turns)


def _both_sides(turns: Sequence[Turn], row: Mapping[str, Any]) -> tuple[str, str]:
    """The last thing that is asked and the last thing that is answered, or the best fields of another row."""
    asked = next((turn.text for turn in reversed(turns) if turn.role == "user"), None)
    answered = next((t.text for t in reversed(turns) if t.role == "assistant" and t.note != "not preferred"), None)
    if asked is not None or answered is not None:
        return asked or "", answered or ""
    title = Columns(row).get(*_ASKED)
    rest = [value for value in row.values() if isinstance(value, str) and value is not title]
    longest = max(rest, key=len, default="")
    return _text(title), longest or " ".join(f"{turn.role}: {turn.text[:200]}" for turn in turns[:20])
