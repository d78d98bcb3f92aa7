"""Deleting a collection: what hangs on it, and taking it out in one transaction. Every call blocks.

A record is stored once, with the collection that brought it first; others that delivered it unchanged saw it too
(``sightings``). When its collection goes, such a record moves to the newest of them. The others go, and what they had
replaced counts again: the workspace then holds what it would hold without the collection.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webtune_tui.domain import clock
from webtune_tui.domain.datasets import version_name
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.origins import Deleted, Dependents, JobUse, VersionUse
from webtune_tui.domain.records import Collection, CollectionState, RecordKind
from webtune_tui.storage.collections import collection_in
from webtune_tui.storage.database import Database
from webtune_tui.storage.kept_statistics import forget_statistics

_BATCH = 2000
_SEEN_ELSEWHERE = (
    "EXISTS (SELECT 1 FROM sightings AS s WHERE s.record_id = r.record_id AND s.collection_id <> r.collection_id)"
)

Told = Callable[[int, int], None]
"""Is told how many of how many records are done; what it raises ends the work, and nothing is deleted."""


class CollectionDeletion:
    """Looks at what a deletion would mean, and deletes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def exists(self, collection_id: str) -> bool:
        """Whether the workspace has such a collection."""
        with self._database.read() as connection:
            return collection_in(connection, collection_id) is not None

    def require_deletable(self, collection_id: str) -> Collection:
        """The collection. Raises NotFound, and UsageError while it may still bring records."""
        with self._database.read() as connection:
            return _deletable(connection, collection_id)

    def dependents(self, collection_id: str) -> Dependents:
        """What depends on a collection. Raises NotFound."""
        with self._database.read() as connection:
            collection = collection_in(connection, collection_id)
            if collection is None:
                raise _no_collection(collection_id)
            records, shared = connection.execute(
                f"SELECT count(*), coalesce(sum({_SEEN_ELSEWHERE}), 0) FROM records AS r WHERE r.collection_id = ?",
                (collection_id,),
            ).fetchone()
            versions = _versions(connection, collection_id) if records > shared else ()
            names = [use.dataset_version for use in versions]
            return Dependents(
                collection, records, shared, versions, _jobs(connection, names), _evaluations(connection, names)
            )

    def delete(self, collection_id: str, told: Told) -> Deleted:
        """Takes the collection out of the database, all at once or not at all.

        Raises:
            NotFound: there is no such collection. UsageError: it may still bring records.
        """
        with self._database.write() as connection:
            collection = _deletable(connection, collection_id)
            total = connection.execute(
                "SELECT count(*) FROM records WHERE collection_id = ?", (collection_id,)
            ).fetchone()[0]
            moved = 0
            for moved in _move_shared(connection, collection_id):
                told(moved, total)
            revived = _close_gaps(connection, collection_id)
            removed = 0
            for removed in _remove_records(connection, collection_id):
                told(moved + removed, total)
            _forget(connection, collection, removed)
        return Deleted(collection_id, removed, moved, revived)


def _deletable(connection: sqlite3.Connection, collection_id: str) -> Collection:
    collection = collection_in(connection, collection_id)
    if collection is None:
        raise _no_collection(collection_id)
    if not collection.state.is_final:
        word = "unknown" if collection.state is CollectionState.DRAFT else collection.state.value
        raise UsageError(
            f"{collection_id} is {word}: it may still bring records",
            hint=f"First: webtune collect cancel {collection_id}",
        )
    return collection


def _no_collection(collection_id: str) -> NotFound:
    return NotFound(f"There is no collection {collection_id!r}", hint="See: webtune collect list")


# Looking


def _versions(connection: sqlite3.Connection, collection_id: str) -> tuple[VersionUse, ...]:
    """The versions with examples made of records that would go, newest first, each content once."""
    used: dict[int, _BuildUse] = {}
    found: dict[str, VersionUse] = {}
    rows = connection.execute(
        "SELECT r.build, r.revision, r.content_hash, r.fixed_at FROM revisions AS r JOIN builds AS b USING (build)"
        " WHERE b.is_whole = 1 ORDER BY r.build DESC, r.revision DESC"
    ).fetchall()
    for number, row in enumerate(rows):
        build = row["build"]
        if build not in used:
            used[build] = _use_of_build(connection, build, collection_id)
        if count := used[build].at(row["revision"]):
            name = version_name(row["content_hash"])
            use = VersionUse(name, count, is_working=number == 0, is_fixed=row["fixed_at"] is not None)
            found.setdefault(name, use)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _BuildUse:
    """Examples of a build made of the records: those that no edit touched, and the edited ones by (since, until)."""

    untouched: int
    edited: Counter[tuple[int, int | None]]

    def at(self, revision: int) -> int:
        """How many there are in a revision."""
        alive = (
            count
            for (since, until), count in self.edited.items()
            if since <= revision and (until is None or until > revision)
        )
        return self.untouched + sum(alive)


def _use_of_build(connection: sqlite3.Connection, build: int, collection_id: str) -> _BuildUse:
    """Counts by the index over record ids; only the rows that edits touched are read."""
    alone = connection.execute(
        "SELECT count(*) FROM records AS r CROSS JOIN examples AS e INDEXED BY examples_of_record"
        " ON e.build = ? AND e.record_ids = CAST(r.record_id AS TEXT)"
        f" WHERE r.collection_id = ? AND NOT {_SEEN_ELSEWHERE}",
        (build, collection_id),
    ).fetchone()[0]
    of_several = (
        "EXISTS (SELECT 1 FROM json_each('[' || e.record_ids || ']') AS j JOIN records AS r ON r.record_id = j.value"
        f" WHERE r.collection_id = ? AND NOT {_SEEN_ELSEWHERE})"
    )
    together = connection.execute(
        "SELECT count(*) FROM examples AS e INDEXED BY examples_of_record"
        f" WHERE e.build = ? AND instr(e.record_ids, ',') > 0 AND {of_several}",
        (build, collection_id),
    ).fetchone()[0]
    edited: Counter[tuple[int, int | None]] = Counter()
    for row in connection.execute(
        "SELECT e.since, e.until FROM (SELECT since, until, record_ids FROM examples WHERE build = ?1"
        " AND until IS NOT NULL UNION ALL SELECT since, until, record_ids FROM examples WHERE build = ?1"
        f" AND since <> 0 AND until IS NULL) AS e WHERE {of_several.replace('?', '?2')}",
        (build, collection_id),
    ):
        edited[row["since"], row["until"]] += 1
    return _BuildUse(alone + together - edited.total(), edited)


def _jobs(connection: sqlite3.Connection, versions: list[str]) -> tuple[JobUse, ...]:
    if not versions:
        return ()
    rows = connection.execute(
        "SELECT job_id, state, dataset_version, coalesce(tuned_model, '') FROM jobs WHERE state <> 'draft'"
        " AND substr(dataset_version, 1, ?1) IN (SELECT value FROM json_each(?2)) ORDER BY created_at DESC",
        (len(versions[0]), _json_list(versions)),
    )
    return tuple(JobUse(*row) for row in rows)


def _evaluations(connection: sqlite3.Connection, versions: list[str]) -> int:
    if not versions:
        return 0
    row = connection.execute(
        "SELECT count(*) FROM evaluations WHERE substr(dataset_version, 1, ?1) IN (SELECT value FROM json_each(?2))",
        (len(versions[0]), _json_list(versions)),
    ).fetchone()
    return int(row[0])


def _json_list(names: list[str]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"


# Deleting


def _move_shared(connection: sqlite3.Connection, collection_id: str) -> Iterator[int]:
    """Gives each record that others delivered too to the newest of them; yields how many were moved by then."""
    gained: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    position, moved = -1, 0
    while rows := connection.execute(
        "SELECT r.record_id, r.position, r.kind FROM records AS r WHERE r.collection_id = ? AND r.position > ?"
        f" AND {_SEEN_ELSEWHERE} ORDER BY r.position LIMIT ?",
        (collection_id, position, _BATCH),
    ).fetchall():
        for row in rows:
            taker = _move(connection, row["record_id"], collection_id)
            gained[taker] += 1
            errors[taker] += row["kind"] != RecordKind.DATA.value
        position = rows[-1]["position"]
        moved += len(rows)
        yield moved
    for taker, count in gained.items():
        # there they were duplicates of what now is gone: counted as if the collection had never been
        connection.execute(
            "UPDATE collections SET new = new + ?2, duplicates = max(duplicates - ?2, 0), errors = errors + ?3"
            " WHERE collection_id = ?1",
            (taker, count, errors[taker]),
        )
        connection.execute(
            "INSERT INTO collection_events (collection_id, time, level, message) VALUES (?, ?, 'info', ?)",
            (taker, clock.now(), f"{count:,} records are held here now: {collection_id}, which had them, was deleted"),
        )


def _move(connection: sqlite3.Connection, record_id: int, collection_id: str) -> str:
    """Puts a record where its newest other sighting is; answers that collection."""
    seen = connection.execute(
        "SELECT s.* FROM sightings AS s JOIN collections AS c USING (collection_id)"
        " WHERE s.record_id = ? AND s.collection_id <> ?"
        " ORDER BY c.created_at DESC, s.collection_id DESC, s.position LIMIT 1",
        (record_id, collection_id),
    ).fetchone()
    connection.execute(
        "DELETE FROM sightings WHERE collection_id = ? AND position = ?", (seen["collection_id"], seen["position"])
    )
    connection.execute(
        "UPDATE records SET collection_id = ?, position = ?, raw_file = ?, raw_line = ?, raw_start = ?,"
        " raw_length = ? WHERE record_id = ?",
        (
            seen["collection_id"],
            seen["position"],
            seen["raw_file"],
            seen["raw_line"],
            seen["raw_start"],
            seen["raw_length"],
            record_id,
        ),
    )
    return str(seen["collection_id"])


def _close_gaps(connection: sqlite3.Connection, collection_id: str) -> int:
    """Links what the leaving records had replaced to what replaced those; answers how many live again."""
    revived, position = 0, -1
    while rows := connection.execute(
        "SELECT p.record_id, r.position, r.superseded_by AS next FROM records AS r CROSS JOIN records AS p"
        " ON p.superseded_by = r.record_id WHERE r.collection_id = ?1 AND r.position >= ?2 AND p.collection_id <> ?1"
        " ORDER BY r.position LIMIT ?3",
        (collection_id, position, _BATCH),
    ).fetchall():
        for row in rows:
            heir = _first_that_stays(connection, row["next"], collection_id)
            revived += heir is None
            connection.execute("UPDATE records SET superseded_by = ? WHERE record_id = ?", (heir, row["record_id"]))
        position = rows[-1]["position"]  # what was linked anew is not found again
    return revived


def _first_that_stays(connection: sqlite3.Connection, record_id: int | None, collection_id: str) -> int | None:
    """The first record of a line of versions that another collection holds; ``None`` where the line ends before."""
    while record_id is not None:
        row = connection.execute(
            "SELECT collection_id, superseded_by FROM records WHERE record_id = ?", (record_id,)
        ).fetchone()
        if row is None or row["collection_id"] != collection_id:
            return record_id if row is not None else None
        record_id = row["superseded_by"]
    return None


def _remove_records(connection: sqlite3.Connection, collection_id: str) -> Iterator[int]:
    """Removes the records in batches and remembers whose they were; yields how many are gone."""
    removed = 0
    while ids := [
        row[0]
        for row in connection.execute(
            "SELECT record_id FROM records WHERE collection_id = ? ORDER BY position LIMIT ?", (collection_id, _BATCH)
        )
    ]:
        for first, last in ranges(sorted(ids)):
            connection.execute(
                "INSERT INTO deleted_records (first_id, last_id, collection_id) VALUES (?, ?, ?)",
                (first, last, collection_id),
            )
        connection.executemany("DELETE FROM records WHERE record_id = ?", ((one,) for one in ids))
        removed += len(ids)
        yield removed


def ranges(ids: list[int]) -> Iterator[tuple[int, int]]:
    """Sorted numbers as ranges without gaps."""
    first = last = ids[0]
    for one in ids[1:]:
        if one != last + 1:
            yield first, last
            first = one
        last = one
    yield first, last


def _forget(connection: sqlite3.Connection, collection: Collection, records: int) -> None:
    """Removes the collection's row with all that belongs to it; money stays in the journal and the ledger."""
    collection_id = collection.collection_id
    for table in ("sightings", "pages", "profiles", "collection_events"):
        connection.execute(f"DELETE FROM {table} WHERE collection_id = ?", (collection_id,))
    connection.execute("DELETE FROM meta WHERE key = ?", (f"stored:{collection_id}",))  # how far it was stored
    forget_statistics(connection)
    connection.execute("UPDATE collections SET previous_id = NULL, gone = NULL WHERE previous_id = ?", (collection_id,))
    connection.execute("DELETE FROM collections WHERE collection_id = ?", (collection_id,))
    connection.execute(
        "INSERT INTO deleted_collections (collection_id, source, label, records, deleted_at) VALUES (?, ?, ?, ?, ?)",
        (collection_id, collection.source, collection.label, records, clock.now()),
    )
