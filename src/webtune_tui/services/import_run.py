"""One import under way: its files so far, and the rows of one piece of a file on their way into the workspace."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from webtune_tui import registry
from webtune_tui.domain import clock
from webtune_tui.domain.events import FileImported, ImportEvent, Progressed
from webtune_tui.domain.records import RawPlace, Record, RecordRow
from webtune_tui.services.import_paths import STDIN
from webtune_tui.services.ingest import Ingest, RejectsFile
from webtune_tui.services.raw_copies import Copied
from webtune_tui.settings import Settings
from webtune_tui.sources.delivered import imported_record, imported_row
from webtune_tui.sources.files import detect as detection
from webtune_tui.sources.files.base import Reject, Row
from webtune_tui.sources.files.opening import Choice, Piece
from webtune_tui.storage.records import RecordRepository

_PROGRESS_SECONDS = 0.1


@dataclass
class ImportRun:
    """One import under way."""

    collection_id: str
    folder: Path
    rejects: RejectsFile
    files: list[FileImported] = field(default_factory=list)
    raw: list[dict[str, Any]] = field(default_factory=list)
    shown: float = 0.0

    @property
    def rejects_path(self) -> str | None:
        """Where the rejects lie, if there are any."""
        return str(self.rejects.path) if self.rejects.path.exists() else None

    def is_time_to_show(self) -> bool:
        """Whether the last sign of progress is old enough for the next one."""
        now = time.monotonic()
        if now - self.shown < _PROGRESS_SECONDS:
            return False
        self.shown = now
        return True


@dataclass(frozen=True, slots=True)
class ImportSource:
    """One file of an import: as it was named, and its raw copy."""

    path: Path
    copy: Copied

    def label(self, member: str) -> str:
        """How a thing in it is named in results and rejects."""
        return f"{self.path}/{member}" if member else str(self.path)


@dataclass(frozen=True, slots=True)
class PieceStore:
    """The rows of one piece on their way into the workspace."""

    repository: RecordRepository
    settings: Settings
    run: ImportRun
    source: ImportSource
    piece: Piece
    label: str

    def rows(self, choice: Choice, first: int) -> Generator[ImportEvent, None, None]:
        """Stores every row, with signs of progress."""
        found = self.piece.found
        reader = registry.load("sources.files", detection.READERS[found.reader])
        options = {"list_path": choice.list_path} if found.reader == "json" and choice.list_path else {}
        items = reader.rows(self.piece.path, found.encoding or "", self.settings.limits, **options)
        for batch in self._ingest().run(items, first_position=first):
            if self.run.is_time_to_show():
                yield Progressed("importing", batch.collection.records, unit="records", message=self.source.path.name)

    def reject(self, reason: str) -> None:
        """Stores that the piece can't be used."""
        first = self.repository.stored_up_to(self.run.collection_id)
        for _ in self._ingest().run([Reject(1, reason, "")], first_position=first):
            pass

    def _ingest(self) -> Ingest:
        collection_id, now = self.run.collection_id, clock.now()
        file = f"{self.source.copy.path.name}{self.piece.place}"
        is_document = self.piece.found.reader in detection.DOCUMENTS
        name = self.piece.member or name_of(self.source.path)

        def make_record(position: int, row: Row) -> Record | RecordRow:
            if not is_document:
                return imported_row(position, row, now=now, file=f"{file}!{row.part}" if row.part else file)
            place = RawPlace(f"{file}!{row.part}" if row.part else file, row.line, row.start, row.length)
            record = imported_record(collection_id, position, row.fields, now=now, place=place)
            # the name is no part of the content by which a document is known: the same bytes are the same record
            return replace(record, fields={**row.fields, "file": name})

        return Ingest(
            self.repository, self.run.rejects, collection_id, make_record, self.label, errors_are_records=True
        )


def name_of(path: Path) -> str:
    """The name of a file, or of stdin."""
    return "stdin" if path == STDIN else path.name
