"""What was counted of dataset versions, kept so that it is counted once; each entry stands under its content hash.

It holds figures and the labels of flags, sources and domains. Deleting records forgets all of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import set_meta_values

_PREFIX = "statistics:"
_KEPT = 4
_RANGE = (_PREFIX, _PREFIX[:-1] + ";")


class KeptEntry(NamedTuple):
    """The version that an entry tells of, and the revision in which it was counted."""

    build: int
    revision: int
    content_hash: str

    @property
    def key(self) -> str:
        """Where it stands in ``meta``."""
        return f"{_PREFIX}{self.build}.{self.revision}.{self.content_hash}"


class KeptStatistics:
    """The entries of a workspace, as JSON texts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self) -> Sequence[KeptEntry]:
        """The versions of which something is kept, the newest first."""
        with self._database.read() as connection:
            return _entries(connection)

    def read(self, entry: KeptEntry) -> str | None:
        """What is kept; ``None`` where it went meanwhile."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (entry.key,)).fetchone()
        return row[0] if row else None

    def deletions(self) -> str:
        """Stands for all that was deleted from the workspace so far."""
        with self._database.read() as connection:
            return deletions_in(connection)

    def keep(self, entry: KeptEntry, text: str, deletions: str) -> None:
        """Keeps an entry; the oldest of the others go where there are too many.

        Nothing is kept where more was deleted since ``deletions``: it may tell of what is no more.
        """
        with self._database.write() as connection:
            if deletions_in(connection) != deletions:
                return
            others = [one for one in _entries(connection) if one != entry]
            gone = {one.key for one in _entries(connection)} - {one.key for one in others[: _KEPT - 1]}
            connection.executemany("DELETE FROM meta WHERE key = ?", [(key,) for key in gone])
            set_meta_values(connection, {entry.key: text})


def deletions_in(connection: sqlite3.Connection) -> str:
    """Stands for all that was deleted from a workspace so far."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM deleted_collections), (SELECT length(value) FROM meta WHERE key = 'erasures')"
    ).fetchone()
    return f"{row[0]} {row[1]}"


def _entries(connection: sqlite3.Connection) -> list[KeptEntry]:
    found = []
    for (key,) in connection.execute("SELECT key FROM meta WHERE key >= ? AND key < ?", _RANGE).fetchall():
        build, revision, content_hash = key.removeprefix(_PREFIX).split(".")
        found.append(KeptEntry(int(build), int(revision), content_hash))
    return sorted(found, reverse=True)


def forget_statistics(connection: sqlite3.Connection) -> None:
    """Removes every entry, within a transaction."""
    connection.execute("DELETE FROM meta WHERE key >= ? AND key < ?", _RANGE)
