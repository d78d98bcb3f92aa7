"""Chat training files, line by line: which lines can be learned from, and why the others cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
MINIMUM_EXAMPLES = 10
SHOWN_FINDINGS = 20


class BadRow(ValueError):
    """A line that is no chat example; the text says why."""


@dataclass(frozen=True)
class Row:
    """One example: its line (from 1), messages as the file has them, and the tools offered."""

    line: int
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Findings:
    """What a check of a whole file came to; at most `SHOWN_FINDINGS` bad lines keep their text."""

    rows: int = 0
    bad_lines: int = 0
    messages: list[str] = field(default_factory=list)
    first_system_prompt: str | None = None


def check_file(path: Path) -> Findings:
    """Look at every line of a file without keeping the file in memory."""
    rows, bad, system = 0, 0, None
    messages: list[str] = []
    for line, row in parse_lines(path):
        if isinstance(row, Row):
            system = system_prompt_of(row.messages) if rows == 0 else system
            rows += 1
            continue
        bad += 1
        if len(messages) < SHOWN_FINDINGS:
            messages.append(f"line {line}: {row}")
    return Findings(rows, bad, messages, system)


def read_rows(path: Path) -> list[Row]:
    """Return the good lines of a file."""
    return [row for _, row in parse_lines(path) if isinstance(row, Row)]


def parse_lines(path: Path) -> Iterator[tuple[int, Row | BadRow]]:
    """Yield line number and example or reason for each line that is not empty.

    Only a line feed ends a line: U+2028 and U+0085 may stand inside a JSON string.
    """
    with path.open("rb") as handle:
        for number, raw in enumerate(handle, start=1):
            content = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if not content.strip():
                continue
            try:
                yield number, _parse(number, content)
            except BadRow as reason:
                yield number, reason


def _parse(number: int, content: bytes) -> Row:
    try:
        value = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadRow(f"not UTF-8 at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise BadRow(f"not JSON ({str(error)[:120]})") from error
    if not isinstance(value, dict):
        raise BadRow("not a JSON object")
    messages = checked_messages(value.get("messages"))
    if not any(message["role"] == "assistant" for message in messages):
        raise BadRow("has no assistant message")
    tools = value.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise BadRow("'tools' is not a list")
    return Row(number, messages, tools or None)


def checked_messages(messages: object) -> list[dict[str, Any]]:
    """Return chat messages whose content is plain text.

    Raises:
        BadRow: not a list of messages, an unknown role, or content that is no text.
    """
    if not isinstance(messages, list) or not messages:
        raise BadRow("'messages' is missing or no list")
    return [_checked_message(message) for message in messages]


def _checked_message(message: object) -> dict[str, Any]:
    if not isinstance(message, dict):
        raise BadRow("a message is not an object")
    if message.get("role") not in ROLES:
        raise BadRow(f"unknown role {str(message.get('role'))[:40]!r}")
    if message.get("weight") not in (None, 0, 1):
        raise BadRow("'weight' must be 0 or 1")
    role = "system" if message["role"] == "developer" else message["role"]
    return {**message, "role": role, "content": _text_of(message)}


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if content is None and (message.get("tool_calls") or message.get("function_call")):
        return ""
    if isinstance(content, list) and all(isinstance(part, dict) and part.get("type") == "text" for part in content):
        return "".join(str(part.get("text", "")) for part in content)
    raise BadRow("content is not text" if content is not None else "content is missing")


def system_prompt_of(messages: list[dict[str, Any]]) -> str | None:
    """Return the text of the first system message."""
    return next((str(message["content"]) for message in messages if message["role"] == "system"), None)
