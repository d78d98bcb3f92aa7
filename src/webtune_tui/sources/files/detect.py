"""Telling a file's encoding and format by its content; the name decides only where the content leaves a choice."""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.domain.errors import UsageError
from webtune_tui.sources.files.csv_table import delimiter_of

HEAD = 1024**2
READERS = {"json": "json_document", "jsonl": "json_lines", "csv": "csv_table", "tsv": "csv_table"}
FORMATS = tuple(READERS)
LINE_FORMATS = frozenset({"jsonl", "csv", "tsv"})
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALIASES = {"ndjson": "jsonl", "json-lines": "jsonl", "openai": "jsonl", "flat": "jsonl"}
_CHUNK = 1024**2


@dataclass(frozen=True, slots=True)
class Detected:
    """How a file is read. ``format`` is ``None`` where it can't be used; ``reason`` says why."""

    format: str | None
    encoding: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Copied:
    """A raw copy: its size, hash, and the byte at which it stops to be text in its encoding, if any."""

    size: int
    sha256: str
    bad_byte_at: int | None


def format_word(name: str) -> str:
    """A format as typed, in our own word. Raises UsageError for an unknown one."""
    word = _ALIASES.get(name.lower(), name.lower())
    if word not in READERS:
        raise UsageError(f"There is no format {name!r}", hint=f"Formats: {', '.join(FORMATS)}")
    return word


def encoding_name(name: str) -> str:
    """An encoding as typed, by Python's name for the codec. Raises UsageError for an unknown one."""
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        raise UsageError(f"There is no encoding {name!r}", hint="For example utf-8, latin-1, cp1252, utf-16") from None
    try:
        found.decode(b"")
        "".encode(name)
    except (LookupError, TypeError, ValueError):
        raise UsageError(f"{name!r} is no text encoding", hint="For example utf-8, latin-1, utf-16") from None
    return found.name


def reader_of(word: str) -> str:
    """The format under which a file of some word is read: ready examples are JSON lines."""
    return _ALIASES.get(word, word)


def open_regular(path: Path) -> BinaryIO:
    """A regular file for reading; never waits for a pipe. Raises OSError, with a plain text for other things."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file")
    return os.fdopen(descriptor, "rb")


def detect(head: bytes, name: str, *, format: str | None = None, encoding: str | None = None) -> Detected:
    """The format and encoding of a file by its first bytes; what was given by the person wins."""
    if not head:
        return Detected(None, None, "the file is empty")
    chosen = encoding or encoding_of(head)
    if chosen is None:
        return Detected(None, None, "not text (binary data)")
    text = codecs.getincrementaldecoder(chosen)("replace").decode(head).lstrip("\ufeff")
    if not text.strip():
        return Detected(None, chosen, "the file holds only white space")
    found = format or format_of(text, name, is_whole=len(head) < HEAD)
    if found is None:
        return Detected(None, chosen, "not a format that webtune reads (JSON, JSON lines, CSV)")
    if found == "jsonl":
        found = _jsonl_word(text)
    return Detected(found, chosen)


def encoding_of(head: bytes) -> str | None:
    """The encoding by byte order mark, else by the pattern of NULs, else UTF-8; ``None`` for binary data."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    sample = head[:4096]
    if b"\x00" not in sample:
        return "utf-8"
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.3 * len(sample) / 2 and not even:
        return "utf-16-le"
    if even > 0.3 * len(sample) / 2 and not odd:
        return "utf-16-be"
    return "utf-8" if sample.lstrip()[:1] in (b"{", b"[") else None


def format_of(text: str, name: str, *, is_whole: bool) -> str | None:
    """The format by content: JSON document, JSON lines or a table."""
    suffix = Path(name).suffix.lower()
    first = text.lstrip()[:1]
    if first in ("{", "["):
        return _json_or_lines(text, suffix, is_whole=is_whole)
    if suffix in (".csv", ".tsv", ".tab"):
        return "tsv" if delimiter_of(text.lstrip().split("\n", 1)[0], suffix) == "\t" else "csv"
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    return _table_by_content(text) if suffix in ("", ".txt", ".dat") else None


def ready_word(fields: Mapping[str, Any]) -> str | None:
    """The word for rows that are chat examples already: ``openai`` or ``flat``; ``None`` for others."""
    messages = fields.get("messages")
    if isinstance(messages, list) and messages and all(_is_message(message) for message in messages):
        return "openai"
    if {"user", "assistant"} <= set(fields) <= {"system", "user", "assistant"}:
        return "flat"
    return None


def copy_and_measure(source: BinaryIO, target: BinaryIO, encoding: str | None) -> Copied:
    """Copies a file, hashing it and checking on the way that it decodes. The caller syncs the target."""
    digest, size = hashlib.sha256(), 0
    decoder = codecs.getincrementaldecoder(encoding)("strict") if encoding else None
    bad_at: int | None = None
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
        if decoder is not None and bad_at is None:
            try:
                decoder.decode(chunk)
            except UnicodeError as error:
                bad_at = size + getattr(error, "start", 0)
        size += len(chunk)
    if decoder is not None and bad_at is None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            bad_at = size
    return Copied(size, digest.hexdigest(), bad_at)


def _json_or_lines(text: str, suffix: str, *, is_whole: bool) -> str:
    lines = [line for line in text.split("\n", 64) if line.strip()]
    complete = lines if is_whole or len(lines) > 64 else lines[:-1]
    is_named_lines = suffix in (".jsonl", ".ndjson")
    if not complete:  # one line longer than the head
        return "jsonl" if is_named_lines and text.lstrip().startswith("{") else "json"
    if len(lines) == 1:
        return "jsonl" if is_named_lines and isinstance(_parsed(lines[0]), dict) else "json"
    if isinstance(_parsed(lines[0]), dict):
        return "jsonl"
    if text.lstrip().startswith("["):
        return "jsonl" if is_named_lines and isinstance(_parsed(lines[0]), list) else "json"
    return "jsonl" if is_named_lines or _most_are_objects(complete) else "json"


def _most_are_objects(lines: list[str]) -> bool:
    sample = lines[:64]
    return sum(isinstance(_parsed(line), dict) for line in sample) * 2 > len(sample)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _table_by_content(text: str) -> str | None:
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if len(lines) < 2:
        return None
    mark = delimiter_of(lines[0])
    widths = {len(cells) for cells in csv.reader(lines[:-1] or lines, delimiter=mark)}
    if len(widths) != 1 or widths == {1}:
        return None
    return "tsv" if mark == "\t" else "csv"


def _jsonl_word(text: str) -> str:
    for line in text.split("\n", 64)[:64]:
        value = _parsed(line)
        if isinstance(value, dict):
            return ready_word(value) or "jsonl"
    return "jsonl"


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and isinstance(message.get("role"), str) and "content" in message
