"""Versions: the revisions of whole builds, and the test split that fixed ones freeze."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from webtune_tui.domain import clock
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import ALIVE, head_of, revision_of_row
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.revision_sums import resolved


class Versions:
    """Finds and fixes versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> Revision | None:
        """The working version: the newest revision of the newest whole build."""
        with self._database.read() as connection:
            return head_of(connection)

    def revisions(self) -> list[Revision]:
        """Every version once, newest first; what lay between a run and its replayed edits is left out."""
        with self._database.read() as connection:
            head = head_of(connection)
            rows = connection.execute(
                "SELECT r.*, b.encoding FROM revisions AS r JOIN builds AS b USING (build) WHERE b.is_whole = 1"
                " AND NOT EXISTS (SELECT 1 FROM revisions AS n WHERE n.build = r.build"
                " AND n.revision = r.revision + 1 AND n.action = 'replay')"
                " ORDER BY r.build DESC, r.revision DESC"
            ).fetchall()
        found: dict[str, Revision] = {}
        for row in rows:
            revision = revision_of_row(row, head)
            newest = found.setdefault(revision.content_hash, revision)
            if newest.fixed_at is None and revision.fixed_at is not None:  # undo came back to a fixed version
                found[revision.content_hash] = replace(newest, fixed_at=revision.fixed_at)
        return list(found.values())

    def find(self, name: str) -> Revision | None:
        """The newest revision with this name or a content hash that begins so, or what an erasure left of it."""
        with self._database.read() as connection:
            head = head_of(connection)
            given = connection.execute("SELECT content_hash FROM version_names WHERE name = ?", (name,)).fetchone()
            name = given[0] if given else name.lower()
            row = _named(connection, name)
            if row is None and (left := resolved(connection, name)):
                row = _named(connection, left)
            return revision_of_row(row, head) if row else None

    def names(self) -> dict[str, str]:
        """The content hash of each name that a version was given, in the order in which they were given."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT name, content_hash FROM version_names ORDER BY created_at, name"
            ).fetchall()
            return {row[0]: resolved(connection, row[1]) or row[1] for row in rows}

    def give_name(self, name: str, revision: Revision) -> None:
        """Gives a version a name and fixes it, in one transaction."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO version_names (name, content_hash, created_at) VALUES (?,?,?)",
                (name, revision.content_hash, clock.now()),
            )
            _fix(connection, revision)

    def fix(self, revision: Revision) -> None:
        """Keeps a version for good (it was exported, trained on or named) and freezes its test split."""
        with self._database.write() as connection:
            _fix(connection, revision)

    def has_fixed(self) -> bool:
        """Whether any version was fixed, so that its test split binds."""
        with self._database.read() as connection:
            return connection.execute("SELECT 1 FROM revisions WHERE fixed_at IS NOT NULL").fetchone() is not None

    def frozen_ids(self) -> frozenset[str]:
        """The examples that were ever tested on by a fixed version."""
        with self._database.read() as connection:
            return frozenset(row[0] for row in connection.execute("SELECT example_id FROM frozen_test"))

    def trained_ids(self, example_ids: Sequence[str]) -> frozenset[str]:
        """Which of the examples lie outside the test split of a fixed version."""
        found: set[str] = set()
        with self._database.read() as connection:
            fixed = connection.execute("SELECT build, revision FROM revisions WHERE fixed_at IS NOT NULL").fetchall()
            for row in fixed:
                for start in range(0, len(example_ids), 500):
                    some = example_ids[start : start + 500]
                    marks = ",".join("?" * len(some))
                    found.update(
                        hit[0]
                        for hit in connection.execute(
                            f"SELECT example_id FROM examples WHERE {ALIVE} AND split <> 'test'"
                            f" AND example_id IN ({marks})",
                            (row["build"], row["revision"], row["revision"], *some),
                        )
                    )
        return frozenset(found)


def _named(connection: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT r.*, b.encoding FROM revisions AS r JOIN builds AS b USING (build) WHERE b.is_whole = 1"
        " AND r.content_hash >= ? AND r.content_hash < ? ORDER BY r.build DESC, r.revision DESC LIMIT 1",
        (name, name + "g"),
    ).fetchone()
    return row


def _fix(connection: sqlite3.Connection, revision: Revision) -> None:
    now = clock.now()
    connection.execute(
        "UPDATE revisions SET fixed_at = COALESCE(fixed_at, ?) WHERE build = ? AND revision = ?",
        (now, revision.build, revision.revision),
    )
    connection.execute(
        f"INSERT OR IGNORE INTO frozen_test (example_id, frozen_at) SELECT example_id, ? FROM examples"
        f" WHERE {ALIVE} AND split = 'test'",
        (now, revision.build, revision.revision, revision.revision),
    )
