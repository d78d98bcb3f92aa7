"""Rows of the dataset tables, written and read the same way everywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace

from webtune_tui.domain import clock
from webtune_tui.domain.examples import ContentSum, Split
from webtune_tui.domain.record_titles import TITLE_FIELDS
from webtune_tui.storage.dataset_types import Action, DroppedRow, Revision, StoredExample, Totals

ALIVE = "build = ? AND since <= ? AND (until IS NULL OR until > ?)"
"""The condition of an example that is in a revision: its build, and twice its number."""
EXAMPLE_COLUMNS = "row_id, body_id, ordinal, example_id, split, messages, tokens, flags, record_ids, group_id, source"
WHOLE_EXAMPLES = "examples JOIN bodies USING (body_id)"
"""Where ``EXAMPLE_COLUMNS`` stand."""
SAVED_VIEWS = "view:saved"
"""Where ``meta`` keeps the views of the table: a JSON list."""
INSERT_EXAMPLE = (
    "INSERT INTO examples (row_id, body_id, build, ordinal, example_id, split, tokens, flags, record_ids, group_id,"
    " source, since)"
)
INSERT_BODY = "INSERT INTO bodies (body_id, messages)"

_ASKED = (
    "(SELECT m.value ->> '$.content' FROM json_each(r.fields, '$.messages') AS m"
    " WHERE CASE m.type WHEN 'object' THEN m.value ->> '$.role' END = 'user' LIMIT 1)"
)
_NAMED = ", ".join(f"nullif(r.fields ->> '$.{name}', '')" for name in TITLE_FIELDS)
RECORD_TITLE = f"substr(COALESCE({_NAMED}, {_ASKED}, r.url, r.key), 1, 300)"
"""What a person calls the record ``r``: its title, else what is asked in it, its page, its key."""


def stored_example(row: sqlite3.Row) -> StoredExample:
    """The example of a row with ``EXAMPLE_COLUMNS``."""
    return StoredExample(
        ordinal=row["ordinal"],
        example_id=row["example_id"],
        split=Split(row["split"]),
        messages=row["messages"],
        tokens=row["tokens"],
        flags=tuple(row["flags"].split()),
        record_ids=tuple(int(part) for part in row["record_ids"].split(",") if part),
        group=row["group_id"],
        source=row["source"],
        row_id=row["row_id"],
        body_id=row["body_id"],
    )


def next_row_id(connection: sqlite3.Connection) -> int:
    """The number of the next row; no body has it, since a body is never newer than a row that has it."""
    return int(connection.execute("SELECT coalesce(max(row_id), 0) + 1 FROM examples").fetchone()[0])


def head_of(connection: sqlite3.Connection) -> Revision | None:
    """The newest revision of the newest whole build."""
    row = connection.execute(
        "SELECT r.*, b.encoding FROM revisions AS r JOIN builds AS b USING (build) WHERE b.is_whole = 1"
        " ORDER BY r.build DESC, r.revision DESC LIMIT 1"
    ).fetchone()
    return replace(revision_of_row(row, None), is_working=True) if row else None


def revision_of_row(row: sqlite3.Row, head: Revision | None) -> Revision:
    """The revision of a row; it is the working one where ``head`` has the same content."""
    total, _, count = row["content_sum"].partition(":")
    totals = Totals(ContentSum(int(total, 16), int(count)), row["train"], row["validation"], row["test"], row["tokens"])
    return Revision(
        build=row["build"],
        revision=row["revision"],
        totals=totals,
        edit_id=row["edit_id"],
        action=row["action"],
        created_at=row["created_at"],
        fixed_at=row["fixed_at"],
        encoding=row["encoding"],
        is_working=head is not None and totals.content == head.totals.content,
    )


def insert_revision(
    connection: sqlite3.Connection, build: int, revision: int, totals: Totals, edit_id: int | None, action: Action
) -> None:
    """Stores a revision."""
    content = totals.content
    connection.execute(
        "INSERT INTO revisions (build, revision, content_hash, content_sum, examples, train, validation, test,"
        " tokens, edit_id, action, created_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            build,
            revision,
            content.hexdigest(),
            f"{content.total:x}:{content.count}",
            content.count,
            totals.train,
            totals.validation,
            totals.test,
            totals.tokens,
            edit_id,
            action,
            clock.now(),
        ),
    )


def insert_dropped(connection: sqlite3.Connection, build: int, dropped: Iterable[DroppedRow]) -> None:
    """Stores records that make no example."""
    connection.executemany(
        "INSERT OR REPLACE INTO dropped (build, record_id, reason, step, detail, example_id, keeper_id)"
        " VALUES (?,?,?,?,?,?,?)",
        ((build, one.record_id, one.reason, one.step, one.detail, one.example_id, one.keeper_id) for one in dropped),
    )


def set_meta_values(connection: sqlite3.Connection, values: Mapping[str, str]) -> None:
    """Remembers values."""
    connection.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        list(values.items()),
    )
