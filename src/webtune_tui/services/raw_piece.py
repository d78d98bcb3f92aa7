"""The raw bytes of one record: found in its collection's folder, read without trusting what stands there. Blocking."""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from webtune_tui.domain.origins import RawPiece, RawState
from webtune_tui.domain.records import RawPlace
from webtune_tui.services.raw_data import MANIFEST
from webtune_tui.storage.files import open_plain

_CHUNK = 1024**2
_LARGEST_MANIFEST = 64 * 1024**2
_HASHED = 16 * 1024**2  # a file up to this size is hashed each time one looks at it: about 10 ms
_EVERY_BYTE = bytes(range(256))
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
_LINE_FORMATS = frozenset({"jsonl", "ndjson", "csv", "tsv", "openai", "flat", "preference", "sharegpt", "alpaca"})
_PAGE_FORMATS = frozenset({"html", "markdown", "text", "vtt", "srt"})
_PAGE_SUFFIXES = frozenset({".html", ".htm", ".md", ".markdown", ".txt", ".vtt", ".srt"})


@dataclass(frozen=True, slots=True)
class RawFolder:
    """The raw folder of a collection; ``stored`` is the raw path of its row, where it has one."""

    folder: Path
    stored: Path | None = None

    def piece(self, place: RawPlace, position: int, *, limit: int) -> RawPiece:
        """The bytes of the record at a place, or of the row at a position where no place was kept.

        With ``limit`` 0 only the file is named and looked for.
        """
        entries = self._manifest() if limit or not self._row_name(place) else ()
        name = self._row_name(place) or _name_by_position(entries, position)
        if not name:
            return RawPiece(None, RawState.UNMARKED, note="It was not kept in which file its bytes lie.")
        copy, mark, inner = name.partition("!")  # behind the mark: what is packed in the file
        path = self.inside(copy)
        if path is None:
            return RawPiece(None, RawState.MISSING, note="The place of its raw file lies outside the workspace.")
        entry = next((one for one in entries if one.get("path") == copy), {})
        encoding = _encoding(_member_of(entry, inner))
        found = RawPiece(path, RawState.WHOLE, place=replace(place, file=name), encoding=encoding)
        if not limit:
            is_there = path.is_file()
            note = "" if is_there else "The raw file is missing."
            return replace(found, state=RawState.WHOLE if is_there else RawState.MISSING, note=note)
        try:
            with open_plain(path) as stream:
                if mark:
                    found = _read_packed(self.folder, found, limit)
                else:
                    found = _read(stream, found, entry, position, limit)
                return _with_changes_told(stream, found, entry)
        except FileNotFoundError:
            return replace(found, state=RawState.MISSING, note="The raw file is missing.")
        except OSError as error:
            told = f"The raw file can't be read: {error.strerror or error}"
            return replace(found, state=RawState.MISSING, note=told)

    def inside(self, name: str) -> Path | None:
        """A file of the folder by its stored name; ``None`` where that leads out of the folder."""
        if "\x00" in name:
            return None
        path = self.folder / name
        return path if path.resolve().is_relative_to(self.folder.resolve()) and path != self.folder else None

    def page(self, name: str) -> Path | None:
        """A file of the folder that can be read as a page, where there is such a file."""
        path = self.inside(name) if Path(name).suffix.lower() in _PAGE_SUFFIXES else None
        return path if path is not None and path.is_file() and not path.is_symlink() else None

    def _manifest(self) -> Sequence[Mapping[str, Any]]:
        """The files as the manifest describes them; none where it is missing or no longer readable."""
        try:
            with open_plain(self.folder / MANIFEST) as stream:
                body = json.loads(stream.read(_LARGEST_MANIFEST))
        except (OSError, ValueError, RecursionError):
            return ()
        files = body.get("files") if isinstance(body, dict) else None
        return [one for one in files if isinstance(one, dict)] if isinstance(files, list) else ()

    def _row_name(self, place: RawPlace) -> str:
        """The file that the record names, else the one that its collection names."""
        if place.file or self.stored is None or self.stored.parent != self.folder:
            return place.file
        return self.stored.name


def _name_by_position(entries: Sequence[Mapping[str, Any]], position: int) -> str:
    """The file of a record without a place of its own: the last one that began at or before its position."""
    begun = [one for one in entries if isinstance(first := one.get("first_position"), int) and first <= position]
    only = entries[0] if len(entries) == 1 else {}
    return str(max(begun, key=lambda one: int(one["first_position"]), default=only).get("path", ""))


def _read(stream: BufferedReader, found: RawPiece, entry: Mapping[str, Any], position: int, limit: int) -> RawPiece:
    """The piece with its bytes, by the range, the line or as the whole file, whatever is known."""
    place, format, suffix = found.place, str(entry.get("format") or ""), Path(found.place.file).suffix.lower()
    if place.start is not None and place.length is not None:
        extent: tuple[int, int] | None = (place.start, place.length)
    elif format in _PAGE_FORMATS or (not format and suffix in _PAGE_SUFFIXES):
        extent = (0, os.fstat(stream.fileno()).st_size)
    elif format in _LINE_FORMATS or (not format and suffix in (".ndjson", ".jsonl")):
        extent = _extent_of_row(stream, found, entry, position)
    else:
        extent = None
    if extent is None:
        note = found.note or "This format does not tell which of the file's bytes are the record's."
        return replace(found, state=RawState.UNMARKED, note=note)
    return _cut_out(stream, found, *extent, limit)


def _cut_out(stream: IO[bytes], found: RawPiece, start: int, length: int, limit: int) -> RawPiece:
    """The piece with a range of bytes, marked where the file ends before it does."""
    stream.seek(0)
    encoding = _with_byte_order(found.encoding, stream.read(4))
    stream.seek(start)
    data = stream.read(min(length, limit))
    place = replace(found.place, start=start, length=length)
    piece = replace(found, data=data, size=length, place=place, encoding=encoding)
    if len(data) < min(length, limit):
        return replace(piece, state=RawState.CHANGED, note="The raw file is shorter than when the record was stored.")
    return piece


def _read_packed(folder: Path, found: RawPiece, limit: int) -> RawPiece:
    """The piece out of a gzip, zstd or zip, or out of a workbook, which has no range of bytes."""
    from webtune_tui.sources.files.packed import Unpackable, open_place  # few records are packed

    start, length = found.place.start, found.place.length
    if start is None or length is None:
        note = "This format does not tell which of the file's bytes are the record's."
        return replace(found, state=RawState.UNMARKED, note=note)
    try:
        with open_place(folder, found.place.file) as stream:
            return _cut_out(stream, found, start, length, limit)
    except (Unpackable, EOFError, zlib.error, zipfile.BadZipFile, KeyError, ValueError, RuntimeError) as error:
        note = f"The raw file can't be unpacked: {error}"
        return replace(found, state=RawState.CHANGED, note=note)


def _member_of(entry: Mapping[str, Any], inner: str) -> Mapping[str, Any]:
    """What the manifest says of a member of a packed file, else of the file."""
    listed = entry.get("members")
    members = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return next((one for one in members if one.get("name") == inner), entry)


def _extent_of_row(
    stream: BufferedReader, found: RawPiece, entry: Mapping[str, Any], position: int
) -> tuple[int, int] | None:
    """The bytes of a row by its line, or by its number among the lines that hold something."""
    if found.encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        return None  # a line feed is more than one byte there
    if found.place.line is not None:
        return line_extent(stream, found.place.line, counts_empty=True)
    head = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    stream.seek(0)
    if head == b"[" or str(entry.get("format") or "jsonl") in ("csv", "tsv"):
        return None
    first = entry.get("first_position")
    return line_extent(stream, position - (first if isinstance(first, int) else 0) + 1, counts_empty=False)


def line_extent(stream: BufferedReader, number: int, *, counts_empty: bool) -> tuple[int, int] | None:
    """Start and length of the line with a number, counted from 1, without its end; ``None`` behind the last one."""
    seen, end = 0, 0
    while piece := stream.readline(_CHUNK):
        start, is_empty, last = end, not piece.strip(b" \t\r\n"), piece
        end += len(piece)
        while not last.endswith(b"\n") and (more := stream.readline(_CHUNK)):
            is_empty, last = is_empty and not more.strip(b" \t\r\n"), more
            end += len(more)
        seen += counts_empty or not is_empty
        if seen == number and (counts_empty or not is_empty):
            ending = 2 if last.endswith(b"\r\n") else 1 if last.endswith(b"\n") else 0
            return start, end - start - ending
    return None


def _with_changes_told(stream: BufferedReader, found: RawPiece, entry: Mapping[str, Any]) -> RawPiece:
    """The piece, marked where the file is not what the manifest says it was."""
    size, wanted, digest = os.fstat(stream.fileno()).st_size, entry.get("bytes"), entry.get("sha256")
    if isinstance(wanted, int) and wanted != size:
        note = f"The raw file was changed: it had {wanted:,} bytes and has {size:,}."
        return replace(found, state=RawState.CHANGED, note=note)
    if isinstance(digest, str) and size <= _HASHED:
        stream.seek(0)
        if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
            note = "The raw file was changed: its sha256 is not the one of the manifest."
            return replace(found, state=RawState.CHANGED, note=note)
    return found


def _with_byte_order(encoding: str, head: bytes) -> str:
    """The encoding of a piece from the middle of a file: the mark that tells the order stands at the beginning."""
    word = encoding.lower().replace("_", "-")
    if word not in ("utf-16", "utf-32"):
        return encoding
    return f"{word}-be" if head.startswith((b"\xfe\xff", b"\x00\x00\xfe\xff")) else f"{word}-le"


def _encoding(entry: Mapping[str, Any]) -> str:
    """The encoding that the manifest names for a file, where one can decode with it."""
    named = _CHARSET.search(str(entry.get("media_type") or ""))
    name = str(entry.get("encoding") or (named.group(1) if named else "utf-8"))
    try:
        _EVERY_BYTE.decode(name, "replace")
    except (LookupError, ValueError):
        return "utf-8"
    return name
