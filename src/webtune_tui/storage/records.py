"""The records of a workspace: stored in batches, each once, whatever interrupts the work. Every call blocks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from webtune_tui.domain.records import Collection, RawPlace, Record, RecordKind
from webtune_tui.storage.collections import change_in
from webtune_tui.storage.database import Database

BATCH = 2000
_encode = json.JSONEncoder(ensure_ascii=False).encode  # made once: json.dumps would make one for each record
_QUESTION = 500  # keys asked for in one query, below SQLite's limit of variables
_COLUMNS = (
    "record_id, collection_id, position, kind, key, content_hash, url, collected_at, fields,"
    " raw_file, raw_line, raw_start, raw_length"
)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """What became of a batch: the collection as it now stands and the records that were stored."""

    collection: Collection
    stored: Sequence[Record]


@dataclass(slots=True)
class _Live:
    """The record that a key now stands for."""

    record_id: int
    collection_id: str
    content_hash: str


@dataclass(slots=True)
class _Tally:
    """Counts of one batch."""

    new: int = 0
    changed: int = 0
    duplicates: int = 0
    errors: int = 0
    stored: list[Record] = field(default_factory=list)


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
        """Stores a batch and moves the mark to ``next_position``.

        Rows before the mark were stored by an earlier run and are left out. The same key with the same content is a
        duplicate and not stored again; with other content it takes the older record's place. ``errors_are_records``
        says that error rows count as records too, as those of an imported file do.
        """
        with self._database.write() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (_mark(collection_id),)).fetchone()
            done = int(row["value"]) if row else 0
            tally = _Tally()
            fresh = [record for record in batch if record.position >= done]
            live = _live(connection, [record.key for record in fresh])
            for record in fresh:
                _place(connection, record, live, tally)
            before = connection.execute(
                "SELECT records, new, changed, duplicates, errors, rejected FROM collections WHERE collection_id = ?",
                (collection_id,),
            ).fetchone()
            error_records = tally.errors if errors_are_records else 0
            data_new = tally.new + error_records
            collection = change_in(
                connection,
                collection_id,
                records=before["records"] + data_new + tally.changed + tally.duplicates,
                new=before["new"] + data_new,
                changed=before["changed"] + tally.changed,
                duplicates=before["duplicates"] + tally.duplicates,
                errors=before["errors"] + tally.errors,
                rejected=before["rejected"] + (rejected if next_position > done else 0),
            )
            connection.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (_mark(collection_id), str(max(done, next_position))),
            )
        return StoredBatch(collection, tally.stored)

    def of_collection(
        self, collection_id: str, *, limit: int, offset: int = 0, kinds: Sequence[RecordKind] = ()
    ) -> list[Record]:
        """Stored records of a collection by position; of some kinds only, or error rows included."""
        picked = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM records WHERE collection_id = ?{picked} ORDER BY position LIMIT ? OFFSET ?",
                (collection_id, *kinds, limit, offset),
            ).fetchall()
        return [record_of(row) for row in rows]

    def live(self, *, after: int = 0, limit: int = BATCH) -> list[Record]:
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


def record_of(row: sqlite3.Row) -> Record:
    """A stored row as a record."""
    return Record(
        collection_id=row["collection_id"],
        position=row["position"],
        kind=RecordKind(row["kind"]),
        key=row["key"],
        content_hash=row["content_hash"],
        fields=json.loads(row["fields"]),
        url=row["url"],
        collected_at=row["collected_at"],
        record_id=row["record_id"],
        place=RawPlace(row["raw_file"], row["raw_line"], row["raw_start"], row["raw_length"]),
    )


def _mark(collection_id: str) -> str:
    return f"stored:{collection_id}"


def _live(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, _Live]:
    found: dict[str, _Live] = {}
    for start in range(0, len(keys), _QUESTION):
        part = keys[start : start + _QUESTION]
        rows = connection.execute(
            "SELECT key, record_id, collection_id, content_hash FROM records"
            f" WHERE superseded_by IS NULL AND key IN ({', '.join('?' * len(part))})",
            part,
        )
        for row in rows:
            found[row["key"]] = _Live(row["record_id"], row["collection_id"], row["content_hash"])
    return found


def _place(connection: sqlite3.Connection, record: Record, live: dict[str, _Live], tally: _Tally) -> None:
    """Stores one record or counts it as a duplicate."""
    key = record.key
    known = live.get(key)
    if known is not None and _is_another_on_the_same_page(record, known):
        key = f"{key}#{record.content_hash[:16]}"
        live |= _live(connection, [key])
        known = live.get(key)
    if known is not None and known.content_hash == record.content_hash:
        tally.duplicates += 1
        return
    cursor = connection.execute(
        "INSERT INTO records (collection_id, position, kind, key, content_hash, url, collected_at, fields,"
        " raw_file, raw_line, raw_start, raw_length) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.collection_id,
            record.position,
            record.kind.value,
            key,
            record.content_hash,
            record.url,
            record.collected_at,
            _encode(record.fields),
            record.place.file,
            record.place.line,
            record.place.start,
            record.place.length,
        ),
    )
    record_id = cursor.lastrowid or 0
    if known is not None:
        connection.execute("UPDATE records SET superseded_by = ? WHERE record_id = ?", (record_id, known.record_id))
    live[key] = _Live(record_id, record.collection_id, record.content_hash)
    _count(record, tally, is_changed=known is not None)
    tally.stored.append(record)


def _count(record: Record, tally: _Tally, *, is_changed: bool) -> None:
    if record.kind is not RecordKind.DATA:
        tally.errors += 1
    elif is_changed:
        tally.changed += 1
    else:
        tally.new += 1


def _is_another_on_the_same_page(record: Record, known: _Live) -> bool:
    """Rows of one collection that share only their page's URL are different things, not versions of one."""
    return (
        record.key.startswith("url:")
        and known.collection_id == record.collection_id
        and known.content_hash != record.content_hash
    )
