"""What every edit stores beside the rows: the revision, the edit and its state, and values of the same transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.errors import UsageError
from webtune_tui.storage.dataset_rows import insert_revision, set_meta_values
from webtune_tui.storage.dataset_types import Action, Revision, Totals


@dataclass(frozen=True, slots=True)
class Step:
    """How a change comes about.

    ``operation`` is a new edit, which ends the list of undone ones; else ``edit_id`` is the one whose state changes.
    ``meta`` is stored in the same transaction. ``keeps_count``: the history goes on telling how many examples the edit
    changed before. ``is_replay``: it happens in a build that nobody sees yet; whether the edit is applied stays as it
    is, since a person may undo it meanwhile.
    """

    action: Action
    edit_id: int | None = None
    operation: Mapping[str, Any] | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    keeps_count: bool = False
    is_replay: bool = False


def begin_step(connection: sqlite3.Connection, head: Revision) -> None:
    """Refuses a change that was worked out from an older revision. Raises UsageError."""
    newest = connection.execute("SELECT max(revision) FROM revisions WHERE build = ?", (head.build,)).fetchone()[0]
    # edits are replayed on a build that is not whole yet; of a whole one no newer may have been prepared meanwhile
    is_outdated = connection.execute(
        "SELECT 1 FROM builds AS b WHERE b.build = ?1 AND b.is_whole = 1"
        " AND EXISTS (SELECT 1 FROM builds AS n WHERE n.build > ?1 AND n.is_whole = 1)",
        (head.build,),
    ).fetchone()
    if newest != head.revision or is_outdated:
        raise UsageError("The dataset was changed meanwhile", hint="Look at it, then do the same again.")


def finish_step(
    connection: sqlite3.Connection, head: Revision, totals: Totals, step: Step, count: int, *, is_change: bool
) -> Revision:
    """Stores the revision and the state of the edit, which changed so many examples; without a change it stays."""
    edit_id = step.edit_id
    if step.operation is not None:
        connection.execute("DELETE FROM edits WHERE state = 'undone'")
        # a number is never used twice in a build: its revisions tell by it what to take back
        edit_id = connection.execute(
            "SELECT max(coalesce((SELECT max(edit_id) FROM edits), 0),"
            " coalesce((SELECT max(edit_id) FROM revisions WHERE build = ?), 0)) + 1",
            (head.build,),
        ).fetchone()[0]
        connection.execute(
            "INSERT INTO edits (edit_id, operation, state, created_at, changed) VALUES (?, ?, 'applied', ?, ?)",
            (edit_id, json.dumps(step.operation, ensure_ascii=False), clock.now(), count),
        )
    elif step.is_replay:
        if not step.keeps_count:
            connection.execute("UPDATE edits SET changed = ? WHERE edit_id = ?", (count, edit_id))
    elif step.keeps_count:
        state = "undone" if step.action == "undo" else "applied"
        connection.execute("UPDATE edits SET state = ? WHERE edit_id = ?", (state, edit_id))
    else:
        connection.execute("UPDATE edits SET state = 'applied', changed = ? WHERE edit_id = ?", (count, edit_id))
    if is_change:
        insert_revision(connection, head.build, head.revision + 1, totals, edit_id, step.action)
    set_meta_values(connection, step.meta)
    if not is_change:
        return head
    return replace(
        head,
        revision=head.revision + 1,
        totals=totals,
        edit_id=edit_id,
        action=step.action,
        created_at=clock.now(),
        fixed_at=None,
    )
