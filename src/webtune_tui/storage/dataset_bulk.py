"""Edits of many examples: rows are picked by their numbers, changed by sets, and brought back the same way.

What changes beside the messages (split, flags) shares the messages of the row before it, so that moving, tagging and
every undo write no text at all. Taking a step back needs no look at the messages either: the sums of the revision are
those that stood before it.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from webtune_tui.domain.errors import Stopped
from webtune_tui.domain.examples import ContentSum, Split, body_digest_of_bytes
from webtune_tui.storage.database import Database
from webtune_tui.storage.dataset_edits import apply_changes
from webtune_tui.storage.dataset_rows import (
    ALIVE,
    EXAMPLE_COLUMNS,
    WHOLE_EXAMPLES,
    revision_of_row,
    stored_example,
)
from webtune_tui.storage.dataset_steps import Step, begin_step, finish_step
from webtune_tui.storage.dataset_types import Action, Change, Revision, StoredExample, Totals
from webtune_tui.storage.example_values import note_values

Turn = Callable[[str, str], tuple[str, str] | None]
"""What becomes of a row's split and flags; ``None``: it goes."""

_AT_ONCE = 2_000
_IDS_AT_ONCE = 500
_PICKED_AT_ONCE = 10_000
_COPIED = "body_id, build, ordinal, example_id"
_COPIED_TAIL = "tokens, {flags}, record_ids, group_id, source"
_RECORDS = "json_each('[' || e.record_ids || ']')"
_BY_HAND = "'by_hand', 'edits'"


@dataclass(frozen=True, slots=True)
class PickedRow:
    """A row of an example without its messages."""

    row_id: int
    example_id: str
    split: str
    flags: str


class BulkEdits:
    """Picks rows and changes them by sets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Picking

    def ids_of_rows(self, row_ids: array[int]) -> list[str]:
        """The ids of the examples of some rows, in their order."""
        with self._database.read() as connection:
            _pick(connection, row_ids)
            rows = connection.execute(
                "SELECT example_id FROM picked CROSS JOIN examples USING (row_id) ORDER BY ordinal"
            )
            return [row[0] for row in rows]

    def rows_of_ids(self, revision: Revision, example_ids: Sequence[str]) -> dict[str, PickedRow]:
        """The rows of a version's examples by their ids, without messages."""
        found: dict[str, PickedRow] = {}
        with self._database.read() as connection:
            for some, marks in _portions(example_ids):
                for row in connection.execute(
                    f"SELECT row_id, example_id, split, flags FROM examples WHERE {ALIVE} AND example_id IN ({marks})",
                    (revision.build, revision.revision, revision.revision, *some),
                ):
                    found[row["example_id"]] = PickedRow(*row)
        return found

    def with_groups(self, revision: Revision, row_ids: array[int]) -> Iterator[tuple[int, str, str]]:
        """Row, split and flags of these examples of a version and of all that share a group with one, in order."""
        with self._database.read() as connection:
            _pick(connection, row_ids)
            cursor = connection.cursor()
            cursor.row_factory = None
            cursor.execute(
                f"SELECT row_id, split, flags FROM examples NOT INDEXED WHERE {ALIVE} AND"
                " (row_id IN (SELECT row_id FROM picked)"
                " OR group_id IN (SELECT group_id FROM picked CROSS JOIN examples USING (row_id)"
                " WHERE group_id <> '')) ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision),
            )
            yield from cursor

    def heads_of(self, row_ids: array[int]) -> Iterator[tuple[int, str, str]]:
        """Row, split and flags of some rows."""
        with self._database.read() as connection:
            _pick(connection, row_ids)
            cursor = connection.cursor()
            cursor.row_factory = None
            yield from cursor.execute("SELECT row_id, split, flags FROM picked CROSS JOIN examples USING (row_id)")

    def group_splits(self, revision: Revision, groups: Sequence[str]) -> dict[str, str]:
        """The split in which the examples of a version that have these groups lie."""
        found: dict[str, str] = {}
        with self._database.read() as connection:
            for some, marks in _portions(groups):
                rows = connection.execute(
                    f"SELECT DISTINCT group_id, split FROM examples WHERE {ALIVE} AND group_id IN ({marks})",
                    (revision.build, revision.revision, revision.revision, *some),
                )
                found.update((row[0], row[1]) for row in rows)
        return found

    def group_rows(self, revision: Revision, group: str) -> list[int]:
        """The rows of a version's examples in a group."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT row_id FROM examples WHERE {ALIVE} AND group_id = ? ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision, group),
            )
            return [row[0] for row in rows]

    def tested_of(self, row_ids: array[int], limit: int) -> list[str]:
        """Which of these examples a fixed version was tested on."""
        with self._database.read() as connection:
            _pick(connection, row_ids)
            rows = connection.execute(
                "SELECT example_id FROM picked CROSS JOIN examples USING (row_id) WHERE split = 'test'"
                " AND example_id IN (SELECT example_id FROM frozen_test) LIMIT ?",
                (limit,),
            )
            return [row[0] for row in rows]

    def trained_of(self, row_ids: array[int], limit: int) -> list[str]:
        """Which of these examples lie outside the test split of a fixed version."""
        with self._database.read() as connection:
            _pick(connection, row_ids)
            rows = connection.execute(
                "SELECT DISTINCT e.example_id FROM revisions AS r CROSS JOIN picked CROSS JOIN examples AS e USING"
                " (row_id) CROSS JOIN examples AS o INDEXED BY examples_by_id ON o.build = r.build AND o.example_id ="
                " e.example_id WHERE r.fixed_at IS NOT NULL AND o.since <= r.revision AND (o.until IS NULL OR"
                " o.until > r.revision) AND o.split <> 'test' LIMIT ?",
                (limit,),
            )
            return [row[0] for row in rows]

    def by_rows(self, row_ids: Sequence[int]) -> list[StoredExample]:
        """The examples of some rows, in the order of the rows' numbers given."""
        found: dict[int, StoredExample] = {}
        with self._database.read() as connection:
            for some, marks in _portions(row_ids):
                for row in connection.execute(
                    f"SELECT {EXAMPLE_COLUMNS} FROM {WHOLE_EXAMPLES} WHERE row_id IN ({marks})", tuple(some)
                ):
                    found[row["row_id"]] = stored_example(row)
        return [found[one] for one in row_ids if one in found]

    def ids_touched(self, build: int, revision: int, limit: int | None = None) -> list[str]:
        """The ids of the examples that a revision changed, in order."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT example_id, min(ordinal) AS place FROM (SELECT example_id, ordinal FROM examples"
                " WHERE build = ?1 AND since <> 0 AND since = ?2 UNION ALL SELECT example_id,"
                " ordinal FROM examples INDEXED BY examples_ended WHERE build = ?1 AND until = ?2)"
                " GROUP BY example_id ORDER BY place LIMIT ?3",
                (build, revision, -1 if limit is None else limit),
            )
            return [row[0] for row in rows]

    def last_ordinal(self, build: int) -> int:
        """The last place that any example of a build has or had."""
        with self._database.read() as connection:
            return int(
                connection.execute(
                    "SELECT coalesce(max(ordinal), -1) FROM examples WHERE build = ?", (build,)
                ).fetchone()[0]
            )

    # Changing

    def commit_rows(
        self, head: Revision, row_ids: array[int], turn: Turn, step: Step, stopped: Event | None = None
    ) -> Revision:
        """Ends the rows; those that ``turn`` keeps begin anew with another split or other flags. One transaction.

        Raises:
            Stopped: ``stopped`` was set before it was stored; nothing is.
        """
        with self._database.write(stopped) as connection:
            begin_step(connection, head)
            _pick(connection, row_ids)
            is_drop = _note_turns(connection, head.build, turn)
            totals = _turned_totals(connection, head.totals)
            number = head.revision + 1
            connection.execute("UPDATE examples SET until = ? WHERE row_id IN (SELECT row_id FROM picked)", (number,))
            if is_drop:
                _note_dropped(connection, head.build, number, "e.row_id IN (SELECT row_id FROM picked)")
            else:
                connection.execute(
                    f"INSERT INTO examples ({_COPIED}, split, {_COPIED_TAIL.format(flags='flags')}, since)"
                    f" SELECT {_COPIED}, t.new_split, {_COPIED_TAIL.format(flags='t.new_flags')}, ?"
                    " FROM examples AS e JOIN turned AS t ON t.old_split = e.split AND t.old_flags = e.flags"
                    " WHERE row_id IN (SELECT row_id FROM picked) ORDER BY ordinal",
                    (number,),
                )
            return finish_step(connection, head, totals, step, len(row_ids), is_change=True)

    def revert(self, head: Revision, revision: int, step: Step) -> Revision:
        """Makes the examples that a revision changed what they were before it. One transaction.

        Whatever changed them since must have been taken back.
        """
        with self._database.write() as connection:
            begin_step(connection, head)
            build, number = head.build, head.revision + 1
            totals = _minus_step(connection, head, revision)
            connection.execute(
                "UPDATE examples SET until = ?1 WHERE row_id IN (SELECT a.row_id FROM examples AS n CROSS JOIN examples"
                " AS a INDEXED BY examples_by_id ON a.build = n.build AND a.example_id = n.example_id"
                " WHERE n.build = ?2 AND n.since <> 0 AND n.since = ?3 AND a.until IS NULL)",
                (number, build, revision),
            )
            connection.execute(
                f"INSERT INTO examples ({_COPIED}, split, {_COPIED_TAIL.format(flags='flags')}, since)"
                f" SELECT {_COPIED}, split, {_COPIED_TAIL.format(flags='flags')}, ?1 FROM examples"
                " INDEXED BY examples_ended WHERE build = ?2 AND until = ?3 ORDER BY ordinal",
                (number, build, revision),
            )
            gone = connection.execute(
                "SELECT count(*) FROM examples AS e WHERE build = ?1 AND since <> 0 AND since = ?2"
                " AND NOT EXISTS (SELECT 1 FROM examples AS b INDEXED BY examples_by_id WHERE b.build = ?1"
                " AND b.example_id = e.example_id AND b.until = ?2)",
                (build, revision),
            ).fetchone()[0]
            _forget_dropped(connection, build, revision)
            if gone:
                _note_dropped(
                    connection,
                    build,
                    number,
                    f"e.build = {build:d} AND e.since <> 0 AND e.since = {revision:d}"
                    " AND NOT EXISTS (SELECT 1 FROM examples AS b INDEXED BY examples_by_id WHERE b.build = e.build"
                    f" AND b.example_id = e.example_id AND b.until = {revision:d})",
                )
            return finish_step(connection, head, totals, step, 0, is_change=True)

    def commit_changes(
        self,
        head: Revision,
        batches: Iterable[Sequence[Change]],
        totals: Totals,
        count: int,
        step: Step,
        *,
        stopped: Event | None = None,
    ) -> Revision:
        """Stores changes of ``count`` examples whose sums are known. One transaction.

        Raises:
            Stopped: ``stopped`` was set before it was stored; nothing is.
        """
        is_change = False
        with self._database.write(stopped) as connection:
            begin_step(connection, head)
            for batch in batches:
                if stopped is not None and stopped.is_set():
                    raise Stopped
                is_change = is_change or bool(batch)
                apply_changes(connection, head, head.revision + 1, batch)
            return finish_step(connection, head, totals, step, count, is_change=is_change)

    def commit(
        self,
        head: Revision,
        changes: Sequence[Change],
        *,
        action: Action,
        edit_id: int | None = None,
        operation: Mapping[str, Any] | None = None,
    ) -> Revision:
        """Stores a few changes. One transaction."""
        totals = head.totals
        for change in changes:
            totals = changed_totals(totals, change)
        return self.commit_changes(head, [changes], totals, len(changes), Step(action, edit_id, operation))


def changed_totals(totals: Totals, change: Change) -> Totals:
    """The sums after a change."""
    totals = totals.with_example(change.before, -1) if change.before else totals
    return totals.with_example(change.after) if change.after else totals


def _portions(values: Sequence[Any]) -> Iterator[tuple[Sequence[Any], str]]:
    for start in range(0, len(values), _IDS_AT_ONCE):
        some = values[start : start + _IDS_AT_ONCE]
        yield some, ",".join("?" * len(some))


def _pick(connection: sqlite3.Connection, row_ids: array[int]) -> None:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS picked (row_id INTEGER PRIMARY KEY) STRICT")
    connection.execute("DELETE FROM picked")
    for start in range(0, len(row_ids), _PICKED_AT_ONCE):  # to sort a million would hold up the other threads
        some = sorted(row_ids[start : start + _PICKED_AT_ONCE])
        connection.executemany("INSERT INTO picked (row_id) VALUES (?)", [(one,) for one in some])


def _note_turns(connection: sqlite3.Connection, build: int, turn: Turn) -> bool:
    """Asks once for each pair of split and flags; answers whether the rows go."""
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS turned (old_split TEXT, old_flags TEXT, new_split TEXT, new_flags TEXT,"
        " PRIMARY KEY (old_split, old_flags)) WITHOUT ROWID"
    )
    connection.execute("DELETE FROM turned")
    pairs = connection.execute("SELECT DISTINCT split, flags FROM picked CROSS JOIN examples USING (row_id)").fetchall()
    turns = [(*pair, turn(*pair)) for pair in pairs]
    connection.executemany(
        "INSERT INTO turned VALUES (?,?,?,?)", [(split, flags, *(new or (None, None))) for split, flags, new in turns]
    )
    note_values(connection, build, "flags", (new[1] for _, _, new in turns if new))
    return all(new is None for _, _, new in turns)


def _turned_totals(connection: sqlite3.Connection, before: Totals) -> Totals:
    """The sums after the picked rows have turned; reads the messages only where the content changes."""
    counts: dict[str, int] = {split.value: getattr(before, split.value) for split in Split}
    total, count, tokens = before.content.total, before.content.count, before.tokens
    sums = connection.execute(
        "SELECT e.split, t.new_split, count(*) AS n, sum(e.tokens) AS tokens FROM picked CROSS JOIN examples AS e"
        " USING (row_id) JOIN turned AS t ON t.old_split = e.split AND t.old_flags = e.flags GROUP BY 1, 2"
    ).fetchall()
    for row in sums:
        counts[row["split"]] -= row["n"]
        if row["new_split"] is None:
            count -= row["n"]
            tokens -= row["tokens"]
        else:
            counts[row["new_split"]] += row["n"]
    if any(row["split"] != row["new_split"] for row in sums):
        total += _digests(connection)
    return Totals(ContentSum(total % (1 << 512), count), **counts, tokens=tokens)


def _digests(connection: sqlite3.Connection) -> int:
    """What the picked rows add to the content sum when they turn into those of another split, or go."""
    cursor = connection.cursor()
    cursor.row_factory = None
    cursor.execute(
        "SELECT CAST(b.messages AS BLOB), e.split, t.new_split FROM picked CROSS JOIN examples AS e USING (row_id)"
        " CROSS JOIN bodies AS b USING (body_id) JOIN turned AS t ON t.old_split = e.split AND t.old_flags = e.flags"
        " WHERE t.new_split IS NOT e.split"
    )
    total = 0
    while rows := cursor.fetchmany(_AT_ONCE):
        total -= sum(body_digest_of_bytes(messages, split) for messages, split, _ in rows)
        total += sum(body_digest_of_bytes(messages, turned) for messages, _, turned in rows if turned is not None)
    return total


def _minus_step(connection: sqlite3.Connection, head: Revision, revision: int) -> Totals:
    """The sums of the head without what a revision added to those of the one before it."""
    rows = connection.execute(
        "SELECT r.*, b.encoding FROM revisions AS r JOIN builds AS b USING (build) WHERE r.build = ?"
        " AND r.revision IN (?, ?) ORDER BY r.revision",
        (head.build, revision - 1, revision),
    ).fetchall()
    old, new = (revision_of_row(row, None).totals for row in rows)
    now = head.totals
    content = ContentSum(
        (now.content.total - new.content.total + old.content.total) % (1 << 512),
        now.content.count - new.content.count + old.content.count,
    )
    counts = {
        name: getattr(now, name) - getattr(new, name) + getattr(old, name)
        for name in ("train", "validation", "test", "tokens")
    }
    return Totals(content, **counts)


def _note_dropped(connection: sqlite3.Connection, build: int, revision: int, condition: str) -> None:
    """Notes the records of examples that went as dropped by hand, unless they made others that stay."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS joined (record_id INTEGER PRIMARY KEY) STRICT")
    connection.execute("DELETE FROM joined")
    connection.execute(
        f"INSERT OR IGNORE INTO joined SELECT j.value FROM examples AS e, {_RECORDS} AS j"
        " WHERE e.build = ? AND e.since <> 0 AND e.since = ? AND instr(e.record_ids, ',') > 0",
        (build, revision),
    )
    connection.execute(
        "INSERT OR REPLACE INTO dropped (build, record_id, reason, step, detail, example_id, keeper_id)"
        f" SELECT e.build, j.value, {_BY_HAND}, e.example_id, e.example_id, '' FROM examples AS e, {_RECORDS} AS j"
        f" WHERE {condition} AND j.value NOT IN (SELECT record_id FROM joined) AND NOT EXISTS (SELECT 1 FROM"
        " examples AS o INDEXED BY examples_of_record WHERE o.build = e.build AND o.record_ids = e.record_ids"
        " AND o.since <= ?1 AND (o.until IS NULL OR o.until > ?1))",
        (revision,),
    )


def _forget_dropped(connection: sqlite3.Connection, build: int, revision: int) -> None:
    """Takes back what is noted of the records of examples that a revision took out."""
    connection.execute(
        "DELETE FROM dropped WHERE build = ?1 AND reason = 'by_hand' AND record_id IN (SELECT j.value FROM examples AS"
        f" e, {_RECORDS} AS j WHERE e.build = ?1 AND e.until = ?2 AND NOT EXISTS (SELECT 1 FROM examples AS n"
        " INDEXED BY examples_by_id WHERE n.build = ?1 AND n.example_id = e.example_id AND n.since = ?2))",
        (build, revision),
    )
