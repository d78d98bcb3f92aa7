"""The pages of collections that fetch them one by one, and what became of each. Every call blocks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from webtune_tui.storage.database import Database

_COLUMNS = "position, url, state, final_url, status, code, message, raw_file, media_type, bytes, fetched_at"


class PageState(StrEnum):
    """Where a page stands. A paid request is SENT on disk before it leaves; without a known end it is UNKNOWN."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RESENT = "resent"  # unknown once, and asked for again under a later position

    @property
    def is_final(self) -> bool:
        """No further change will come by itself."""
        return self not in (self.WAITING, self.SENT)


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``code`` and ``message`` say why it failed; ``raw_file`` is relative to the collection's folder."""

    position: int
    url: str
    state: PageState
    final_url: str | None = None
    status: int | None = None
    code: str = ""
    message: str = ""
    raw_file: str = ""
    media_type: str = ""
    bytes: int | None = None
    fetched_at: str | None = None


class PageRepository:
    """Rows of the table ``pages`` as domain objects; each change is durable when the call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, collection_id: str, urls: Iterable[str]) -> None:
        """Stores the pages of a new collection, all of them waiting."""
        with self._database.write() as connection:
            _insert(connection, collection_id, 0, urls)

    def ask_again(self, collection_id: str) -> int:
        """Puts the unknown pages at the end as waiting ones; answers how many pages there are then."""
        with self._database.write() as connection:
            rows = connection.execute(
                "SELECT url FROM pages WHERE collection_id = ? AND state = ? ORDER BY position",
                (collection_id, PageState.UNKNOWN),
            ).fetchall()
            connection.execute(
                "UPDATE pages SET state = ? WHERE collection_id = ? AND state = ?",
                (PageState.RESENT, collection_id, PageState.UNKNOWN),
            )
            last = connection.execute(
                "SELECT coalesce(max(position), -1) FROM pages WHERE collection_id = ?", (collection_id,)
            ).fetchone()[0]
            _insert(connection, collection_id, last + 1, (row["url"] for row in rows))
        return int(last) + 1 + len(rows)

    def change(self, collection_id: str, position: int, state: PageState, **changes: Any) -> None:
        """Sets the state of a page and what is known of it."""
        names = ", ".join(f"{name} = ?" for name in ("state", *changes))
        with self._database.write() as connection:
            connection.execute(
                f"UPDATE pages SET {names} WHERE collection_id = ? AND position = ?",
                (state, *changes.values(), collection_id, position),
            )

    def change_all(self, collection_id: str, before: PageState, after: PageState, message: str = "") -> int:
        """Moves every page of one state into another; answers how many there were."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "UPDATE pages SET state = ?, message = ? WHERE collection_id = ? AND state = ?",
                (after, message, collection_id, before),
            )
            return cursor.rowcount

    def from_position(self, collection_id: str, position: int, *, limit: int) -> list[Page]:
        """The pages from a position on, in order."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM pages WHERE collection_id = ? AND position >= ? ORDER BY position LIMIT ?",
                (collection_id, position, limit),
            ).fetchall()
        return [_page(row) for row in rows]

    def in_state(self, collection_id: str, *states: PageState) -> list[Page]:
        """The pages in some states, in order."""
        marks = ", ".join("?" * len(states))
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM pages WHERE collection_id = ? AND state IN ({marks}) ORDER BY position",
                (collection_id, *states),
            ).fetchall()
        return [_page(row) for row in rows]

    def counts(self, collection_id: str) -> dict[PageState, int]:
        """How many pages stand in each state."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT state, count(*) AS n FROM pages WHERE collection_id = ? GROUP BY state", (collection_id,)
            ).fetchall()
        return dict.fromkeys(PageState, 0) | {PageState(row["state"]): row["n"] for row in rows}

    def failed_with(self, collection_id: str, codes: Sequence[str]) -> int:
        """How many pages failed with one of some codes."""
        marks = ", ".join("?" * len(codes))
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT count(*) FROM pages WHERE collection_id = ? AND state = ? AND code IN ({marks})",
                (collection_id, PageState.FAILED, *codes),
            ).fetchone()
        return int(row[0])


def _insert(connection: sqlite3.Connection, collection_id: str, first: int, urls: Iterable[str]) -> None:
    connection.executemany(
        "INSERT INTO pages (collection_id, position, url, state) VALUES (?, ?, ?, ?)",
        ((collection_id, position, url, PageState.WAITING) for position, url in enumerate(urls, start=first)),
    )


def _page(row: sqlite3.Row) -> Page:
    return Page(**dict(row) | {"state": PageState(row["state"])})
