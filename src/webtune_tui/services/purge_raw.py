"""A person in the raw files of a collection: found, and overwritten where they stand. Blocking.

Raw files are never edited; this is the one exception. What can be overwritten in place is, length for length, so that
the places of other records stay true: a JSON object by a marker, the cells of a row by spaces. A document without
known places is written anew, a row by a marker. A page, and a file of which a part can't be overwritten (compressed,
binary), is emptied whole.
"""

from __future__ import annotations

import csv
import hashlib
import json
import mmap
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webtune_tui import registry
from webtune_tui.domain import clock
from webtune_tui.domain.erasure import FoundRecord
from webtune_tui.domain.mentions import Person
from webtune_tui.services.purge_scan import Line, encoding_of, is_ascii_based, lines_of, mentions
from webtune_tui.services.raw_data import MANIFEST
from webtune_tui.sources.files.base import Row
from webtune_tui.sources.files.csv_table import delimiter_of
from webtune_tui.storage.files import atomic_writer, open_plain, write_text
from webtune_tui.storage.overwrite import MARKER, blank_cells, blank_object, empty, overwrite

REJECTS = "rejects.jsonl"
_LINE_SUFFIXES = (".ndjson", ".jsonl")
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
_LINE_FORMATS = ("jsonl", "openai", "flat", "preference", "sharegpt", "alpaca")
_PLACES = 20
_LITERAL = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class RawHit:
    """A raw file that mentions the person: in ``ranges`` places, or ``is_whole`` where all of it goes."""

    path: Path
    ranges: int = 0
    is_whole: bool = False
    is_page: bool = False
    places: Sequence[str] = ()


@dataclass(slots=True)
class RawFolderSweep:
    """One collection's raw folder. ``records`` are the found ones; ``only`` names its file where it has one alone."""

    folder: Path
    person: Person
    records: Sequence[FoundRecord]
    only: str = ""
    _entries: list[dict[str, Any]] = field(default_factory=list)

    def run(self, *, erase: bool) -> Iterator[RawHit]:
        """The files with what was found in them; with ``erase`` it is gone when the hit comes."""
        manifest = _read_manifest(self.folder)
        self._entries = [one for one in manifest.get("files", []) if isinstance(one, dict)]
        by_file: dict[str, list[FoundRecord]] = {}
        for record in self.records:
            by_file.setdefault(self._file_of(record), []).append(record)
        changed: list[tuple[str, int]] = []
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if name in (MANIFEST, REJECTS) or path.is_symlink() or not path.is_file():
                continue
            hit = self._sweep(path, name, by_file.get(name, []), erase=erase)
            if hit is not None:
                changed.append((name, hit.ranges or 1))
                yield hit
        if erase and manifest and (changed or self.person.is_in(json.dumps(manifest, ensure_ascii=False))):
            self._write_manifest(manifest, changed)

    def _file_of(self, record: FoundRecord) -> str:
        """The file of a record: the one that it names, the collection's only one, or the one begun before it."""
        if named := record.place.file or self.only:
            return named.partition("!")[0]  # behind the mark stands the sheet, or the member of an archive
        begun = [one for one in self._entries if isinstance(one.get("first_position"), int)]
        before = [one for one in begun if one["first_position"] <= record.position]
        fallback = self._entries[0] if len(self._entries) == 1 else {}
        return str(max(before, key=lambda one: int(one["first_position"]), default=fallback).get("path", ""))

    def _sweep(self, path: Path, name: str, records: Sequence[FoundRecord], *, erase: bool) -> RawHit | None:
        entry: Mapping[str, Any] = next((one for one in self._entries if one.get("path") == name), {})
        encoding = encoding_of(path, entry.get("encoding"))
        shape = _shape(path, str(entry.get("format") or ""), encoding)
        if encoding is None or shape == "whole" or not is_ascii_based(encoding):
            return self._whole(path, records, encoding, erase=erase)
        if shape == "document":
            return self._document(path, records, encoding, erase=erase)
        known = {record.place.start for record in records if record.place.start is not None}
        if shape == "cells" and self._is_in_heading(path, encoding):
            return self._whole(path, records, encoding, erase=erase)
        rows = self._objects(path, encoding, known) if shape == "lines" else self._cells(path, encoding, known)
        hit = _counted(path, rows, erase=erase)
        if erase and hit is not None and mentions(path, self.person, encoding):
            empty(path)
            return RawHit(path, is_whole=True)
        return hit

    def _is_in_heading(self, path: Path, encoding: str) -> bool:
        heading = next((line for line in lines_of(path) if line.body.strip()), None)
        return heading is not None and self.person.is_in(heading.data.decode(encoding, "replace"))

    def _objects(self, path: Path, encoding: str, known: set[int]) -> Iterator[tuple[int, bytes]]:
        """The lines to overwrite, also those that a killed run left half overwritten."""
        for line in lines_of(path):
            body = line.body
            if body == blank_object(len(body)):
                continue
            is_torn = body.startswith(MARKER)
            if is_torn or line.start in known or self.person.is_in(body.decode(encoding, "replace")):
                yield line.start, blank_object(len(body))

    def _cells(self, path: Path, encoding: str, known: set[int]) -> Iterator[tuple[int, bytes]]:
        for row, delimiter in _table_rows(path, encoding):
            is_about = row.start in known or self.person.is_in(row.data.decode(encoding, "replace"))
            if is_about and (blank := blank_cells(row.data, delimiter)) != row.data:
                yield row.start, blank

    def _document(self, path: Path, records: Sequence[FoundRecord], encoding: str, *, erase: bool) -> RawHit | None:
        """A JSON document: known places are overwritten, a row without one makes it be written anew."""
        known = {(one.place.start, one.place.length) for one in records if one.place.start is not None}
        pieces = [(start, blank_object(length or 0)) for start, length in sorted(known) if start is not None]
        loose = [one for one in records if one.place.start is None]
        if not erase:
            words = 0 if pieces or loose else len(_literals(path, self.person, encoding))
            return _counted(path, iter(pieces), erase=False, more=len(loose) + words)
        overwrite(path, pieces)
        count = len(pieces)
        if loose:
            count += self._write_anew(path, encoding)
            encoding = "utf-8"
        count += overwrite(path, _literals(path, self.person, encoding))
        if count and mentions(path, self.person, encoding):
            empty(path)
            return RawHit(path, is_whole=True)
        return RawHit(path, count) if count else None

    def _write_anew(self, path: Path, encoding: str) -> int:
        """Writes the document as a list of its rows, the person's as markers; answers how many those were."""
        reader = registry.load("sources.files", "json_document")
        count = 0
        with atomic_writer(path) as stream:
            stream.write(b"[")
            for number, row in enumerate(reader.rows(path, encoding)):
                text = json.dumps(row.fields, ensure_ascii=False) if isinstance(row, Row) else ""
                is_about = not text or self.person.is_in(text)
                count += is_about
                body = MARKER if is_about else text.encode("utf-8", "replace")
                stream.write((b",\n" if number else b"\n") + body)
            stream.write(b"\n]\n")
        return count

    def _whole(self, path: Path, records: Sequence[FoundRecord], encoding: str | None, *, erase: bool) -> RawHit | None:
        if path.stat().st_size == 0 or not (records or mentions(path, self.person, encoding)):
            return None
        if erase:
            empty(path)
        return RawHit(path, is_whole=True, is_page=encoding is not None)

    def _write_manifest(self, manifest: dict[str, Any], changed: Sequence[tuple[str, int]]) -> None:
        """New sizes and hashes, and a note that something was erased, which says when and how much, never whom."""
        body: dict[str, Any] = self.person.without_in(manifest)
        for name, _ in changed:
            for entry in body.get("files", []):
                if isinstance(entry, dict) and entry.get("path") == name:
                    with open_plain(self.folder / name) as stream:
                        entry["sha256"] = hashlib.file_digest(stream, "sha256").hexdigest()
                    entry["bytes"] = (self.folder / name).stat().st_size
        if changed:
            note = {"time": clock.now(), "count": sum(count for _, count in changed)}
            body["erased"] = [*body.get("erased", []), note]
        write_text(self.folder / MANIFEST, json.dumps(body, ensure_ascii=False, indent=2) + "\n")


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        body = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _shape(path: Path, format: str, encoding: str | None) -> str:
    """How a raw file is built: ``lines`` of objects, ``cells`` of a table, a JSON ``document``, or ``whole``."""
    if encoding is None:
        return "whole"
    name = path.name.removesuffix(".part").lower()
    with open_plain(path) as stream:
        first = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if format in ("csv", "tsv") or (not format and name.endswith(_TABLE_SUFFIXES)):
        return "cells"
    if format in _LINE_FORMATS or (not format and name.endswith(_LINE_SUFFIXES)):
        return "document" if first == b"[" else "lines"
    if format == "json" or (not format and first and first in b"[{"):
        return "document"
    return "whole"


def _counted(path: Path, rows: Iterator[tuple[int, bytes]], *, erase: bool, more: int = 0) -> RawHit | None:
    """The hit of places in a file; they are overwritten where that is wanted. ``more`` have no place of their own."""
    places: list[str] = []

    def noted() -> Iterator[tuple[int, bytes]]:
        for start, data in rows:
            if len(places) < _PLACES:
                places.append(f"{start}+{len(data)}")
            yield start, data

    count = more + (overwrite(path, noted()) if erase else sum(1 for _ in noted()))
    return RawHit(path, count, places=tuple(places)) if count else None


def _literals(path: Path, person: Person, encoding: str) -> list[tuple[int, bytes]]:
    """The texts of a JSON document that mention the person, to be filled with spaces."""
    with open_plain(path) as stream:
        if not os.fstat(stream.fileno()).st_size:
            return []
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return [
                (match.start(1), b" " * len(match.group(1)))
                for match in _LITERAL.finditer(data)
                if person.is_in(match.group(1).decode(encoding, "replace"))
            ]


def _table_rows(path: Path, encoding: str) -> Iterator[tuple[Line, bytes]]:
    """The rows below the header with their bytes, a row being what the CSV reader takes for one; the delimiter too."""
    taken: list[Line] = []
    first = next((line for line in lines_of(path) if line.body.strip()), None)
    if first is None:
        return
    header = first.body.decode(encoding, "replace").lstrip("\ufeff")
    delimiter = delimiter_of(header, path.suffix)

    def texts() -> Iterator[str]:
        for line in lines_of(path):
            taken.append(line)
            yield line.data.decode(encoding, "replace").replace("\x00", " ")

    reader = csv.reader(texts(), delimiter=delimiter)
    is_header = True
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            cells = ["?"]
        row = Line(taken[0].start, b"".join(line.data for line in taken)) if taken else None
        taken.clear()
        if is_header:
            is_header = not cells
        elif row is not None:
            yield row, delimiter.encode()
