"""Builds: one run of prepare stores its examples in one that nobody sees before it is whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.body_facts import BodyFacts
from webtune_tui.storage.body_facts import insert_facts
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_rows import (
    INSERT_BODY,
    INSERT_EXAMPLE,
    head_of,
    insert_dropped,
    insert_revision,
    next_row_id,
)
from webtune_tui.storage.dataset_types import BuildReport, DroppedRow, ExampleRow, Revision, Totals
from webtune_tui.storage.example_values import note_values

_KEPT_BUILDS = 10
_ROWS_AT_ONCE = 100  # in one statement: the caller's thread works on while it runs
_MESSAGES, _FLAGS, _SOURCE = map(itemgetter, (3, 5, 8))  # of an example's row


class Builds:
    """Makes and publishes builds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def discard_unfinished(self) -> int:
        """Removes what an interrupted run left; answers how many builds that were."""
        with self._database.write() as connection:
            return connection.execute("DELETE FROM builds WHERE is_whole = 0").rowcount

    def begin_build(self) -> int:
        """A new build, which nobody sees before it is finished."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT INTO builds (created_at, recipe, encoding, report) VALUES (?, '', '', '{}')", (clock.now(),)
            )
            return int(cursor.lastrowid or 0)

    def add_rows(self, build: int, rows: Sequence[ExampleRow], facts: Sequence[BodyFacts] = ()) -> None:
        """Stores a batch of a build's examples, and what is known of their messages: of all or of none."""
        with self._database.write() as connection:
            first = next_row_id(connection)
            bodies = enumerate(map(_MESSAGES, rows), start=first)
            _insert_many(connection, INSERT_BODY, "(?,?)", list(bodies))
            values = [(number, number, *one[:3], *one[4:]) for number, one in enumerate(rows, start=first)]
            _insert_many(connection, INSERT_EXAMPLE, f"(?,?,{build:d},?,?,?,?,?,?,?,?,0)", values)
            if facts:
                insert_facts(connection, list(enumerate(facts, start=first)))
            note_values(connection, build, "flags", map(_FLAGS, rows))
            note_values(connection, build, "source", map(_SOURCE, rows))

    def add_dropped(self, build: int, dropped: Iterable[DroppedRow]) -> None:
        """Stores records that make no example."""
        with self._database.write() as connection:
            insert_dropped(connection, build, dropped)

    def seal(self, build: int, totals: Totals, encoding: str) -> Revision:
        """The first revision of a build whose examples are all stored; nobody sees it before :meth:`publish`."""
        with self._database.write() as connection:
            insert_revision(connection, build, 0, totals, None, "prepare")
        return Revision(build, 0, totals, None, "prepare", clock.now(), None, encoding)

    def publish(self, build: int, told: BuildReport, edit_ids: Sequence[int] = ()) -> Revision | None:
        """Makes a build the working version, all at once; the oldest builds that nobody fixed go.

        ``edit_ids`` are the edits that the build has: where others are applied by now, nothing happens (``None``).
        """
        with self._database.write() as connection:
            rows = connection.execute("SELECT edit_id FROM edits WHERE state = 'applied' ORDER BY edit_id")
            if [row[0] for row in rows] != list(edit_ids):
                return None
            connection.execute(
                "UPDATE builds SET recipe = ?, encoding = ?, report = ?, result_digest = ?, is_whole = 1"
                " WHERE build = ?",
                (told.recipe, told.encoding, told.report, told.result_digest, build),
            )
            connection.execute(
                "DELETE FROM builds WHERE build IN (SELECT build FROM builds AS b WHERE NOT EXISTS (SELECT 1 FROM"
                " revisions AS r WHERE r.build = b.build AND r.fixed_at IS NOT NULL) ORDER BY build DESC"
                " LIMIT -1 OFFSET ?)",
                (_KEPT_BUILDS,),
            )
            head = head_of(connection)
        assert head is not None
        return head

    def update_report(self, build: int, told: BuildReport) -> None:
        """Replaces what is kept of a run that gave the same result again."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE builds SET recipe = ?, report = ?, result_digest = ? WHERE build = ?",
                (told.recipe, told.report, told.result_digest, build),
            )

    def build_report(self, build: int) -> BuildReport:
        """What is kept of a build."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT recipe, encoding, report, result_digest FROM builds WHERE build = ?", (build,)
            ).fetchone()
        return BuildReport(row["recipe"], row["encoding"], row["report"], row["result_digest"])


def _insert_many(connection: sqlite3.Connection, head: str, values: str, rows: Sequence[tuple[Any, ...]]) -> None:
    whole = len(rows) - len(rows) % _ROWS_AT_ONCE
    many = f"{head} VALUES {','.join([values] * _ROWS_AT_ONCE)}"
    for start in range(0, whole, _ROWS_AT_ONCE):
        connection.execute(many, tuple(chain.from_iterable(rows[start : start + _ROWS_AT_ONCE])))
    connection.executemany(f"{head} VALUES {values}", rows[whole:])
