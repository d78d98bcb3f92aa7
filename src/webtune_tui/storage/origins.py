"""Where records were delivered and what was made of them. Every call blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from webtune_tui.domain.datasets import version_name
from webtune_tui.domain.examples import decode_messages
from webtune_tui.domain.origins import DeletedRecord, Delivery, RecordUses, RecordVersion, UsedIn
from webtune_tui.domain.records import Record
from webtune_tui.storage.database import Database
from webtune_tui.storage.records import raw_place, record_of

_RECORD = (
    "r.record_id, r.collection_id, r.position, r.kind, r.key, r.content_hash, r.url, r.collected_at, r.fields,"
    " r.raw_file, r.raw_line, r.raw_start, r.raw_length"
)
_SEEN = (
    "r.record_id, s.collection_id, s.position, r.kind, r.key, r.content_hash, r.url, r.collected_at, r.fields,"
    " s.raw_file, s.raw_line, s.raw_start, s.raw_length"
)
_VERSIONS_SHOWN = 50
_EXCERPT = 300


class OriginQueries:
    """Reads the way from an example to its raw bytes, and back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, record_id: int) -> Record | None:
        """One record with the place of its bytes."""
        with self._database.read() as connection:
            row = connection.execute(f"SELECT {_RECORD} FROM records AS r WHERE record_id = ?", (record_id,)).fetchone()
        return record_of(row) if row else None

    def delivered(self, collection_id: str, position: int) -> Record | None:
        """What a collection delivered at a position, with the place of its bytes in that collection."""
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT {_RECORD} FROM records AS r WHERE collection_id = ? AND position = ?",
                (collection_id, position),
            ).fetchone()
            row = (
                row
                or connection.execute(
                    f"SELECT {_SEEN} FROM sightings AS s JOIN records AS r USING (record_id)"
                    " WHERE s.collection_id = ? AND s.position = ?",
                    (collection_id, position),
                ).fetchone()
            )
        return record_of(row) if row else None

    def also_in(self, record_id: int) -> list[Delivery]:
        """The other places where a record was delivered, newest first."""
        with self._database.read() as connection:
            return _sightings(connection, record_id)

    def page_file(self, record: Record) -> str:
        """The file of a record's page, relative to the raw folder; empty where its collection kept no such page.

        The file in which it lies goes before a page of the same position: a page of results holds many records.
        """
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT raw_file FROM pages WHERE collection_id = ?1 AND (raw_file = ?2 OR position = ?3)"
                " ORDER BY raw_file = ?2 DESC LIMIT 1",
                (record.collection_id, record.place.file, record.position),
            ).fetchone()
        return str(row["raw_file"]) if row else ""

    def deleted(self, record_id: int) -> DeletedRecord:
        """What is remembered of a record that is gone."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT d.last_id, d.collection_id, c.label, c.deleted_at FROM deleted_records AS d"
                " LEFT JOIN deleted_collections AS c USING (collection_id)"
                " WHERE d.first_id <= ? ORDER BY d.first_id DESC LIMIT 1",
                (record_id,),
            ).fetchone()
        if row is None or row["last_id"] < record_id:
            return DeletedRecord(record_id)
        return DeletedRecord(record_id, row["collection_id"], row["label"] or "", row["deleted_at"] or "")

    def uses(self, record_id: int, *, limit: int) -> RecordUses:
        """The examples of the working version made of a record, its other versions, and who else delivered it."""
        with self._database.read() as connection:
            head = connection.execute(
                "SELECT r.build, r.revision, r.content_hash FROM revisions AS r JOIN builds AS b USING (build)"
                " WHERE b.is_whole = 1 ORDER BY r.build DESC, r.revision DESC LIMIT 1"
            ).fetchone()
            examples, total, dropped = _examples(connection, head, record_id, limit) if head else ((), 0, "")
            return RecordUses(
                record_id=record_id,
                dataset_version=version_name(head["content_hash"]) if head else "",
                examples=tuple(examples),
                total=total,
                dropped=dropped,
                older=tuple(_older(connection, record_id)),
                newer=tuple(_newer(connection, record_id)),
                also_in=tuple(_sightings(connection, record_id)),
            )

    def place_of_example(self, example_id: str) -> int | None:
        """How many examples of the working version stand before one; ``None`` where it is not in it."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT e.ordinal, h.build, h.revision FROM examples AS e JOIN (SELECT r.build, r.revision"
                " FROM revisions AS r JOIN builds AS b USING (build) WHERE b.is_whole = 1"
                " ORDER BY r.build DESC, r.revision DESC LIMIT 1) AS h ON e.build = h.build"
                " WHERE e.example_id = ? AND e.since <= h.revision AND (e.until IS NULL OR e.until > h.revision)",
                (example_id,),
            ).fetchone()
            if row is None:
                return None
            before = connection.execute(
                "SELECT count(*) FROM examples WHERE build = ? AND ordinal < ? AND since <= ?"
                " AND (until IS NULL OR until > ?)",
                (row["build"], row["ordinal"], row["revision"], row["revision"]),
            ).fetchone()
        return int(before[0])


def _examples(
    connection: sqlite3.Connection, head: sqlite3.Row, record_id: int, limit: int
) -> tuple[list[UsedIn], int, str]:
    """Examples of a revision made of a record; most are made of one alone and found by the index at once."""
    build, revision = head["build"], head["revision"]
    rows = connection.execute(
        "SELECT row_id FROM examples WHERE build = ? AND record_ids = ? UNION ALL"
        " SELECT row_id FROM examples WHERE build = ? AND instr(record_ids, ',') > 0"
        " AND instr(',' || record_ids || ',', ?) > 0",
        (build, str(record_id), build, f",{record_id},"),
    ).fetchall()
    found: list[UsedIn] = []
    total = 0
    for row in rows:
        example = connection.execute(
            "SELECT example_id, split, messages FROM examples JOIN bodies USING (body_id) WHERE row_id = ?"
            " AND since <= ? AND (until IS NULL OR until > ?)",
            (row["row_id"], revision, revision),
        ).fetchone()
        if example is None:
            continue
        total += 1
        if len(found) < limit:
            found.append(UsedIn(example["example_id"], example["split"], _excerpt(example["messages"])))
    dropped = connection.execute(
        "SELECT reason FROM dropped WHERE build = ? AND record_id = ?", (build, record_id)
    ).fetchone()
    return found, total, str(dropped["reason"]) if dropped else ""


def _excerpt(messages: str) -> str:
    told = decode_messages(messages)
    return told[-1].content[:_EXCERPT] if told else ""


def _sightings(connection: sqlite3.Connection, record_id: int) -> list[Delivery]:
    rows = connection.execute(
        "SELECT s.collection_id, s.position, s.raw_file, s.raw_line, s.raw_start, s.raw_length, c.label, c.created_at"
        " FROM sightings AS s JOIN collections AS c USING (collection_id) WHERE s.record_id = ?"
        " ORDER BY c.created_at DESC, s.collection_id DESC, s.position LIMIT ?",
        (record_id, _VERSIONS_SHOWN),
    )
    return [
        Delivery(
            row["collection_id"],
            row["position"],
            row["label"],
            row["created_at"],
            raw_place(row),
        )
        for row in rows
    ]


def _older(connection: sqlite3.Connection, record_id: int) -> Sequence[RecordVersion]:
    """What the record replaced, and what that had replaced."""
    rows = connection.execute(
        "WITH RECURSIVE chain (record_id, depth) AS (SELECT ?, 0 UNION ALL SELECT r.record_id, depth + 1"
        " FROM chain JOIN records AS r ON r.superseded_by = chain.record_id WHERE depth < ?)"
        " SELECT r.record_id, r.collection_id, r.position, r.collected_at FROM chain JOIN records AS r"
        " USING (record_id) WHERE depth > 0 ORDER BY depth",
        (record_id, _VERSIONS_SHOWN),
    )
    return [RecordVersion(*row) for row in rows]


def _newer(connection: sqlite3.Connection, record_id: int) -> Sequence[RecordVersion]:
    """What replaced the record, and what replaced that."""
    rows = connection.execute(
        "WITH RECURSIVE chain (record_id, next, depth) AS (SELECT record_id, superseded_by, 0 FROM records"
        " WHERE record_id = ? UNION ALL SELECT r.record_id, r.superseded_by, depth + 1 FROM chain JOIN records AS r"
        " ON r.record_id = chain.next WHERE depth < ?)"
        " SELECT r.record_id, r.collection_id, r.position, r.collected_at FROM chain JOIN records AS r"
        " USING (record_id) WHERE depth > 0 ORDER BY depth",
        (record_id, _VERSIONS_SHOWN),
    )
    return [RecordVersion(*row) for row in rows]
