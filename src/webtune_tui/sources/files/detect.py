"""Telling a file's encoding and format by its content; the name decides only where the content leaves a choice."""

from __future__ import annotations

import codecs
import csv
import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.domain.errors import UsageError
from webtune_tui.sources.files.csv_table import delimiter_of
from webtune_tui.sources.files.encodings import declared_encoding, encoding_name, encoding_of, is_in
from webtune_tui.sources.files.extras import missing_extra
from webtune_tui.sources.files.shapes import SHAPES, shape_of

__all__ = ["FORMATS", "HEAD", "READERS", "Detected", "detect", "encoding_name", "format_word", "open_regular"]

HEAD = 1024**2
READERS = {
    "json": "json_document",
    "jsonl": "json_lines",
    "csv": "csv_table",
    "tsv": "csv_table",
    "parquet": "parquet_table",
    "xlsx": "xlsx_table",
    "html": "html_page",
    "markdown": "markdown",
    "text": "plain_text",
    "vtt": "subtitles",
    "srt": "subtitles",
}
FORMATS = (*READERS, *SHAPES)
LINE_FORMATS = frozenset({"jsonl", "csv", "tsv"})
DOCUMENTS = frozenset({"html", "markdown", "text", "vtt", "srt"})
"""Formats of which one file is one record."""
BINARY_FORMATS = frozenset({"parquet", "xlsx"})
_ALIASES = {"ndjson": "jsonl", "json-lines": "jsonl", "md": "markdown", "txt": "text", "htm": "html", "xhtml": "html"}
_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mkd": "markdown",
    ".vtt": "vtt",
    ".srt": "srt",
}
_PLAIN = frozenset({"", ".txt", ".text", ".dat", ".log", ".rst", ".asc", ".stdin"})
_JSON_NAMES = frozenset({".json", ".jsonl", ".ndjson", ".geojson", ".har"})
_JSON_BEGINS = re.compile(r'\{\s*(?:"|\})|\[\s*(?:[\[{"]|\]\s*\Z)')
_HTML_BEGINS = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TIMING = re.compile(r"\d{1,10}:\d{1,2}:\d{1,2}[,.]\d{1,3}\s*-->\s*\d")
_HEADING = re.compile(r"^#{1,6} \S", re.MULTILINE)
_FRONT_MATTER = re.compile(r"---\r?\n.*?^---\s*$", re.DOTALL | re.MULTILINE)
_BINARY = (
    (b"PAR1", "parquet", ""),
    (b"%PDF", None, "a PDF file; convert it to text or HTML first"),
    (b"\xd0\xcf\x11\xe0", None, "an old Office file; save it as .xlsx or text first"),
    (b"BZh", None, "packed by bzip2; unpack it first"),
    (b"\xfd7zXZ", None, "packed by xz; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", None, "a 7z archive; unpack it first"),
    (b"Rar!", None, "a RAR archive; unpack it first"),
)
_LINES_SEEN = 64


@dataclass(frozen=True, slots=True)
class Detected:
    """How a file is read. ``format`` is ``None`` where it can't be used; ``reason`` says why.

    ``reader`` is the plain format under which it is read: that of ``openai`` rows may be ``json`` or ``jsonl``.
    ``encoding`` is ``None`` for binary formats.
    """

    format: str | None
    encoding: str | None
    reason: str = ""
    reader: str = ""


def format_word(name: str) -> str:
    """A format as typed, in our own word. Raises UsageError for an unknown one."""
    word = _ALIASES.get(name.lower(), name.lower())
    if word not in FORMATS:
        raise UsageError(f"There is no format {name!r}", hint=f"Formats: {', '.join(FORMATS)}")
    return word


def open_regular(path: Path) -> BinaryIO:
    """A regular file for reading; never waits for a pipe. Raises OSError, with a plain text for other things."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "not a regular file")
    return os.fdopen(descriptor, "rb")


def detect(head: bytes, name: str, *, format: str | None = None, encoding: str | None = None) -> Detected:
    """The format and encoding of a file by its first bytes; what was given by the person wins.

    A packed file is none of them; :mod:`webtune_tui.sources.files.opening` looks inside.
    """
    if not head:
        return Detected(None, None, "the file is empty")
    if format in BINARY_FORMATS:
        return _usable(format or "", None)
    if format is None and (binary := _binary(head)):
        return binary
    chosen = encoding or encoding_of(head)
    if chosen is None:
        return Detected(None, None, "not text (binary data)")
    text = codecs.getincrementaldecoder(chosen)("replace").decode(head).lstrip("\ufeff")
    if not text.strip():
        return Detected(None, chosen, "the file holds only white space")
    is_whole = len(head) < HEAD
    found = format if format in READERS else format_of(text, name, is_whole=is_whole)
    if format in SHAPES and found not in ("json", "jsonl"):
        return Detected(None, chosen, f"is not JSON, as {format} is")
    if found is None:
        return Detected(None, chosen, "not a format that webtune reads; --format text reads any text")
    if found == "html" and encoding is None:
        chosen = _encoding_of_page(head, chosen)
    return _usable(found, chosen, word=_word(found, text))


def _usable(reader: str, encoding: str | None, *, word: str = "") -> Detected:
    """Readable, unless a part of webtune that reads it is not installed."""
    if missing := missing_extra(reader):
        return Detected(None, encoding, missing)
    return Detected(word or reader, encoding, reader=reader)


def _binary(head: bytes) -> Detected | None:
    """A binary file by its magic bytes; ``None`` for others."""
    for magic, word, reason in _BINARY:
        if head.startswith(magic):
            return _usable(word, None) if word else Detected(None, None, reason)
    if head[257:262] == b"ustar":
        return Detected(None, None, "a tar archive; unpack it first")
    return None


def _encoding_of_page(head: bytes, told: str) -> str:
    """A page's encoding: its mark, else UTF-8 where it is that, else what it declares."""
    declared = declared_encoding(head)
    if told != "utf-8" or declared is None:
        return told
    return declared if not is_in(head, "utf-8") or declared.startswith("iso2022") else told


def format_of(text: str, name: str, *, is_whole: bool) -> str | None:
    """The plain format by content; ``None`` for what is none of them."""
    suffix = Path(name).suffix.lower()
    if text.startswith("WEBVTT"):
        return "vtt"
    if suffix == ".srt" or _is_srt(text):
        return "srt"
    if _is_page(text):
        return "html"
    if text.lstrip()[:1] in ("{", "[") and _may_be_json(text, suffix, is_whole=is_whole):
        return _json_or_lines(text, suffix, is_whole=is_whole)
    named = _BY_SUFFIX.get(suffix)
    if named in ("csv", "tsv"):
        return "tsv" if delimiter_of(text.lstrip().split("\n", 1)[0], suffix) == "\t" else "csv"
    if named is not None:
        return named
    return _plain(text, suffix) if suffix in _PLAIN else None


def _plain(text: str, suffix: str) -> str:
    """What a text without a telling name is."""
    if table := _table_by_content(text):
        return table
    if suffix in ("", ".stdin") and (_FRONT_MATTER.match(text) or len(_HEADING.findall(text[:65536])) > 1):
        return "markdown"
    return "text"


def _is_page(text: str) -> bool:
    """Whether the first thing of a text, after what may stand above it, is the beginning of an HTML page."""
    at = len(text) - len(text.lstrip())
    while closing := ("-->" if text.startswith("<!--", at) else "?>" if text.startswith("<?", at) else ""):
        end = text.find(closing, at)
        if end < 0:
            return False
        at = end + len(closing)
        at += len(text[at:]) - len(text[at:].lstrip()) if text[at : at + 1].isspace() else 0
    return _HTML_BEGINS.match(text, at) is not None


def _is_srt(text: str) -> bool:
    lines = [line for line in text[:2000].splitlines() if line.strip()][:2]
    return any(_TIMING.match(line.strip()) for line in lines)


def _may_be_json(text: str, suffix: str, *, is_whole: bool) -> bool:
    """Whether a text that begins with a bracket is JSON at all: a page of prose may begin with one too."""
    if suffix in _JSON_NAMES or _JSON_BEGINS.match(text.lstrip()):
        return True
    return _most_are_objects(_complete_lines(text, is_whole=is_whole))


def _complete_lines(text: str, *, is_whole: bool) -> list[str]:
    lines = [line for line in text.split("\n", _LINES_SEEN) if line.strip()]
    return lines if is_whole or len(lines) > _LINES_SEEN else lines[:-1]


def _json_or_lines(text: str, suffix: str, *, is_whole: bool) -> str:
    lines = [line for line in text.split("\n", _LINES_SEEN) if line.strip()]
    complete = _complete_lines(text, is_whole=is_whole)
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
    sample = lines[:_LINES_SEEN]
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
    rows = list(csv.reader(lines[:-1] or lines, delimiter=mark))
    widths = {len(cells) for cells in rows}
    if len(widths) != 1 or widths == {1}:
        return None
    behind = [cell for cells in rows for cell in cells[1:] if cell]
    if mark == "," and behind and all(cell.startswith(" ") for cell in behind):
        return None  # sentences, not cells
    return "tsv" if mark == "\t" else "csv"


def _word(reader: str, text: str) -> str:
    """The contract's word: that of the shape where the rows are ready examples, else the plain format."""
    if reader == "jsonl":
        for line in text.split("\n", _LINES_SEEN)[:_LINES_SEEN]:
            if isinstance(value := _parsed(line), dict):
                return shape_of(value) or reader
    elif reader == "json":
        beginning = text.lstrip()
        at = len(beginning) - len(beginning[1:].lstrip()) if beginning.startswith("[") else 0
        try:
            value, _ = json.JSONDecoder().raw_decode(beginning, at)
        except (ValueError, RecursionError):
            return reader
        if isinstance(value, dict):
            return shape_of(value) or reader
    return reader
