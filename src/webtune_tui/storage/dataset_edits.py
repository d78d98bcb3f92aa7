"""Edits by hand: each makes a revision of the newest build and can be undone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import (
    ALIVE,
    EXAMPLE_COLUMNS,
    INSERT_BODY,
    INSERT_EXAMPLE,
    WHOLE_EXAMPLES,
    insert_dropped,
    insert_revision,
    next_row_id,
    set_meta_values,
    stored_example,
)
from webtune_tui.storage.dataset_types import Action, Change, DroppedRow, Revision, StoredEdit, StoredExample

_BY_HAND = "by_hand"


class Edits:
    """Stores edits and the revisions that they make."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def edits(self) -> list[StoredEdit]:
        """All edits in order: the applied ones, then the undone ones that can be applied again."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT edit_id, operation, state FROM edits ORDER BY edit_id").fetchall()
        return [StoredEdit(row["edit_id"], json.loads(row["operation"]), row["state"]) for row in rows]

    def revision_of(self, build: int, edit_id: int) -> int | None:
        """The revision of a build in which an edit was applied last; ``None`` where it changed nothing."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT max(revision) FROM revisions WHERE build = ? AND edit_id = ? AND action <> 'undo'",
                (build, edit_id),
            ).fetchone()
        return row[0] if row else None

    def commit(
        self,
        head: Revision,
        changes: Sequence[Change],
        *,
        action: Action,
        edit_id: int | None = None,
        operation: Mapping[str, Any] | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> Revision:
        """Stores a revision and the edit behind it in one transaction; answers the revision that stands now.

        ``operation`` is a new edit, which ends the list of undone ones; else ``edit_id`` changes its state. Without
        changes the revision stays.
        """
        totals = head.totals
        for change in changes:
            totals = totals.with_example(change.before, -1) if change.before else totals
            totals = totals.with_example(change.after) if change.after else totals
        with self._database.write() as connection:
            if operation is not None:
                connection.execute("DELETE FROM edits WHERE state = 'undone'")
                edit_id = connection.execute(
                    "INSERT INTO edits (operation, state, created_at) VALUES (?, 'applied', ?)",
                    (json.dumps(operation, ensure_ascii=False), clock.now()),
                ).lastrowid
            elif action != "replay":
                state = "undone" if action == "undo" else "applied"
                connection.execute("UPDATE edits SET state = ? WHERE edit_id = ?", (state, edit_id))
            if changes:
                _apply_changes(connection, head, head.revision + 1, changes)
                insert_revision(connection, head.build, head.revision + 1, totals, edit_id, action)
            set_meta_values(connection, meta or {})
        if not changes:
            return head
        return replace(
            head,
            revision=head.revision + 1,
            totals=totals,
            edit_id=edit_id,
            action=action,
            created_at=clock.now(),
            fixed_at=None,
        )

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

    def touched_by(self, build: int, revision: int) -> list[Change]:
        """What a revision changed, as it did it."""
        with self._database.read() as connection:
            ended = connection.execute(
                f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE build = ? AND until = ?", (build, revision)
            ).fetchall()
            begun = connection.execute(  # in these words SQLite looks into the index, and not through all examples
                f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE build = ?1 AND since BETWEEN ?2 AND ?2"
                " AND since > 0",
                (build, revision),
            ).fetchall()
        before = {row["example_id"]: stored_example(row) for row in ended}
        after = {row["example_id"]: stored_example(row) for row in begun}
        return [Change(before.get(one), after.get(one)) for one in dict.fromkeys([*before, *after])]


def _insert_examples(connection: sqlite3.Connection, build: int, since: int, examples: Iterable[StoredExample]) -> None:
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


def _apply_changes(connection: sqlite3.Connection, head: Revision, revision: int, changes: Sequence[Change]) -> None:
    connection.executemany(
        "UPDATE examples SET until = ? WHERE row_id = ?",
        [(revision, change.before.row_id) for change in changes if change.before],
    )
    _insert_examples(connection, head.build, revision, (change.after for change in changes if change.after))
    gone = [one.before for one in changes if one.before and not one.after]
    back = [one.after for one in changes if one.after and not one.before]
    insert_dropped(
        connection,
        head.build,
        [
            DroppedRow(record_id, _BY_HAND, "edits", one.example_id, one.example_id)
            for one in gone
            for record_id in one.record_ids
            if not _makes_others(connection, head.build, revision, one)
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
