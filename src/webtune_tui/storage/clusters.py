"""What is like an example: the records that were dropped for it, its group, and what its source also gave."""

from __future__ import annotations

import sqlite3

from webtune_tui.domain.clusters import GROUP, SOURCE, Alike
from webtune_tui.domain.examples import decode_messages
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import ALIVE, EXAMPLE_COLUMNS, RECORD_TITLE, WHOLE_EXAMPLES, stored_example
from webtune_tui.storage.dataset_types import Revision, StoredExample

_NEIGHBOURS = 500  # records before and behind that may come from the same page
_EXCERPT = 200


class ClusterQueries:
    """All methods block. Groups are looked for among all examples of a build: call it in a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def size(self, build: int, example_id: str) -> int:
        """How many records were dropped for an example."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT count(*) FROM dropped WHERE build = ? AND keeper_id = ? AND keeper_id <> ''",
                (build, example_id),
            ).fetchone()
        return int(row[0])

    def survivor_of(self, build: int, example_id: str) -> str:
        """The example that stayed for a dropped one, through those dropped in between; itself where none did."""
        seen = [example_id]
        with self._database.read() as connection:
            while True:
                row = connection.execute(
                    "SELECT keeper_id FROM dropped WHERE build = ? AND example_id = ? AND keeper_id <> '' LIMIT 1",
                    (build, seen[-1]),
                ).fetchone()
                if row is None or row[0] in seen:
                    return seen[-1]
                seen.append(row[0])

    def dropped_for(self, build: int, example_id: str, limit: int) -> list[Alike]:
        """The records that were dropped for an example, and those that were dropped for these."""
        with self._database.read() as connection:
            rows = connection.execute(
                "WITH RECURSIVE gone (record_id, reason, detail, example_id) AS ("
                "SELECT record_id, reason, detail, example_id FROM dropped"
                " WHERE build = ?1 AND keeper_id = ?2 AND keeper_id <> '' UNION"
                " SELECT d.record_id, d.reason, d.detail, d.example_id FROM gone JOIN dropped AS d"
                " ON d.build = ?1 AND d.keeper_id = gone.example_id AND d.keeper_id <> '' LIMIT ?3)"
                f" SELECT gone.*, {RECORD_TITLE} AS title FROM gone JOIN records AS r USING (record_id)"
                " WHERE gone.example_id <> ?2 ORDER BY gone.record_id",
                (build, example_id, limit),
            ).fetchall()
        return [
            Alike(row["example_id"], row["record_id"], row["reason"], False, str(row["title"] or ""), row["detail"])
            for row in rows
        ]

    def group_of(self, head: Revision, example: StoredExample, limit: int) -> list[Alike]:
        """The other examples of its group, which share its split."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE {ALIVE} AND group_id = ? AND example_id <> ?"
                " ORDER BY ordinal LIMIT ?",
                (head.build, head.revision, head.revision, example.group, example.example_id, limit),
            ).fetchall()
        return [_here(row, GROUP) for row in rows] if example.group else []

    def same_source(self, head: Revision, example: StoredExample, limit: int) -> list[Alike]:
        """The other examples of its records, and those of records from the same page that stand near."""
        found: dict[str, Alike] = {}
        with self._database.read() as connection:
            for record_id in example.record_ids:
                near = connection.execute(
                    "SELECT n.record_id FROM records AS r JOIN records AS n ON n.collection_id = r.collection_id"
                    " AND n.position BETWEEN r.position - ?2 AND r.position + ?2 WHERE r.record_id = ?1"
                    " AND (n.record_id = ?1 OR (r.url <> '' AND n.url = r.url)) LIMIT ?3",
                    (record_id, _NEIGHBOURS, limit),
                ).fetchall()
                for (other,) in near or [(record_id,)]:
                    rows = connection.execute(
                        f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE {ALIVE} AND record_ids = ?"
                        " AND example_id <> ? LIMIT ?",
                        (head.build, head.revision, head.revision, str(other), example.example_id, limit),
                    ).fetchall()
                    found |= {row["example_id"]: _here(row, SOURCE) for row in rows}
        return list(found.values())[:limit]


def _here(row: sqlite3.Row, relation: str) -> Alike:
    one = stored_example(row)
    told = decode_messages(one.messages)
    prompt = next((message.content for message in reversed(told) if message.role == "user"), "")
    record = one.record_ids[0] if one.record_ids else 0
    return Alike(one.example_id, record, relation, True, prompt[:_EXCERPT], split=one.split.value)
