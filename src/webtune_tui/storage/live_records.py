"""The current records as preparing reads them, in the canonical order of their keys."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any

from webtune_tui.domain.datasets import RecordOrigin
from webtune_tui.domain.records import RecordKind
from webtune_tui.storage.database import Database

_FETCHED_AT_ONCE = 16  # a record may have megabytes
_LIVE_COLUMNS = "r.record_id, r.key, r.kind, r.fields, c.source, c.label, r.url, r.collected_at, r.raw_file"
_LIVE_ROW = "r.record_id, r.key, r.kind, r.fields, r.collection_id, r.url, r.collected_at, r.raw_file"


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """A record as preparing reads it; ``fields`` is its JSON, ``raw_file`` the copy of the file that it came in."""

    record_id: int
    key: str
    kind: RecordKind
    fields: str
    source: str
    label: str
    url: str | None
    collected_at: str | None
    raw_file: str = ""


LiveRow = tuple[int, str, str, str, str, str, str | None, str | None, str]
"""What :class:`LiveRecord` says, as it comes by the hundred thousand; the kind is a plain word."""


class RecordQueries:
    """Reads the current records in the canonical order of their keys."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self) -> int:
        """How many records are current."""
        with self._database.read() as connection:
            row = connection.execute("SELECT count(*) FROM records WHERE superseded_by IS NULL").fetchone()
            return int(row[0])

    def extent(self) -> tuple[int, int]:
        """How many records are current, and the largest id among them; both change with every change of the set."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT count(*), COALESCE(max(record_id), 0) FROM records WHERE superseded_by IS NULL"
            ).fetchone()
            return int(row[0]), int(row[1])

    def batches(self, size: int, only: frozenset[int] | None = None) -> Iterator[list[LiveRecord]]:
        """All current records, or those with the given ids, in batches; memory is bounded by the batch."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT {_LIVE_COLUMNS} FROM records AS r"
                " JOIN collections AS c USING (collection_id) WHERE r.superseded_by IS NULL"
                " ORDER BY r.key, r.content_hash, r.record_id"
            )
            while rows := cursor.fetchmany(size):
                yield [_live_record(row) for row in rows if only is None or row["record_id"] in only]

    def cuts(self, size: int) -> list[str]:
        """Every ``size``-th key of the current records, so that :meth:`between` two of them lie about as many."""
        found: list[str] = []
        with self._database.read() as connection:
            while True:
                row = connection.execute(
                    "SELECT key FROM records WHERE superseded_by IS NULL"
                    f"{' AND key > ?' if found else ''} ORDER BY key LIMIT 1 OFFSET ?",
                    (*found[-1:], size - 1),
                ).fetchone()
                if row is None:
                    return found
                found.append(row[0])

    def between(self, first: str | None, end: str | None, size: int, most_characters: int) -> Iterator[list[LiveRow]]:
        """The current records whose key lies after ``first`` and up to ``end``, in canonical order and in batches.

        A batch has at most ``size`` records, and ends with the one that brings its fields to ``most_characters``.
        """
        condition = "r.superseded_by IS NULL"
        condition += "" if first is None else " AND r.key > ?"
        condition += "" if end is None else " AND r.key <= ?"
        with self._database.read() as connection:
            collections = self._collections(connection)
            cursor = connection.cursor()
            cursor.row_factory = None
            cursor.execute(
                f"SELECT {_LIVE_ROW}, r.content_hash FROM records AS r WHERE {condition} ORDER BY r.key",
                [bound for bound in (first, end) if bound is not None],
            )
            batch: list[LiveRow] = []
            characters = 0
            for rows in _canonical(cursor):
                for row in rows:
                    batch.append((*row[:4], *collections[row[4]], *row[5:8]))
                    characters += len(row[3])
                    if len(batch) >= size or characters >= most_characters:
                        yield batch
                        batch, characters = [], 0
            if batch:
                yield batch

    def with_ids(self, record_ids: Sequence[int]) -> list[LiveRow]:
        """Some current records, in canonical order."""
        marks = ",".join("?" * len(record_ids))
        with self._database.read() as connection:
            collections = self._collections(connection)
            cursor = connection.cursor()
            cursor.row_factory = None
            rows = cursor.execute(
                f"SELECT {_LIVE_ROW} FROM records AS r WHERE r.record_id IN ({marks})"
                " ORDER BY r.key, r.content_hash, r.record_id",
                tuple(record_ids),
            ).fetchall()
        return [(*row[:4], *collections[row[4]], *row[5:]) for row in rows]

    def numbers_of_keys(self, keys: Sequence[str]) -> dict[int, int]:
        """Of current records that have one of these keys after another record: which one each is, from 1, by its id."""
        found: dict[int, int] = {}
        with self._database.read() as connection:
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                rows = connection.execute(
                    "SELECT record_id, number FROM (SELECT record_id, row_number() OVER (PARTITION BY key ORDER BY"
                    " content_hash, record_id) - 1 AS number FROM records WHERE superseded_by IS NULL AND key IN"
                    f" ({','.join('?' * len(some))})) WHERE number > 0",
                    tuple(some),
                )
                found.update((row[0], row[1]) for row in rows)
        return found

    def _collections(self, connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
        """Source and label of each collection."""
        return {
            row[0]: (row[1], row[2])
            for row in connection.execute("SELECT collection_id, source, label FROM collections")
        }

    def sources(self) -> list[str]:
        """The sources of all collections."""
        with self._database.read() as connection:
            return [row[0] for row in connection.execute("SELECT DISTINCT source FROM collections ORDER BY source")]

    def keys_in_order(self) -> Iterator[tuple[int, str, str]]:
        """(id, key, source) of all current records in canonical order.

        Where all are of one source, only an index is read; records of one key then come by their ids.
        """
        sources = self.sources()
        with self._database.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            if len(sources) == 1:
                yield from cursor.execute(
                    "SELECT record_id, key, ? FROM records WHERE superseded_by IS NULL ORDER BY key, record_id",
                    sources,
                )
            else:
                yield from cursor.execute(
                    "SELECT r.record_id, r.key, c.source FROM records AS r JOIN collections AS c USING (collection_id)"
                    " WHERE r.superseded_by IS NULL ORDER BY r.key, r.content_hash, r.record_id"
                )

    def ids_in_order(self) -> list[int]:
        """The ids of all current records in canonical order."""
        with self._database.read() as connection:
            cursor = connection.execute(
                "SELECT record_id FROM records WHERE superseded_by IS NULL ORDER BY key, content_hash, record_id"
            )
            return [row[0] for row in cursor]

    def of_ids(self, record_ids: Sequence[int]) -> list[LiveRecord]:
        """A few records by their ids, in the given order; those that are gone are left out."""
        marks = ",".join("?" * len(record_ids))
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_LIVE_COLUMNS} FROM records AS r JOIN collections AS c USING (collection_id)"
                f" WHERE r.record_id IN ({marks})",
                tuple(record_ids),
            ).fetchall()
        found = {row["record_id"]: _live_record(row) for row in rows}
        return [found[record_id] for record_id in record_ids if record_id in found]

    def sample(self, limit: int) -> list[LiveRecord]:
        """Some current data records, spread over the set, in a stable choice."""
        with self._database.read() as connection:
            total = connection.execute("SELECT count(*) FROM records WHERE superseded_by IS NULL").fetchone()[0]
            step = max(total // max(limit, 1), 1)
            cursor = connection.execute(
                f"SELECT {_LIVE_COLUMNS} FROM records AS r"
                " JOIN collections AS c USING (collection_id) WHERE r.superseded_by IS NULL"
                " AND r.record_id % ? = 0 ORDER BY r.record_id LIMIT ?",
                (step, limit),
            )
            return [_live_record(row) for row in cursor]

    def origins(self, record_ids: Sequence[int]) -> list[RecordOrigin]:
        """Where records came from, in the given order."""
        marks = ",".join("?" * len(record_ids))
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT r.record_id, r.collection_id, r.position, r.url, r.collected_at, r.fields, c.raw_path"
                f" FROM records AS r JOIN collections AS c USING (collection_id) WHERE r.record_id IN ({marks})",
                tuple(record_ids),
            ).fetchall()
        found = {row["record_id"]: _origin(row) for row in rows}
        return [found[record_id] for record_id in record_ids if record_id in found]

    def contents(self, record_ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
        """The key, the hash and the fields (JSON) of records."""
        found: dict[int, tuple[str, str, str]] = {}
        with self._database.read() as connection:
            for start in range(0, len(record_ids), 500):
                some = record_ids[start : start + 500]
                marks = ",".join("?" * len(some))
                for row in connection.execute(
                    f"SELECT record_id, key, content_hash, fields FROM records WHERE record_id IN ({marks})",
                    tuple(some),
                ):
                    found[row[0]] = (row[1], row[2], row[3])
        return found

    def current_hashes(self, keys: Sequence[str]) -> set[tuple[str, str]]:
        """The keys among these that current records have, with the hash of each of those records."""
        found: set[tuple[str, str]] = set()
        with self._database.read() as connection:
            for start in range(0, len(keys), 500):
                some = keys[start : start + 500]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT key, content_hash FROM records WHERE superseded_by IS NULL AND key IN ({marks})",
                    tuple(some),
                )
                found.update((row[0], row[1]) for row in rows)
        return found

    def places(self, record_ids: Sequence[int]) -> dict[int, tuple[str, int]]:
        """The collection and the position of records."""
        found: dict[int, tuple[str, int]] = {}
        with self._database.read() as connection:
            for start in range(0, len(record_ids), 500):
                some = record_ids[start : start + 500]
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    f"SELECT record_id, collection_id, position FROM records WHERE record_id IN ({marks})", tuple(some)
                )
                found.update({row[0]: (row[1], row[2]) for row in rows})
        return found


def _canonical(cursor: sqlite3.Cursor) -> Iterator[list[Any]]:
    """Rows that come by key, those of one key by content and id; sorting them all in SQL would copy every text."""
    rest: list[Any] = []
    while some := cursor.fetchmany(_FETCHED_AT_ONCE):
        rows = rest + some if rest else some
        keys = [row[1] for row in rows]
        if any(map(eq, keys, keys[1:])):
            rows.sort(key=_in_canon)  # which leaves the keys in their order
        last = bisect_left(keys, keys[-1])  # those of the last key may go on
        rest = rows[last:]
        yield rows[:last]
    yield rest


def _in_canon(row: Any) -> tuple[str, str, int]:
    return row[1], row[-1], row[0]


def _live_record(row: sqlite3.Row) -> LiveRecord:
    return LiveRecord(
        row["record_id"],
        row["key"],
        RecordKind(row["kind"]),
        row["fields"],
        row["source"],
        row["label"],
        row["url"],
        row["collected_at"],
        row["raw_file"],
    )


def _origin(row: sqlite3.Row) -> RecordOrigin:
    return RecordOrigin(
        record_id=row["record_id"],
        collection_id=row["collection_id"],
        position=row["position"],
        url=row["url"],
        collected_at=row["collected_at"],
        raw_path=row["raw_path"],
        fields=json.loads(row["fields"]),
    )
