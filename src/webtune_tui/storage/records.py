"""The records of a workspace: stored in batches, each once, whatever interrupts the work. Every call blocks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from webtune_tui.domain.records import Collection, RawPlace, Record, RecordKind, RecordRow
from webtune_tui.storage.collections import change_in
from webtune_tui.storage.database import Database
from webtune_tui.storage.placing import place, row_of
from webtune_tui.storage.record_ids import NEWEST_RECORD_ID

BATCH = 8000
_PAGE = 2000
_FIELDS = "position, kind, key, content_hash, url, collected_at, fields"
_PLACE = "raw_file, raw_line, raw_start, raw_length"
_COLUMNS = f"record_id, collection_id, {_FIELDS}, {_PLACE}"
_OWN = f"SELECT {_COLUMNS} FROM records WHERE collection_id = :id"
# what a collection delivered: the records that it stored, and those that were here already, as it saw them
_DELIVERED = f"""
    {_OWN} AND {{records}}
    UNION ALL
    SELECT s.record_id, s.collection_id, s.position, r.kind, r.key, r.content_hash, r.url, r.collected_at, r.fields,
        s.raw_file, s.raw_line, s.raw_start, s.raw_length
    FROM sightings AS s JOIN records AS r ON r.record_id = s.record_id
    WHERE s.collection_id = :id AND {{sightings}}
"""
_BEFORE = f"""
    SELECT (SELECT value FROM meta WHERE key = ?) AS mark,
        {NEWEST_RECORD_ID} AS newest,
        records, new, changed, duplicates, errors, rejected
    FROM collections WHERE collection_id = ?
"""


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What became of a batch: the collection as it now stands and the first few of the records that were stored."""

    collection: Collection
    stored: Sequence[Record]


class RecordRepository:
    """Rows of the table ``records`` as domain objects.

    How far a collection is stored is written in the same transaction as its rows, so that a killed run goes on
    where it stood and counts nothing twice.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def stored_up_to(self, collection_id: str) -> int:
        """The position from which on nothing of the collection is stored yet."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (_mark(collection_id),)).fetchone()
        return int(row["value"]) if row else 0

    def store(
        self,
        collection_id: str,
        batch: Sequence[Record],
        *,
        next_position: int,
        rejected: int = 0,
        errors_are_records: bool = False,
    ) -> StoredBatch:
        """As :meth:`store_rows`, for records at hand."""
        return self.store_rows(
            collection_id,
            [row_of(record) for record in batch],
            next_position=next_position,
            rejected=rejected,
            errors_are_records=errors_are_records,
        )

    def store_rows(
        self,
        collection_id: str,
        batch: Sequence[RecordRow],
        *,
        next_position: int,
        rejected: int = 0,
        errors_are_records: bool = False,
    ) -> StoredBatch:
        """Stores a batch and moves the mark to ``next_position``.

        Rows before the mark were stored by an earlier run and are left out. The same key with the same content is a
        duplicate and not stored again; where another collection stored it, it is noted that this one saw it too. With
        other content it takes the older record's place. ``errors_are_records`` says that error rows count as records
        too, as those of an imported file do; else one that comes again is the same row and counts nothing.
        """
        with self._database.write() as connection:
            before = connection.execute(_BEFORE, (_mark(collection_id), collection_id)).fetchone()
            done = int(before["mark"] or 0)
            fresh = [row for row in batch if row.position >= done]
            placed = place(connection, collection_id, fresh, before["newest"] + 1)
            data_new = placed.new + (placed.errors if errors_are_records else 0)
            duplicates = placed.duplicates + (placed.repeated_errors if errors_are_records else 0)
            collection = change_in(
                connection,
                collection_id,
                records=before["records"] + data_new + placed.changed + duplicates,
                new=before["new"] + data_new,
                changed=before["changed"] + placed.changed,
                duplicates=before["duplicates"] + duplicates,
                errors=before["errors"] + placed.errors,
                rejected=before["rejected"] + (rejected if next_position > done else 0),
            )
            connection.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (_mark(collection_id), str(max(done, next_position))),
            )
        return StoredBatch(collection, [_record(collection_id, row) for row in placed.shown])

    def of_collection(
        self,
        collection_id: str,
        *,
        limit: int,
        after: int = -1,
        before: int | None = None,
        kinds: Sequence[RecordKind] = (),
    ) -> list[Record]:
        """What a collection delivered, by position; of some kinds only, or error rows included.

        The first ones after a position, or with ``before`` the last ones before another: wherever they lie, no other
        rows are read. A record that was here already comes once more, with the position and the place that it has in
        this collection.
        """
        query, names = _delivered_between(kinds, is_backward=before is not None)
        asked = {"id": collection_id, "limit": limit, "bound": after if before is None else before, **names}
        with self._database.read() as connection:
            rows = connection.execute(query, asked).fetchall()
        found = [record_of(row) for row in rows]
        return found if before is None else found[::-1]

    def sample(self, collection_id: str, size: int) -> Iterator[Record]:
        """At most ``size`` data records of a collection, the same ones each time, evenly over what it delivered."""
        with self._database.read() as connection:
            last = connection.execute(
                "SELECT max((SELECT coalesce(max(position), 0) FROM records WHERE collection_id = :id),"
                " (SELECT coalesce(max(position), 0) FROM sightings WHERE collection_id = :id)) AS last",
                {"id": collection_id},
            ).fetchone()["last"]
            every = last // size + 1
            query = _DELIVERED.format(
                records="kind = 'data' AND position % :every = 0",
                sightings="kind = 'data' AND s.position % :every = 0",
            )
            for row in connection.execute(query, {"id": collection_id, "every": every}):
                yield record_of(row)

    def repeated_in(self, collection: Collection) -> int:
        """How many of a collection's records it had delivered itself before, with the same content."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM records WHERE collection_id = :id AND kind = 'data')"
                " + (SELECT count(DISTINCT record_id) FROM sightings WHERE collection_id = :id) AS n",
                {"id": collection.collection_id},
            ).fetchone()
        return max(0, collection.records - int(row["n"]))

    def failures_of(self, collection_id: str) -> list[Record]:
        """The error and warning rows of a collection by position."""
        with self._database.read() as connection:
            rows = connection.execute(f"{_OWN} AND kind <> 'data' ORDER BY position", {"id": collection_id}).fetchall()
        return [record_of(row) for row in rows]

    def urls_of(self, collection_id: str, *, limit: int) -> tuple[list[str], int]:
        """The distinct addresses of a collection's data records in their order, at most ``limit``; and how many."""
        asked = (
            "FROM (SELECT url, position, kind FROM records WHERE collection_id = ?1 UNION ALL"
            " SELECT url, sightings.position, kind FROM sightings JOIN records USING (record_id)"
            " WHERE sightings.collection_id = ?1) WHERE kind = ?2 AND url IS NOT NULL"
        )
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT url, min(position) AS first {asked} GROUP BY url ORDER BY first LIMIT ?3",
                (collection_id, RecordKind.DATA, limit),
            ).fetchall()
            total = connection.execute(
                f"SELECT count(DISTINCT url) {asked}", (collection_id, RecordKind.DATA)
            ).fetchone()[0]
        return [row["url"] for row in rows], int(total)

    def live(self, *, after: int = 0, limit: int = _PAGE) -> list[Record]:
        """The next records that no newer one replaced, error and warning rows included, by record id."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM records WHERE superseded_by IS NULL AND record_id > ?"
                " ORDER BY record_id LIMIT ?",
                (after, limit),
            ).fetchall()
        return [record_of(row) for row in rows]

    def by_ids(self, record_ids: Iterable[int]) -> Iterator[Record]:
        """The records of some ids, in the order of the ids asked for; missing ones are left out."""
        with self._database.read() as connection:
            for record_id in record_ids:
                row = connection.execute(f"SELECT {_COLUMNS} FROM records WHERE record_id = ?", (record_id,)).fetchone()
                if row is not None:
                    yield record_of(row)

    def count_live(self) -> int:
        """How many records no newer one replaced, error and warning rows included."""
        with self._database.read() as connection:
            row = connection.execute("SELECT count(*) AS n FROM records WHERE superseded_by IS NULL").fetchone()
        return int(row["n"])


def _delivered_between(kinds: Sequence[RecordKind], *, is_backward: bool) -> tuple[str, dict[str, str]]:
    """Rows on one side of ``:bound``. Error and warning rows are told by the collection that stored them alone."""
    names = {f"kind{number}": kind.value for number, kind in enumerate(kinds)}
    fitting = f"kind IN ({', '.join(f':{name}' for name in names)})" if names else "1"
    compared, order = ("<", "DESC") if is_backward else (">", "ASC")
    if names and RecordKind.DATA not in kinds:
        query = f"{_OWN} AND position {compared} :bound AND kind <> 'data' AND {fitting}"
    else:
        query = _DELIVERED.format(
            records=f"position {compared} :bound AND {fitting}", sightings=f"s.position {compared} :bound AND {fitting}"
        )
    return f"{query} ORDER BY position {order} LIMIT :limit", names


def record_of(row: sqlite3.Row) -> Record:
    """A stored row as a record."""
    return _record(row["collection_id"], RecordRow(*(row[name] for name in RecordRow._fields)), row["record_id"])


def raw_place(row: sqlite3.Row) -> RawPlace:
    """Where the bytes of a stored row lie."""
    return RawPlace(row["raw_file"], row["raw_line"], row["raw_start"], row["raw_length"])


def _record(collection_id: str, row: RecordRow, record_id: int = 0) -> Record:
    return Record(
        collection_id=collection_id,
        position=row.position,
        kind=RecordKind(row.kind),
        key=row.key,
        content_hash=row.content_hash,
        fields=json.loads(row.fields),
        url=row.url,
        collected_at=row.collected_at,
        record_id=record_id,
        place=RawPlace(row.raw_file, row.raw_line, row.raw_start, row.raw_length),
    )


def _mark(collection_id: str) -> str:
    return f"stored:{collection_id}"
