"""The records of a build that make no example, and the clusters of duplicates among them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from webtune_tui.domain.datasets import Cluster, DroppedRecord
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import RECORD_TITLE
from webtune_tui.storage.dataset_types import DroppedRow

_AT_ONCE = 2_000

_DROPPED = (
    "SELECT d.record_id, d.reason, d.step, d.detail, d.example_id, d.keeper_id, r.collection_id, r.position,"
    f" {RECORD_TITLE} AS title FROM dropped AS d JOIN records AS r USING (record_id)"
)


class Dropped:
    """Reads dropped records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def dropped(self, build: int, reason: str | None, limit: int) -> list[DroppedRecord]:
        """Records of a build that make no example."""
        condition = "d.build = ?" + (" AND d.reason = ?" if reason else "")
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_DROPPED} WHERE {condition} ORDER BY d.record_id LIMIT ?",
                (build, *([reason] if reason else []), limit),
            ).fetchall()
        return [_dropped(row) for row in rows]

    def dropped_in_batches(self, build: int) -> Iterator[list[DroppedRow]]:
        """All rows of a build that make no example, in the records' order; memory is bounded by the batch."""
        with self._database.read() as connection:
            cursor = connection.cursor()
            cursor.row_factory = None
            cursor.execute(
                "SELECT record_id, reason, step, detail, example_id, keeper_id FROM dropped WHERE build = ?"
                " ORDER BY record_id",
                (build,),
            )
            while rows := cursor.fetchmany(_AT_ONCE):
                yield [DroppedRow(*row) for row in rows]

    def dropped_of(self, build: int, record_ids: Sequence[int]) -> list[DroppedRecord]:
        """A few dropped records in order."""
        marks = ",".join("?" * len(record_ids))
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_DROPPED} WHERE d.build = ? AND d.record_id IN ({marks}) ORDER BY d.record_id", (build, *record_ids)
            ).fetchall()
        return [_dropped(row) for row in rows]

    def clusters(self, build: int, limit: int, *, members: int = 50) -> list[Cluster]:
        """The keepers of dropped duplicates, those with most first, each with at most ``members`` of them."""
        with self._database.read() as connection:
            keepers = connection.execute(
                "SELECT keeper_id FROM dropped WHERE build = ? AND keeper_id <> '' GROUP BY keeper_id"
                " ORDER BY count(*) DESC, keeper_id LIMIT ?",
                (build, limit),
            ).fetchall()
            return [
                Cluster(
                    keeper_id,
                    tuple(
                        _dropped(row)
                        for row in connection.execute(
                            f"{_DROPPED} WHERE d.build = ? AND d.keeper_id = ? AND d.keeper_id <> ''"
                            " ORDER BY d.record_id LIMIT ?",
                            (build, keeper_id, members),
                        )
                    ),
                )
                for (keeper_id,) in keepers
            ]

    def dropped_counts(self, build: int) -> dict[str, int]:
        """How many records of a build each reason took."""
        return self._counts(build, "reason")

    def dropped_steps(self, build: int) -> dict[str, int]:
        """How many records of a build each step took."""
        return self._counts(build, "step")

    def _counts(self, build: int, column: str) -> dict[str, int]:
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT {column}, count(*) FROM dropped WHERE build = ? GROUP BY {column} ORDER BY {column}", (build,)
            ).fetchall()
        return {row[0]: row[1] for row in rows}

    def dropped_ids(self, build: int, example_ids: Sequence[str]) -> frozenset[str]:
        """Which of the examples a build dropped."""
        found: set[str] = set()
        with self._database.read() as connection:
            for start in range(0, len(example_ids), 500):
                some = example_ids[start : start + 500]
                marks = ",".join("?" * len(some))
                found.update(
                    row[0]
                    for row in connection.execute(
                        f"SELECT example_id FROM dropped WHERE build = ? AND example_id IN ({marks})", (build, *some)
                    )
                )
        return frozenset(found)


def _dropped(row: sqlite3.Row) -> DroppedRecord:
    return DroppedRecord(
        record_id=row["record_id"],
        collection_id=row["collection_id"],
        position=row["position"],
        reason=row["reason"],
        step=row["step"],
        detail=row["detail"],
        title=str(row["title"] or ""),
        example_id=row["example_id"],
        keeper_id=row["keeper_id"],
    )
