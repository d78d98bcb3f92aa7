"""The raw bytes of a collection on disk: downloaded under a part name, checked, renamed, described. Blocking."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui.sources.base import CutBody
from webtune_tui.sources.files import json_document, json_lines
from webtune_tui.sources.files.base import Reject, Row
from webtune_tui.storage.files import sync_folder, write_text

RECORDS = "records.ndjson"
PART = "records.ndjson.part"
MANIFEST = "manifest.json"
ANNOUNCED = "rows_announced"  # in the manifest of what came in batches
_CHUNK = 1024**2
_TAIL = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class RawFile:
    """A raw file as the manifest describes it; ``path`` is relative to the collection's folder."""

    path: str
    bytes: int
    sha256: str
    rows: int


def measured(path: Path) -> RawFile:
    """A downloaded file's size, hash and rows.

    Raises:
        CutBody: its end is not the end of a record, so it was cut on the way.
    """
    digest, size, newlines, last = hashlib.sha256(), 0, 0, b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            newlines += chunk.count(b"\n")
            last = chunk[-1:]
    is_array = first_byte(path) == b"["
    _require_end(path, size, is_array=is_array)
    rows = sum(1 for _ in json_document.rows(path, "utf-8")) if is_array else newlines + (last not in (b"\n", b""))
    return RawFile(path.name.removesuffix(".part"), size, digest.hexdigest(), rows)


def keep(folder: Path) -> None:
    """Gives the finished part file its name; both survive a crash at any moment."""
    with (folder / PART).open("rb") as stream:
        os.fsync(stream.fileno())
    (folder / PART).replace(folder / RECORDS)
    sync_folder(folder)


def sweep(folder: Path) -> None:
    """Removes the half-written files of a run that was killed while it replaced one; the folder has one user."""
    for left_over in folder.glob(".*.part"):
        left_over.unlink(missing_ok=True)


def write_manifest(folder: Path, facts: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> None:
    """Replaces the manifest at once."""
    body = dict(facts) | {"files": list(files)}
    write_text(folder / MANIFEST, json.dumps(body, ensure_ascii=False, indent=2) + "\n")


def surplus_of(folder: Path) -> int:
    """How many more rows came in batches than were announced; 0 for what came whole or is not described."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0
    announced = told.get(ANNOUNCED)
    rows = sum(int(file["rows"]) for file in told["files"])
    return max(0, rows - announced) if isinstance(announced, int) else 0


def rows_of(path: Path) -> Iterator[Row | Reject]:
    """The rows of a download, mended where they hold what can't be stored: they were paid for."""
    if first_byte(path) == b"[":
        return json_document.rows(path, "utf-8")
    return json_lines.rows(path, "utf-8", mend=True)


def first_byte(path: Path) -> bytes:
    """The first byte that is no white space."""
    with path.open("rb") as stream:
        return stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]


def _require_end(path: Path, size: int, *, is_array: bool) -> None:
    tail = _last_line(path, size)
    if not tail:
        return
    if is_array:
        if not tail.endswith(b"]"):
            raise CutBody("The download ends in the middle of a list")
        return
    try:
        json.loads(tail)
    except (ValueError, RecursionError) as error:
        raise CutBody("The download ends in the middle of a record") from error


def _last_line(path: Path, size: int) -> bytes:
    """The last line that holds something, read backwards in growing pieces."""
    wanted = _CHUNK // 4
    with path.open("rb") as stream:
        while True:
            stream.seek(max(0, size - wanted))
            tail = stream.read().rstrip(b" \t\r\n")
            if b"\n" in tail or wanted >= min(size, _TAIL):
                return tail[tail.rfind(b"\n") + 1 :]
            wanted *= 4
