"""Edits by hand: each makes a revision of the newest build and can be undone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import (
    ALIVE,
    INSERT_BODY,
    INSERT_EXAMPLE,
    insert_dropped,
    next_row_id,
    set_meta_values,
)
from webtune_tui.storage.dataset_types import Change, DroppedRow, Revision, StoredEdit, StoredExample
from webtune_tui.storage.example_values import note_values

_BY_HAND = "by_hand"


class Edits:
    """Stores edits and the revisions that they make."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def edits(self) -> list[StoredEdit]:
        """All edits in order: the applied ones, then the undone ones that can be applied again."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM edits ORDER BY edit_id").fetchall()
        return [
            StoredEdit(row["edit_id"], json.loads(row["operation"]), row["state"], row["created_at"], row["changed"])
            for row in rows
        ]

    def revision_of(self, build: int, edit_id: int) -> int | None:
        """The revision of a build in which an edit was applied last; ``None`` where it changed nothing."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT max(revision) FROM revisions WHERE build = ? AND edit_id = ? AND action <> 'undo'",
                (build, edit_id),
            ).fetchone()
        return row[0] if row else None

    def undoing_of(self, build: int, edit_id: int) -> int | None:
        """The revision of a build that took an edit back last; ``None`` where that was in an older build."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT max(revision) FROM revisions WHERE build = ? AND edit_id = ? AND action = 'undo'",
                (build, edit_id),
            ).fetchone()
        return row[0] if row else None

    def replace_edits(self, operations: Sequence[Mapping[str, Any]], meta: Mapping[str, str]) -> None:
        """Takes over the edits of a recipe that was changed by hand; nothing can be redone after it."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM edits")
            now = clock.now()
            connection.executemany(
                "INSERT INTO edits (operation, state, created_at) VALUES (?, 'applied', ?)",
                [(json.dumps(operation, ensure_ascii=False), now) for operation in operations],
            )
            set_meta_values(connection, meta)


def _insert_examples(connection: sqlite3.Connection, build: int, since: int, examples: Sequence[StoredExample]) -> None:
    for number, one in enumerate(examples, start=next_row_id(connection)):
        if not one.body_id:
            connection.execute(f"{INSERT_BODY} VALUES (?,?)", (number, one.messages))
        connection.execute(
            f"{INSERT_EXAMPLE} VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                number,
                one.body_id or number,
                build,
                one.ordinal,
                one.example_id,
                one.split.value,
                one.tokens,
                " ".join(one.flags),
                ",".join(map(str, one.record_ids)),
                one.group,
                one.source,
                since,
            ),
        )
    note_values(connection, build, "flags", (" ".join(one.flags) for one in examples))
    note_values(connection, build, "source", (one.source for one in examples))


def apply_changes(connection: sqlite3.Connection, head: Revision, revision: int, changes: Sequence[Change]) -> None:
    """Ends and begins the rows of examples, and notes the records of those that went as dropped by hand."""
    connection.executemany(
        "UPDATE examples SET until = ? WHERE row_id = ?",
        [(revision, change.before.row_id) for change in changes if change.before],
    )
    _insert_examples(connection, head.build, revision, [change.after for change in changes if change.after])
    gone = [one.before for one in changes if one.before and not one.after]
    back = [one.after for one in changes if one.after and not one.before]
    joined = {record_id for one in changes if one.after for record_id in one.after.record_ids} if gone else set()
    insert_dropped(
        connection,
        head.build,
        [
            DroppedRow(record_id, _BY_HAND, "edits", one.example_id, one.example_id)
            for one in gone
            for record_id in one.record_ids
            if record_id not in joined and not _makes_others(connection, head.build, revision, one)
        ],
    )
    connection.executemany(
        "DELETE FROM dropped WHERE build = ? AND record_id = ? AND reason = ?",
        [(head.build, record_id, _BY_HAND) for one in back for record_id in one.record_ids],
    )


def _makes_others(connection: sqlite3.Connection, build: int, revision: int, one: StoredExample) -> bool:
    """Whether the records of an example that went make another example that stays."""
    row = connection.execute(
        f"SELECT 1 FROM examples WHERE {ALIVE} AND record_ids = ? LIMIT 1",
        (build, revision, revision, ",".join(map(str, one.record_ids))),
    ).fetchone()
    return row is not None
