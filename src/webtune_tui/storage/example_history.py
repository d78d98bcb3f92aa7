"""How one example of a build came to be what it is: every form that it had, and the revision that gave it."""

from __future__ import annotations

from dataclasses import dataclass

from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import EXAMPLE_COLUMNS, WHOLE_EXAMPLES, stored_example
from webtune_tui.storage.dataset_types import Revision, StoredExample


@dataclass(frozen=True, slots=True)
class StoredForm:
    """The example from a revision on; ``example`` is ``None`` where it was out. ``at`` is RFC 3339 UTC."""

    revision: int
    action: str
    at: str
    example: StoredExample | None


class ExampleHistory:
    """Reads the forms of an example."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forms(self, head: Revision, example_id: str) -> list[StoredForm]:
        """The forms up to a revision, oldest first. An edit that a run replayed keeps the time at which it was made."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {EXAMPLE_COLUMNS}, since, until FROM {WHOLE_EXAMPLES}"
                " WHERE build = ? AND example_id = ? AND since <= ? ORDER BY since, row_id",
                (head.build, example_id, head.revision),
            ).fetchall()
            begun = {row["since"]: stored_example(row) for row in rows}
            ended = {row["until"] for row in rows if row["until"] is not None and row["until"] <= head.revision}
            found = []
            for revision in sorted(begun.keys() | ended):
                when = connection.execute(
                    "SELECT r.action, CASE WHEN r.action = 'replay' THEN coalesce(e.created_at, r.created_at)"
                    " ELSE r.created_at END AS at FROM revisions AS r LEFT JOIN edits AS e USING (edit_id)"
                    " WHERE r.build = ? AND r.revision = ?",
                    (head.build, revision),
                ).fetchone()
                action, at = (when["action"], when["at"]) if when else ("prepare", "")
                found.append(StoredForm(revision, action, at, begun.get(revision)))
        return found
