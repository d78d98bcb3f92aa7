"""An import as the commands and the app run it: a real workspace, real files, everything that came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.domain.events import FileImported, Imported
from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.domain.records import Record
from webtune_tui.services.import_files import ImportService
from webtune_tui.settings import Settings
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True)
class Done:
    """A finished import."""

    imported: Imported
    records: list[Record]
    rejects: list[dict[str, Any]]
    folder: Path

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The fields of the records that were stored, by position."""
        return [dict(record.fields) for record in self.records]

    @property
    def reasons(self) -> dict[str, str]:
        """The reason of each reject by the last part of its path."""
        return {Path(row["path"]).name: row["reason"] for row in self.rejects}

    def file(self, ending: str) -> FileImported:
        """What became of the one file or member whose path ends so."""
        (found,) = [file for file in self.imported.files if file.path.endswith(ending)]
        return found

    def bytes_of(self, record: Record) -> bytes:
        """The raw bytes of a record, read as its place says."""
        from webtune_tui.sources.files.packed import open_place

        assert record.place.start is not None and record.place.length is not None
        with open_place(self.folder, record.place.file) as stream:
            stream.seek(record.place.start)
            return stream.read(record.place.length)


async def import_files(
    workspace: Workspace,
    *paths: Path,
    limits: ReadLimits = DEFAULT_LIMITS,
    stdin: BinaryIO | None = None,
    **options: Any,
) -> Done:
    """Imports and reads back what was stored."""
    service = ImportService(workspace, Settings(limits=limits))
    events = [event async for event in service.run(paths, stdin=stdin, **options)]
    assert isinstance(events[-1], Imported)
    collection = events[-1].collection
    folder = workspace.raw_folder(collection.collection_id)
    rejects_file = folder / "rejects.jsonl"
    lines = rejects_file.read_text().splitlines() if rejects_file.exists() else []
    records = RecordRepository(workspace.database).of_collection(collection.collection_id, limit=1_000_000)
    assert not (folder / ".unpacked").exists(), "what was unpacked is removed"
    return Done(events[-1], records, [json.loads(line) for line in lines], folder)
