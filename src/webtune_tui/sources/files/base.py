"""What a reader of files gives: rows and rejects, one after the other, with bounded memory."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol

from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits

LONGEST_SNIPPET = 200
_BAD_BYTE = 0xDC00  # a byte that does not decode becomes this lone surrogate plus its value
_MARKED = re.compile("[\udc00-\udcff]")
_COUNTED_AS = {
    "utf-8": ("utf-8", "surrogateescape"),
    "utf-8-sig": ("utf-8", "surrogateescape"),
    "utf-16": ("utf-16-le", "strict"),
    "utf-32": ("utf-32-le", "strict"),
}
_WITH_STATE = frozenset({"utf-7", "hz", "iso2022_jp", "iso2022_kr", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext"})
_MARKS = {
    "utf-8-sig": (codecs.BOM_UTF8,),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


class Row(NamedTuple):
    """One record of a file as it stands there.

    ``line`` counts from 1 and is where the record begins (the row where a format has no lines); ``start`` and
    ``length`` are the bytes that it takes, where it is a range of the file; ``json`` is the JSON of the fields in
    UTF-8, where it stands in the file as it may be stored; ``part`` is the sheet, where there are any.
    """

    line: int
    fields: Mapping[str, Any]
    start: int | None = None
    length: int | None = None
    json: bytes | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A place of a file that can't be used, and why."""

    line: int
    reason: str
    snippet: str


class Reader(Protocol):
    """One module per format offers this as ``rows``."""

    def __call__(self, path: Path, encoding: str, limits: ReadLimits = DEFAULT_LIMITS) -> Iterator[Row | Reject]:
        """Every record and every reject of the file, in order."""
        ...


class RowUnusable(Exception):
    """One row can't be used; the text is the reason."""


def open_text(stream: BinaryIO, encoding: str, *, newline: str) -> io.TextIOWrapper:
    """The file as text in which :func:`bad_bytes_in` finds every byte that does not decode."""
    return io.TextIOWrapper(stream, encoding=encoding, errors="webtune-mark", newline=newline)


class ByteOffsets:
    """How many bytes of a file some text before a place took; ``at`` is ``None`` once that can't be told."""

    def __init__(self, path: Path, encoding: str) -> None:
        name = codecs.lookup(encoding).name
        self.at: int | None = _mark_length(path, name)
        self._codec, self._errors = _COUNTED_AS.get(name, (name, "strict"))
        if name in _WITH_STATE:
            self.at = None

    def advance(self, text: str) -> None:
        """Steps over text."""
        if self.at is None or not text:
            return
        if self._codec == "utf-8" and text.isascii():
            self.at += len(text)
            return
        try:
            self.at += len(text.encode(self._codec, self._errors))
        except UnicodeError:
            self.at = None  # a bad byte in an encoding of wide characters


def bad_bytes_in(text: str, encoding: str) -> str:
    """A reason where the text holds bytes that were not in the encoding, else an empty string."""
    try:
        text.encode()  # by far the fastest way to see that there is no surrogate in it
    except UnicodeEncodeError:
        marked = _MARKED.search(text)
    else:
        return ""
    if marked is None:
        return "half a character (a lone surrogate)"
    byte = ord(marked.group()) - _BAD_BYTE
    hint = "; its encoding may be another: give --encoding" if encoding.startswith("utf") else ""
    return f"byte 0x{byte:02X} is not {encoding}{hint}"


def snippet(text: str) -> str:
    """The beginning of a rejected piece, writable as UTF-8."""
    return text[:LONGEST_SNIPPET].encode("utf-8", "replace").decode("utf-8")


def size_of(path: Path) -> int:
    """The bytes of a file."""
    return path.stat().st_size


def _mark_length(path: Path, encoding: str) -> int:
    marks = _MARKS.get(encoding, ())
    with path.open("rb") as stream:
        beginning = stream.read(4)
    return max((len(mark) for mark in marks if beginning.startswith(mark)), default=0)


def _mark_bad_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(_BAD_BYTE + byte) for byte in bad), error.end


codecs.register_error("webtune-mark", _mark_bad_bytes)
