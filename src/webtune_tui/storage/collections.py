"""The collections of a workspace and their logs. Every call blocks."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.storage.database import Database

_COLUMNS = tuple(field.name for field in dataclasses.fields(Collection))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM collections"


class CollectionRepository:
    """Rows of the table ``collections`` as domain objects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, collection: Collection) -> None:
        """Stores a new collection."""
        values = [_stored(name, getattr(collection, name)) for name in _COLUMNS]
        marks = ", ".join("?" * len(_COLUMNS))
        with self._database.write() as connection:
            connection.execute(f"INSERT INTO collections ({', '.join(_COLUMNS)}) VALUES ({marks})", values)

    def change(self, collection_id: str, **changes: Any) -> Collection:
        """Sets fields of a collection and answers it as it now stands."""
        with self._database.write() as connection:
            return change_in(connection, collection_id, **changes)

    def get(self, collection_id: str) -> Collection | None:
        """One collection."""
        with self._database.read() as connection:
            return collection_in(connection, collection_id)

    def by_snapshot(self, snapshot_id: str) -> Collection | None:
        """The collection that holds a snapshot of the service."""
        with self._database.read() as connection:
            row = connection.execute(
                f"{_SELECT} WHERE snapshot_id = ? ORDER BY created_at DESC", (snapshot_id,)
            ).fetchone()
        return _collection(row) if row else None

    def newest_first(self) -> list[Collection]:
        """Every collection."""
        with self._database.read() as connection:
            rows = connection.execute(f"{_SELECT} ORDER BY created_at DESC, collection_id DESC").fetchall()
        return [_collection(row) for row in rows]

    def in_states(self, states: Sequence[CollectionState]) -> list[Collection]:
        """The collections in some states, oldest first."""
        marks = ", ".join("?" * len(states))
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_SELECT} WHERE state IN ({marks}) ORDER BY created_at, collection_id", list(states)
            ).fetchall()
        return [_collection(row) for row in rows]

    def newest_same(self, request_key: str, address: str, since: str) -> Collection | None:
        """The newest collection that asked an address for the same since an RFC 3339 time and was, or may be, paid."""
        with self._database.read() as connection:
            row = connection.execute(
                f"{_SELECT} WHERE request_key = ? AND address = ? AND created_at >= ?"
                " AND (state IN ('ready', 'running', 'unknown') OR (state = 'cancelled' AND snapshot_id IS NOT NULL))"
                " ORDER BY created_at DESC, collection_id DESC LIMIT 1",
                (request_key, address, since),
            ).fetchone()
        return _collection(row) if row else None

    def log(self, collection_id: str, message: str, level: str = "info") -> None:
        """Adds a line to a collection's log."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO collection_events (collection_id, time, level, message) VALUES (?, ?, ?, ?)",
                (collection_id, clock.now(), level, message),
            )

    def log_of(self, collection_id: str) -> list[tuple[str, str, str]]:
        """The log: time, level, message; oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT time, level, message FROM collection_events WHERE collection_id = ? ORDER BY event_id",
                (collection_id,),
            ).fetchall()
        return [(row["time"], row["level"], row["message"]) for row in rows]


def collection_in(connection: sqlite3.Connection, collection_id: str) -> Collection | None:
    """As :meth:`CollectionRepository.get`, inside a transaction that does more."""
    row = connection.execute(f"{_SELECT} WHERE collection_id = ?", (collection_id,)).fetchone()
    return _collection(row) if row else None


def change_in(connection: sqlite3.Connection, collection_id: str, **changes: Any) -> Collection:
    """As :meth:`CollectionRepository.change`, inside a transaction that does more."""
    changes["updated_at"] = clock.now()
    unknown = set(changes) - set(_COLUMNS)
    assert not unknown, unknown
    assignments = ", ".join(f"{name} = ?" for name in changes)
    values = [_stored(name, value) for name, value in changes.items()]
    connection.execute(f"UPDATE collections SET {assignments} WHERE collection_id = ?", [*values, collection_id])
    row = connection.execute(f"{_SELECT} WHERE collection_id = ?", (collection_id,)).fetchone()
    return _collection(row)


def _stored(name: str, value: Any) -> Any:
    if name == "request":
        return json.dumps(value, ensure_ascii=False)
    return int(value) if name == "is_sandbox" else value


def _collection(row: sqlite3.Row) -> Collection:
    values = {name: row[name] for name in _COLUMNS}
    values["request"] = json.loads(values["request"])
    values["is_sandbox"] = bool(values["is_sandbox"])
    values["state"] = CollectionState(values["state"])
    return Collection(**values)
