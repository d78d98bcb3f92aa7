"""The columns of the database that may hold outside words, and taking a person's mentions out of them. Blocking.

Rows stay, mentions go. Columns are classified by name here: a new one counts as free text until it is listed among the
structural ones, so that forgetting it hides nobody.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from webtune_tui.domain.mentions import Person

STRUCTURAL = frozenset(
    {
        # ids, hashes and places of our own
        "collection_id", "operation_id", "subject_id", "remote_id", "job_id", "provider_job_id", "event_id",
        "checkpoint_id", "evaluation_id", "example_id", "keeper_id", "group_id", "snapshot_id", "previous_id",
        "fingerprint", "content_hash", "content_sum", "result_digest", "request_key", "dataset_version",
        "conversation", "key", "record_ids", "raw_path", "raw_file", "cases_path",
        # words of our own
        "source", "state", "phase", "kind", "level", "reason", "step", "action", "split", "role", "flags", "encoding",
        "media_type", "code", "verdict", "finish_reason", "service", "provider", "basis", "name",
        # times
        "time", "created_at", "updated_at", "finished_at", "collected_at", "fetched_at", "fixed_at", "frozen_at",
        "sent_at", "resolved_at", "started_at", "estimated_finish", "deleted_at",
        # what identifies a model or an address that calls are sent to
        "model", "base_model", "tuned_model", "address",
    }
)  # fmt: skip
WHOLE_ROWS = frozenset({"records", "examples", "bodies", "edits", "chat_turns"})
"""Tables whose rows go as a whole; see :class:`webtune_tui.storage.purge.PersonRows`."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class TextColumns:
    """The free-text columns of a table, and the columns that name a row."""

    table: str
    columns: tuple[str, ...]
    identity: tuple[str, ...]


def text_columns(connection: sqlite3.Connection, *, everything: bool = False) -> Iterator[TextColumns]:
    """The free-text columns of each table; with ``everything`` all text columns of all tables."""
    for name, table_type, is_keyless in connection.execute(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        if table_type != "table" or (name in WHOLE_ROWS and not everything):
            continue
        columns = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)", (name,)).fetchall()
        texts = tuple(
            column
            for column, kind, primary in columns
            if "TEXT" in kind.upper() and (everything or (column not in STRUCTURAL and not primary))
        )
        identity = tuple(column for column, _, primary in columns if primary) if is_keyless else ("rowid",)
        if texts:
            yield TextColumns(name, texts, identity)


def find_texts(connection: sqlite3.Connection, person: Person, *, everything: bool = False) -> Counter[TextColumns]:
    """How many rows of each table mention the person in a free text; with ``everything`` also as a name does it."""
    found: Counter[TextColumns] = Counter()
    is_in = person.is_in_name if everything else person.is_in
    for table in list(text_columns(connection, everything=everything)):
        count = sum(1 for _ in _mentioning(connection, table, is_in))
        if count:
            found[table] = count
    return found


def erase_texts(connection: sqlite3.Connection, person: Person) -> None:
    """Takes the person out of every free text: of JSON value by value, so that it stays JSON."""
    for table in list(text_columns(connection)):
        where = " AND ".join(f"{column} = ?" for column in table.identity)
        skipped = len(table.identity)
        sets = ", ".join(f"{column} = ?" for column in table.columns)
        changes = [
            [*(erased(text, person) if isinstance(text, str) else text for text in row[skipped:]), *row[:skipped]]
            for row in _mentioning(connection, table, person.is_in)
        ]
        connection.executemany(f"UPDATE {table.table} SET {sets} WHERE {where}", changes)


def erased(text: str, person: Person) -> str:
    """A text, or a JSON document, without the person."""
    if not person.is_in(text):
        return text
    if text[:1] in "{[":
        try:
            return json.dumps(person.without_in(json.loads(text)), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    return person.without(text)


def _mentioning(
    connection: sqlite3.Connection, table: TextColumns, is_in: Callable[[str], bool]
) -> Iterator[tuple[object, ...]]:
    """Rows that mention the person: what names the row, then its texts."""
    wanted = ", ".join((*table.identity, *table.columns))
    skipped = len(table.identity)
    cursor = connection.execute(f"SELECT {wanted} FROM {table.table}")
    while rows := cursor.fetchmany(_BATCH):
        for row in rows:
            if any(isinstance(text, str) and is_in(text) for text in tuple(row)[skipped:]):
                yield tuple(row)
