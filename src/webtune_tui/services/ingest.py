"""From raw rows to stored records, in batches, with the rejects beside them. Blocking: for a thread."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webtune_tui.domain.erasure import ERASED_ROW
from webtune_tui.domain.records import Record, RecordRow
from webtune_tui.services.beside_screen import SHORT_TURNS
from webtune_tui.sources.files.base import Reject, Row
from webtune_tui.storage.files import write_text
from webtune_tui.storage.placing import row_of
from webtune_tui.storage.records import BATCH, RecordRepository, StoredBatch

MakeRecord = Callable[[int, Row], Record | RecordRow]
_BATCH_CHARACTERS = 16 * 1024**2  # a batch of large records is cut here, to bound memory
# Reading steps aside every so many rows: else the screen and the writer would wait 5 ms for each of their turns, and
# the screen would share its turn with the reading.
FEW_ROWS = 48  # for what goes on for long beside the screen
MANY_ROWS = 2000
_PAUSE_SECONDS = 0.00005


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
    rows: list[RecordRow] = field(default_factory=list)
    rejects: list[Mapping[str, Any]] = field(default_factory=list)
    characters: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.rows) + len(self.rejects) >= BATCH or self.characters >= _BATCH_CHARACTERS


@dataclass(frozen=True)
class Ingest:
    """Stores rows of one collection. ``label`` is the path that rejects name.

    ``turn_rows`` is after how many rows the others get a turn.
    """

    repository: RecordRepository
    rejects: RejectsFile
    collection_id: str
    make_record: MakeRecord
    label: str
    errors_are_records: bool = False
    turn_rows: int = MANY_ROWS

    def run(self, items: Iterable[Row | Reject], *, first_position: int = 0) -> Generator[StoredBatch, None, None]:
        """Stores what is not stored yet; gives each batch after its transaction.

        While one batch is written, the next one is read. Closed early, it ends after the transaction under way.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="store") as writer, SHORT_TURNS:
            under_way: Future[StoredBatch] | None = None
            for batch, next_position in self._batches(items, first_position):
                if under_way is not None:
                    yield under_way.result()
                under_way = writer.submit(self._store, batch, next_position)
            if under_way is not None:
                yield under_way.result()

    def _batches(self, items: Iterable[Row | Reject], position: int) -> Iterator[tuple[_Batch, int]]:
        """What is not stored yet, in batches, each with the position behind it; one at least."""
        done = self.repository.stored_up_to(self.collection_id)
        batch, is_first = _Batch(), True
        for item in items:
            if position >= done:
                self._take(batch, item, position)
            position += 1
            if position % self.turn_rows == 0:
                time.sleep(_PAUSE_SECONDS)
            if batch.is_full:
                yield batch, position
                batch, is_first = _Batch(), False
        if batch.rows or batch.rejects or is_first:
            yield batch, position

    def _take(self, batch: _Batch, item: Row | Reject, position: int) -> None:
        if type(item) is Reject:
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
        assert type(item) is Row
        if item.fields == ERASED_ROW:  # a person's row was erased from a file that was not stored to its end
            return
        made = self.make_record(position, item)
        batch.rows.append(made if isinstance(made, RecordRow) else row_of(made, item.json))
        batch.characters += item.length or sum(len(value) for value in item.fields.values() if isinstance(value, str))

    def _store(self, batch: _Batch, next_position: int) -> StoredBatch:
        self.rejects.add(batch.rejects)
        return self.repository.store_rows(
            self.collection_id,
            batch.rows,
            next_position=next_position,
            rejected=len(batch.rejects),
            errors_are_records=self.errors_are_records,
        )
