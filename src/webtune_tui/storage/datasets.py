"""Dataset versions: builds, revisions, examples, dropped records, edits and the frozen test split.

A *build* is one run of prepare and holds its examples once. An edit makes a new *revision* of the newest build: the
row that it replaces ends (``until``) and a new one begins (``since``), so that an edit costs what it changes and every
older version stays readable.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal

from webtune_tui.domain import clock
from webtune_tui.domain.datasets import Cluster, DatasetVersion, DroppedRecord, version_name
from webtune_tui.domain.examples import ContentSum, Example, Split, body_digest, decode_messages
from webtune_tui.storage.database import Database
from webtune_tui.storage.revision_sums import resolved

Action = Literal["prepare", "replay", "edit", "undo", "redo"]

_KEPT_BUILDS = 10
_BY_HAND = "by_hand"
_ALIVE = "build = ? AND since <= ? AND (until IS NULL OR until > ?)"
_EXAMPLE_COLUMNS = "row_id, ordinal, example_id, split, messages, tokens, flags, record_ids, group_id, source"
_TITLE = "COALESCE(r.fields ->> '$.title', r.fields ->> '$.name', r.fields ->> '$.headline', r.url, r.key)"
_ROWS_AT_ONCE = 100  # in one statement: the caller's thread works on while it runs
_INSERT_EXAMPLE = (
    "INSERT INTO examples (build, ordinal, example_id, split, messages, tokens, flags, record_ids, group_id, source,"
    " since)"
)
_DROPPED = (
    "SELECT d.record_id, d.reason, d.step, d.detail, d.example_id, d.keeper_id, r.collection_id, r.position,"
    f" {_TITLE} AS title FROM dropped AS d JOIN records AS r USING (record_id)"
)


ExampleRow = tuple[int, str, str, str, int, str, str, str, str]
"""An example to be stored: ordinal, id, split, messages, tokens, flags, record ids, group, source; lists are texts."""


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A record that makes no example, as it is stored; ``keeper_id`` is the example that stayed in its place."""

    record_id: int
    reason: str
    step: str
    detail: str = ""
    example_id: str = ""
    keeper_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredExample:
    """An example with its place in its build. ``messages`` is canonical JSON; ``row_id`` is 0 before it is stored."""

    ordinal: int
    example_id: str
    split: Split
    messages: str
    tokens: int
    flags: tuple[str, ...]
    record_ids: tuple[int, ...]
    group: str
    source: str
    row_id: int = 0

    @property
    def digest(self) -> int:
        """What it adds to the content sum."""
        return body_digest(self.messages, self.split)

    def to_example(self) -> Example:
        """The example of the domain."""
        return Example(
            example_id=self.example_id,
            split=self.split,
            messages=decode_messages(self.messages),
            tokens=self.tokens,
            flags=self.flags,
            record_ids=self.record_ids,
            group=self.group,
            source=self.source,
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over a revision's examples."""

    content: ContentSum = field(default_factory=ContentSum)
    train: int = 0
    validation: int = 0
    test: int = 0
    tokens: int = 0

    def with_example(self, example: StoredExample, sign: int = 1) -> Totals:
        """The totals with one more example, or with one fewer (``sign`` -1)."""
        content = self.content.add(example.digest) if sign > 0 else self.content.remove(example.digest)
        counts = {split.value: getattr(self, split.value) for split in Split}
        counts[example.split.value] += sign
        return Totals(content, **counts, tokens=self.tokens + sign * example.tokens)


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a build."""

    build: int
    revision: int
    totals: Totals
    edit_id: int | None
    action: Action
    created_at: str
    fixed_at: str | None
    encoding: str = ""
    is_working: bool = False

    @property
    def content_hash(self) -> str:
        """The name of its content."""
        return self.totals.content.hexdigest()

    def to_version(self) -> DatasetVersion:
        """The version of the domain."""
        totals = self.totals
        return DatasetVersion(
            dataset_version=version_name(self.content_hash),
            content_hash=self.content_hash,
            build=self.build,
            revision=self.revision,
            examples=totals.content.count,
            splits={"train": totals.train, "validation": totals.validation, "test": totals.test},
            tokens=totals.tokens,
            encoding=self.encoding,
            created=self.created_at,
            is_working=self.is_working,
        )


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """An edit by hand; ``state`` is applied or undone."""

    edit_id: int
    operation: Mapping[str, Any]
    state: str


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an example's row: ``before`` ends where there is one, ``after`` begins where there is one."""

    before: StoredExample | None
    after: StoredExample | None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What is kept of a run of prepare beside its examples."""

    recipe: str
    encoding: str
    report: str
    result_digest: str


class DatasetStore:
    """The dataset tables of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Building

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

    def add_rows(self, build: int, rows: Sequence[ExampleRow]) -> None:
        """Stores a batch of a build's examples."""
        with self._database.write() as connection:
            values = f"({build:d},?,?,?,?,?,?,?,?,?,0)"
            whole = len(rows) - len(rows) % _ROWS_AT_ONCE
            many = f"{_INSERT_EXAMPLE} VALUES {','.join([values] * _ROWS_AT_ONCE)}"
            for start in range(0, whole, _ROWS_AT_ONCE):
                connection.execute(many, tuple(chain.from_iterable(rows[start : start + _ROWS_AT_ONCE])))
            connection.executemany(f"{_INSERT_EXAMPLE} VALUES {values}", rows[whole:])

    def add_dropped(self, build: int, dropped: Iterable[DroppedRow]) -> None:
        """Stores records that make no example."""
        with self._database.write() as connection:
            _insert_dropped(connection, build, dropped)

    def seal(self, build: int, totals: Totals, encoding: str) -> Revision:
        """The first revision of a build whose examples are all stored; nobody sees it before :meth:`publish`."""
        with self._database.write() as connection:
            _insert_revision(connection, build, 0, totals, None, "prepare")
        return Revision(build, 0, totals, None, "prepare", clock.now(), None, encoding)

    def publish(self, build: int, told: BuildReport) -> Revision:
        """Makes a build the working version, all at once; the oldest builds that nobody fixed go."""
        with self._database.write() as connection:
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
        head = self.head()
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

    # Versions

    def head(self) -> Revision | None:
        """The working version: the newest revision of the newest whole build."""
        with self._database.read() as connection:
            return _head(connection)

    def revisions(self) -> list[Revision]:
        """Every version once, newest first; what lay between a run and its replayed edits is left out."""
        with self._database.read() as connection:
            head = _head(connection)
            rows = connection.execute(
                "SELECT r.*, b.encoding FROM revisions AS r JOIN builds AS b USING (build) WHERE b.is_whole = 1"
                " AND NOT EXISTS (SELECT 1 FROM revisions AS n WHERE n.build = r.build"
                " AND n.revision = r.revision + 1 AND n.action = 'replay')"
                " ORDER BY r.build DESC, r.revision DESC"
            ).fetchall()
        found: dict[str, Revision] = {}
        for row in rows:
            revision = _revision(row, head)
            found.setdefault(revision.content_hash, revision)
        return list(found.values())

    def find(self, name: str) -> Revision | None:
        """The newest revision whose content hash begins with ``name``, or what an erasure left of it."""
        with self._database.read() as connection:
            head = _head(connection)
            row = _named(connection, name)
            if row is None and (left := resolved(connection, name)):
                row = _named(connection, left)
            return _revision(row, head) if row else None

    def fix(self, revision: Revision) -> None:
        """Keeps a version for good (it was exported, trained on or named) and freezes its test split."""
        with self._database.write() as connection:
            now = clock.now()
            connection.execute(
                "UPDATE revisions SET fixed_at = COALESCE(fixed_at, ?) WHERE build = ? AND revision = ?",
                (now, revision.build, revision.revision),
            )
            connection.execute(
                f"INSERT OR IGNORE INTO frozen_test (example_id, frozen_at) SELECT example_id, ? FROM examples"
                f" WHERE {_ALIVE} AND split = 'test'",
                (now, revision.build, revision.revision, revision.revision),
            )

    def has_fixed(self) -> bool:
        """Whether any version was fixed, so that its test split binds."""
        with self._database.read() as connection:
            return connection.execute("SELECT 1 FROM revisions WHERE fixed_at IS NOT NULL").fetchone() is not None

    def frozen_ids(self) -> frozenset[str]:
        """The examples that were ever tested on by a fixed version."""
        with self._database.read() as connection:
            return frozenset(row[0] for row in connection.execute("SELECT example_id FROM frozen_test"))

    def trained_ids(self, example_ids: Sequence[str]) -> frozenset[str]:
        """Which of the examples lie outside the test split of a fixed version."""
        found: set[str] = set()
        with self._database.read() as connection:
            fixed = connection.execute("SELECT build, revision FROM revisions WHERE fixed_at IS NOT NULL").fetchall()
            for row in fixed:
                for start in range(0, len(example_ids), 500):
                    some = example_ids[start : start + 500]
                    marks = ",".join("?" * len(some))
                    found.update(
                        hit[0]
                        for hit in connection.execute(
                            f"SELECT example_id FROM examples WHERE {_ALIVE} AND split <> 'test'"
                            f" AND example_id IN ({marks})",
                            (row["build"], row["revision"], row["revision"], *some),
                        )
                    )
        return frozenset(found)

    # Examples

    def page(
        self, revision: Revision, *, text: str = "", split: str = "", offset: int = 0, limit: int = 100
    ) -> tuple[list[StoredExample], int]:
        """Examples in their order, and how many match in all."""
        condition, values = _matching(revision, text, split)
        with self._database.read() as connection:
            if text:
                connection.create_function("contains_text", 2, _contains_text, deterministic=True)
                total = connection.execute(f"SELECT count(*) FROM examples WHERE {condition}", values).fetchone()[0]
            else:
                total = getattr(revision.totals, split) if split else revision.totals.content.count
            rows = connection.execute(
                f"SELECT {_EXAMPLE_COLUMNS} FROM examples WHERE {condition} ORDER BY ordinal LIMIT ? OFFSET ?",
                (*values, limit, offset),
            ).fetchall()
        return [_stored(row) for row in rows], total

    def stream(self, revision: Revision) -> Iterator[StoredExample]:
        """All examples of a version in order."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT {_EXAMPLE_COLUMNS} FROM examples WHERE {_ALIVE} ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision),
            )
            for row in cursor:
                yield _stored(row)

    def ids_in_order(self, revision: Revision) -> Iterator[str]:
        """The ids of all examples of a version in order."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT example_id FROM examples WHERE {_ALIVE} ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision),
            )
            for row in cursor:
                yield row[0]

    def by_ids(self, revision: Revision, example_ids: Sequence[str]) -> dict[str, StoredExample]:
        """The examples of a version with these ids."""
        found: dict[str, StoredExample] = {}
        with self._database.read() as connection:
            for start in range(0, len(example_ids), 500):
                some = example_ids[start : start + 500]
                marks = ",".join("?" * len(some))
                for row in connection.execute(
                    f"SELECT {_EXAMPLE_COLUMNS} FROM examples WHERE {_ALIVE} AND example_id IN ({marks})",
                    (revision.build, revision.revision, revision.revision, *some),
                ):
                    found[row["example_id"]] = _stored(row)
        return found

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

    def ended(self, revision: Revision, example_ids: Sequence[str]) -> dict[str, StoredExample]:
        """The last rows of examples that edits took out of a version."""
        found: dict[str, StoredExample] = {}
        with self._database.read() as connection:
            for one in example_ids:
                row = connection.execute(
                    f"SELECT {_EXAMPLE_COLUMNS} FROM examples WHERE build = ? AND example_id = ? AND until <= ?"
                    " ORDER BY until DESC LIMIT 1",
                    (revision.build, one, revision.revision),
                ).fetchone()
                if row is not None:
                    found[one] = _stored(row)
        return found

    def first_forms(self, revision: Revision, example_ids: Sequence[str]) -> dict[str, StoredExample]:
        """Examples of a version's build as they were before any edit."""
        found: dict[str, StoredExample] = {}
        with self._database.read() as connection:
            for one in example_ids:
                row = connection.execute(
                    f"SELECT {_EXAMPLE_COLUMNS} FROM examples WHERE build = ? AND example_id = ?"
                    " ORDER BY since, row_id LIMIT 1",
                    (revision.build, one),
                ).fetchone()
                if row is not None:
                    found[one] = _stored(row)
        return found

    def touched_by(self, build: int, revision: int) -> list[Change]:
        """What a revision changed, as it did it."""
        with self._database.read() as connection:
            ended = connection.execute(
                f"SELECT {_EXAMPLE_COLUMNS} FROM examples WHERE build = ? AND until = ?", (build, revision)
            ).fetchall()
            begun = connection.execute(
                f"SELECT {_EXAMPLE_COLUMNS} FROM examples WHERE build = ? AND since = ?", (build, revision)
            ).fetchall()
        before = {row["example_id"]: _stored(row) for row in ended}
        after = {row["example_id"]: _stored(row) for row in begun}
        return [Change(before.get(one), after.get(one)) for one in dict.fromkeys([*before, *after])]

    def contents(self, revision: Revision) -> dict[str, int]:
        """For every example of a version a number that stands for its content and split."""
        return {one.example_id: one.digest >> 384 for one in self.stream(revision)}

    def tokens_per_split(self, revision: Revision) -> dict[str, int]:
        """The tokens of each split."""
        with self._database.read() as connection:
            rows = connection.execute(
                f"SELECT split, sum(tokens) FROM examples WHERE {_ALIVE} GROUP BY split",
                (revision.build, revision.revision, revision.revision),
            ).fetchall()
        found = {row[0]: row[1] for row in rows}
        return {split.value: found.get(split.value, 0) for split in Split}

    def token_counts(self, revision: Revision, split: Split) -> array[int]:
        """The tokens of each example of a split, in order."""
        with self._database.read() as connection:
            cursor = connection.execute(
                f"SELECT tokens FROM examples WHERE {_ALIVE} AND split = ? ORDER BY ordinal",
                (revision.build, revision.revision, revision.revision, split.value),
            )
            return array("q", (row[0] for row in cursor))

    # Edits

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
                _insert_revision(connection, head.build, head.revision + 1, totals, edit_id, action)
            _set_meta(connection, meta or {})
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
            _set_meta(connection, meta)

    def meta(self, key: str) -> str | None:
        """A remembered value."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, values: Mapping[str, str]) -> None:
        """Remembers values."""
        with self._database.write() as connection:
            _set_meta(connection, values)

    # Dropped records

    def dropped(self, build: int, reason: str | None, limit: int) -> list[DroppedRecord]:
        """Records of a build that make no example."""
        condition = "d.build = ?" + (" AND d.reason = ?" if reason else "")
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_DROPPED} WHERE {condition} ORDER BY d.record_id LIMIT ?",
                (build, *([reason] if reason else []), limit),
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
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT reason, count(*) FROM dropped WHERE build = ? GROUP BY reason ORDER BY reason", (build,)
            ).fetchall()
        return {row[0]: row[1] for row in rows}


def _named(connection: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT r.*, b.encoding FROM revisions AS r JOIN builds AS b USING (build) WHERE b.is_whole = 1"
        " AND r.content_hash >= ? AND r.content_hash < ? ORDER BY r.build DESC, r.revision DESC LIMIT 1",
        (name, name + "g"),
    ).fetchone()
    return row


def _head(connection: sqlite3.Connection) -> Revision | None:
    row = connection.execute(
        "SELECT r.*, b.encoding FROM revisions AS r JOIN builds AS b USING (build) WHERE b.is_whole = 1"
        " ORDER BY r.build DESC, r.revision DESC LIMIT 1"
    ).fetchone()
    return replace(_revision(row, None), is_working=True) if row else None


def _revision(row: sqlite3.Row, head: Revision | None) -> Revision:
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


def _insert_revision(
    connection: sqlite3.Connection, build: int, revision: int, totals: Totals, edit_id: int | None, action: Action
) -> None:
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


def _insert_examples(connection: sqlite3.Connection, build: int, since: int, examples: Iterable[StoredExample]) -> None:
    connection.executemany(
        f"{_INSERT_EXAMPLE} VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                build,
                one.ordinal,
                one.example_id,
                one.split.value,
                one.messages,
                one.tokens,
                " ".join(one.flags),
                ",".join(map(str, one.record_ids)),
                one.group,
                one.source,
                since,
            )
            for one in examples
        ),
    )


def _insert_dropped(connection: sqlite3.Connection, build: int, dropped: Iterable[DroppedRow]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO dropped (build, record_id, reason, step, detail, example_id, keeper_id)"
        " VALUES (?,?,?,?,?,?,?)",
        ((build, one.record_id, one.reason, one.step, one.detail, one.example_id, one.keeper_id) for one in dropped),
    )


def _apply_changes(connection: sqlite3.Connection, head: Revision, revision: int, changes: Sequence[Change]) -> None:
    connection.executemany(
        "UPDATE examples SET until = ? WHERE row_id = ?",
        [(revision, change.before.row_id) for change in changes if change.before],
    )
    _insert_examples(connection, head.build, revision, (change.after for change in changes if change.after))
    gone = [one.before for one in changes if one.before and not one.after]
    back = [one.after for one in changes if one.after and not one.before]
    _insert_dropped(
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
        f"SELECT 1 FROM examples WHERE {_ALIVE} AND record_ids = ? LIMIT 1",
        (build, revision, revision, ",".join(map(str, one.record_ids))),
    ).fetchone()
    return row is not None


def _set_meta(connection: sqlite3.Connection, values: Mapping[str, str]) -> None:
    connection.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        list(values.items()),
    )


def _matching(revision: Revision, text: str, split: str) -> tuple[str, tuple[Any, ...]]:
    condition, values = _ALIVE, [revision.build, revision.revision, revision.revision]
    bound: list[Any] = list(values)
    if split:
        condition += " AND split = ?"
        bound.append(split)
    if text:
        condition += " AND contains_text(messages, ?)"
        bound.append(text.casefold())
    return condition, tuple(bound)


def _contains_text(messages: str, folded: str) -> bool:
    return any(folded in message.content.casefold() for message in decode_messages(messages))


def _stored(row: sqlite3.Row) -> StoredExample:
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
    )


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
