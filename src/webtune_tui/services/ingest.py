"""From raw rows to stored records, in batches, with the rejects beside them. Blocking: for a thread."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webtune_tui.domain.records import Record
from webtune_tui.sources.files.base import Reject, Row
from webtune_tui.storage.files import write_text
from webtune_tui.storage.records import BATCH, RecordRepository, StoredBatch

MakeRecord = Callable[[int, Row], Record]
_BATCH_CHARACTERS = 32 * 1024**2  # a batch of large records is cut here, to bound memory


@dataclass
class RejectsFile:
    """``rejects.jsonl`` of a collection: one line a reject, with its path, line, reason and beginning."""

    path: Path

    def forget_from(self, position: int) -> None:
        """Takes out what an interrupted run wrote beyond the position up to which records are stored."""
        if not self.path.exists():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["position"] < position]
        if len(kept) != len(lines):
            write_text(self.path, "".join(kept))

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Appends rejects and syncs nothing: the file can be made again from the raw data."""
        if not rows:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(self.path, flags, 0o600), "a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@dataclass
class _Batch:
    records: list[Record] = field(default_factory=list)
    rejects: list[Mapping[str, Any]] = field(default_factory=list)
    characters: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.records) + len(self.rejects) >= BATCH or self.characters >= _BATCH_CHARACTERS


@dataclass(frozen=True)
class Ingest:
    """Stores rows of one collection. ``label`` is the path that rejects name."""

    repository: RecordRepository
    rejects: RejectsFile
    collection_id: str
    make_record: MakeRecord
    label: str
    errors_are_records: bool = False

    def run(self, items: Iterable[Row | Reject], *, first_position: int = 0) -> Generator[StoredBatch, None, None]:
        """Stores what is not stored yet; gives each batch after its transaction."""
        done = self.repository.stored_up_to(self.collection_id)
        batch, position = _Batch(), first_position
        for item in items:
            if position >= done:
                self._take(batch, item, position)
            position += 1
            if batch.is_full:
                yield self._store(batch, position)
                batch = _Batch()
        if batch.records or batch.rejects or position == first_position:
            yield self._store(batch, position)

    def _take(self, batch: _Batch, item: Row | Reject, position: int) -> None:
        if isinstance(item, Reject):
            batch.rejects.append(
                {
                    "path": self.label,
                    "line": item.line,
                    "reason": item.reason,
                    "snippet": item.snippet,
                    "position": position,
                }
            )
            return
        batch.records.append(self.make_record(position, item))
        batch.characters += sum(len(value) for value in item.fields.values() if isinstance(value, str))

    def _store(self, batch: _Batch, next_position: int) -> StoredBatch:
        self.rejects.add(batch.rejects)
        return self.repository.store(
            self.collection_id,
            batch.records,
            next_position=next_position,
            rejected=len(batch.rejects),
            errors_are_records=self.errors_are_records,
        )
