"""Checks a chat JSONL line by line, as a provider would, and mends what can be mended.

Error codes: ``data_type``, ``missing_messages_list``, ``message_missing_key``, ``message_unrecognized_key``,
``unrecognized_role``, ``missing_content``, ``example_missing_assistant_message`` (the names of OpenAI's cookbook),
``json_error``, ``encoding_error``, ``invalid_weight``, ``invalid_tools``, ``special_token``, ``too_long``,
``too_few_examples`` and ``file_too_large``. Warnings: ``duplicate_line``, ``empty_line``, ``flat_form``,
``byte_order_mark``, ``example_ends_without_answer``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from webtune_tui.domain.datasets import Finding, ValidationReport
from webtune_tui.domain.examples import ROW_KEYS, Message
from webtune_tui.pipeline.cleaning import MODEL_TOKEN
from webtune_tui.pipeline.tokens import TokenCounter, count_examples

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_MESSAGE_KEYS = frozenset(
    {"role", "content", "name", "weight", "tool_calls", "tool_call_id", "function_call", "refusal", "audio"}
)
_FLAT_KEYS = frozenset({"system", "user", "assistant"})
_BOM = b"\xef\xbb\xbf"
_BATCH = 256
_MOST_FINDINGS = 10_000
_DEEP = "nested too deeply"


@dataclass(frozen=True)
class Limits:
    """What a provider takes: tokens of one example, how many examples at least, and the size of a file."""

    tokens: int = 65_536
    minimum_examples: int = 10
    file_bytes: int | None = None


@dataclass(slots=True)
class _Line:
    """A line on its way: its row where it can be used, and what is wrong with it."""

    number: int
    row: dict[str, Any] | None
    errors: list[Finding]
    warnings: list[Finding]


class Validation:
    """One check of one file. ``lines`` yields each line's row, mended where that is possible, or ``None``."""

    def __init__(self, counter: TokenCounter, limits: Limits) -> None:
        self._counter = counter
        self._limits = limits
        self._errors: list[Finding] = []
        self._warnings: list[Finding] = []
        self._seen: dict[bytes, int] = {}
        self._examples = 0
        self._written = 0
        self._tokens = 0
        self._unshown = 0
        self._bytes = 0

    def lines(self, raw: Iterable[bytes]) -> Iterator[dict[str, Any] | None]:
        """Checks the lines of a file (bytes without their ends), in bounded memory."""
        batch: list[_Line] = []
        for number, line in enumerate(raw, start=1):
            self._bytes += len(line) + 1
            batch.append(self._parsed(number, line))
            if len(batch) == _BATCH:
                yield from self._counted(batch)
                batch = []
        yield from self._counted(batch)

    def report(self, repaired: str | None = None) -> ValidationReport:
        """What was found, once all lines went through."""
        errors = list(self._errors)
        if self._examples < self._limits.minimum_examples:
            message = f"{self._examples} usable examples; at least {self._limits.minimum_examples} are needed"
            errors.append(Finding(0, "too_few_examples", message))
        most = self._limits.file_bytes
        if most is not None and self._bytes > most:
            errors.append(Finding(0, "file_too_large", f"{self._bytes:,} bytes; at most {most:,} are taken"))
        if self._unshown:
            errors.append(Finding(0, "more_errors", f"{self._unshown} further findings are not listed"))
        return ValidationReport(
            ok=not errors,
            examples=self._examples,
            tokens=self._tokens,
            errors=tuple(errors),
            warnings=tuple(self._warnings),
            repaired=repaired,
        )

    def _parsed(self, number: int, raw: bytes) -> _Line:
        line = _Line(number, None, [], [])
        if number == 1 and raw.startswith(_BOM):
            raw = raw[len(_BOM) :]
            line.warnings.append(Finding(1, "byte_order_mark", "The file begins with a byte order mark"))
        if not raw.strip():
            line.warnings.append(Finding(number, "empty_line", "The line is empty"))
            return line
        row = _row(number, raw, line.errors)
        if row is not None:
            self._check(row, line)
            self._check_repetition(number, raw, line)
        return line

    def _check(self, row: dict[str, Any], line: _Line) -> None:
        flat = _from_flat(row)
        if flat is not None:
            message = "The flat form system/user/assistant; providers take messages"
            line.errors.append(Finding(line.number, "missing_messages_list", message))
            line.warnings.append(Finding(line.number, "flat_form", "Can be repaired: --repair OUT"))
            if not list(_row_errors(flat, line.number)):
                line.row = flat
            return
        found = list(_row_errors(row, line.number))
        line.errors.extend(found)
        if not found:
            line.row = row
            if row["messages"][-1].get("role") != "assistant":
                message = "The last message is not the assistant's; what follows its answer teaches nothing"
                line.warnings.append(Finding(line.number, "example_ends_without_answer", message))

    def _check_repetition(self, number: int, raw: bytes, line: _Line) -> None:
        key = blake2b(raw.strip(), digest_size=12).digest()
        first = self._seen.setdefault(key, number)
        if first != number:
            line.warnings.append(Finding(number, "duplicate_line", f"The same as line {first}"))

    def _counted(self, batch: list[_Line]) -> Iterator[dict[str, Any] | None]:
        usable = [line for line in batch if line.row is not None]
        counts = count_examples([_messages(line.row) for line in usable], self._counter)
        for line, tokens in zip(usable, counts, strict=True):
            if tokens > self._limits.tokens:
                message = f"{tokens} tokens; at most {self._limits.tokens} are read, the rest is cut without a word"
                line.errors.append(Finding(line.number, "too_long", message))
                line.row = None
            elif not any(error.code != "missing_messages_list" for error in line.errors):
                self._tokens += tokens
        for line in batch:
            self._note(line)
            yield line.row

    def _note(self, line: _Line) -> None:
        self._examples += line.row is not None and not line.errors
        self._written += line.row is not None
        room = _MOST_FINDINGS - len(self._errors)
        self._errors.extend(line.errors[:room])
        self._unshown += max(len(line.errors) - room, 0)
        if len(self._warnings) < _MOST_FINDINGS:
            self._warnings.extend(line.warnings)


def _row(number: int, raw: bytes, errors: list[Finding]) -> dict[str, Any] | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        errors.append(Finding(number, "encoding_error", f"Not UTF-8 at byte {error.start}"))
        return None
    try:
        row = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        errors.append(Finding(number, "json_error", _DEEP))
        return None
    except ValueError as error:
        errors.append(Finding(number, "json_error", f"Not JSON: {error}"[:300]))
        return None
    if not isinstance(row, dict):
        errors.append(Finding(number, "data_type", f"A {type(row).__name__} instead of an object"))
        return None
    return row


def _row_errors(row: Mapping[str, Any], number: int) -> Iterator[Finding]:
    messages = row.get("messages")
    if not isinstance(messages, list) or not messages:
        yield Finding(number, "missing_messages_list", "There is no list of messages")
        return
    yield from (
        Finding(number, "invalid_tools", f"{key} has the wrong type")
        for key, kind in zip(ROW_KEYS, (list, bool), strict=True)
        if key in row and not isinstance(row[key], kind)
    )
    for position, message in enumerate(messages):
        yield from _message_errors(message, position, number)
    if not any(isinstance(message, dict) and message.get("role") == "assistant" for message in messages):
        yield Finding(number, "example_missing_assistant_message", "There is no message of the assistant")


def _message_errors(message: Any, position: int, number: int) -> Iterator[Finding]:
    place = f"messages[{position}]"
    if not isinstance(message, dict):
        yield Finding(number, "data_type", f"{place} is no object")
        return
    calls = message.get("tool_calls") or message.get("function_call")
    if "role" not in message or ("content" not in message and not calls):
        missing = "role" if "role" not in message else "content"
        yield Finding(number, "message_missing_key", f"{place} has no {missing}")
    unknown = sorted(str(key) for key in message if key not in _MESSAGE_KEYS)
    if unknown:
        yield Finding(number, "message_unrecognized_key", f"{place} has {', '.join(unknown)[:200]}")
    if "role" in message and message["role"] not in ROLES:
        yield Finding(number, "unrecognized_role", f"{place} has the role {message['role']!r}"[:200])
    if "weight" in message and (message["weight"] not in (0, 1) or message.get("role") != "assistant"):
        yield Finding(number, "invalid_weight", f"{place}: weight is 0 or 1, on messages of the assistant")
    yield from _content_errors(message.get("content"), bool(calls), "content" in message, place, number)


def _content_errors(content: Any, has_calls: bool, is_there: bool, place: str, number: int) -> Iterator[Finding]:
    if not is_there or (content is None and has_calls):
        return
    texts = [content] if isinstance(content, str) else _part_texts(content)
    if texts is None or (not has_calls and not any(text.strip() for text in texts)):
        yield Finding(number, "missing_content", f"{place} has no text as its content")
        return
    for text in texts:
        token = MODEL_TOKEN.search(text)
        if token is not None:
            yield Finding(number, "special_token", f"{place} holds the model token {token.group()}")
        if any("\ud800" <= character <= "\udfff" for character in text if character > "\ud7ff"):
            yield Finding(number, "encoding_error", f"{place} holds half a character (a lone surrogate)")


def _part_texts(content: Any) -> list[str] | None:
    """The texts of a content in parts; ``None`` where it is no list of parts."""
    if not isinstance(content, list) or not content:
        return None
    if not all(isinstance(part, dict) and isinstance(part.get("type"), str) for part in content):
        return None
    texts = [part.get("text") if part["type"] == "text" else part["type"] for part in content]
    return texts if all(isinstance(text, str) for text in texts) else None


def _from_flat(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The chat form of a flat row; ``None`` where it is none."""
    if "messages" in row or not {"user", "assistant"} <= set(row) <= _FLAT_KEYS:
        return None
    turns = [
        {"role": role, "content": row[role]}
        for role in ("system", "user", "assistant")
        if role in row and not (role == "system" and not row[role])
    ]
    return {"messages": turns}


def _messages(row: Mapping[str, Any] | None) -> list[Message]:
    assert row is not None
    messages = []
    for body in row["messages"]:
        parts = body.get("content")
        text = parts if isinstance(parts, str) else " ".join(_part_texts(parts) or [])
        messages.append(Message.from_json({**body, "content": text}))
    return messages


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
