"""Reading files of any kind for mentions of a person, in bounded memory. Blocking."""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from webtune_tui.domain.mentions import Person
from webtune_tui.storage.files import open_plain

LONGEST = 64 * 1024**2
"""Bytes of a line, or of a file that is taken as one value, beyond which it is no longer looked at whole."""

_CHUNK = 1024**2
_OVERLAP = 4096  # a mention over the border of two chunks is found in the second
_MOST_UNPACKED = 8 * 1024**3
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"PAR1", b"BZh", b"\xfd7zXZ")
_HALF_EMPTIED = bytes(8)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end, and the byte at which it starts."""

    start: int
    data: bytes

    @property
    def body(self) -> bytes:
        """The line without its end."""
        return self.data.rstrip(b"\r\n")


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file as bytes. A line beyond :data:`LONGEST` comes in pieces."""
    start = 0
    with open_plain(path) as stream:
        while data := stream.readline(LONGEST):
            yield Line(start, data)
            start += len(data)


def encoding_of(path: Path, told: object = None) -> str | None:
    """The encoding of a text file: by its mark, else as it was told, else UTF-8; ``None`` for binary data."""
    with open_plain(path) as stream:
        head = stream.read(8192)
    if head.startswith(_PACKED):
        return None
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if isinstance(told, str):
        try:
            return codecs.lookup(told).name
        except LookupError:
            pass
    return None if b"\x00" in head else "utf-8"


def is_ascii_based(encoding: str) -> bool:
    """Whether line ends, quotes and brackets are single bytes in the encoding, as they are in ASCII."""
    return '\n",;{}'.encode(encoding) in (b'\n",;{}', codecs.BOM_UTF8 + b'\n",;{}')


def mentions(path: Path, person: Person, encoding: str | None) -> bool:
    """Whether a file's text mentions the person; of gzip and zip (and thus of sheets) what is inside of them.

    Other binary data can't be searched. A file that was being emptied when the program was killed begins with zeros;
    it counts as one that does. Raises OSError.
    """
    with open_plain(path) as stream:
        head = stream.read(len(_HALF_EMPTIED))
        stream.seek(0)
        if head == _HALF_EMPTIED:
            return True
        if head[:2] == b"\x1f\x8b":
            with gzip.open(stream) as inside:
                return _unpacked_mentions(cast(IO[bytes], inside), person)
        if head[:4] == b"PK\x03\x04":
            return _archive_mentions(stream, person)
        return encoding is not None and _text_mentions(stream, person, encoding)


def _archive_mentions(stream: BufferedReader, person: Person) -> bool:
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                with archive.open(member) as inside:
                    if person.is_in(member.filename) or _unpacked_mentions(inside, person):
                        return True
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        pass  # broken, encrypted or packed in another way: nobody's words can be read from it here
    return False


def _unpacked_mentions(inside: IO[bytes], person: Person) -> bool:
    try:
        return _text_mentions(inside, person, "utf-8")
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile):
        return False


def _text_mentions(stream: IO[bytes], person: Person, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    kept, read = "", 0
    while chunk := stream.read(_CHUNK):
        text = kept + decoder.decode(chunk)
        if person.is_in(text):
            return True
        kept = _from_space_on(text[-_OVERLAP:])
        read += len(chunk)
        if read > _MOST_UNPACKED:
            return False
    return person.is_in(kept + decoder.decode(b"", True))


def _from_space_on(text: str) -> str:
    """The end of a chunk from its first space on, so that the next one does not begin inside a word."""
    parts = text.split(maxsplit=1)
    return parts[1] if len(parts) > 1 else text
