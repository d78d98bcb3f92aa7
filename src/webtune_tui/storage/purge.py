"""Finding a person in the database and taking every trace of them out of it. Every call blocks.

Records are never edited, and deletion by collection is the way in which they usually go; this is the one exception:
rows of any collection go because of whom they are about. Money history stays, only words that name the person leave it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.domain.datasets import version_name
from webtune_tui.domain.erasure import AffectedJob, FoundExample, FoundRecord
from webtune_tui.domain.examples import Split, body_digest, chat_row, decode_messages
from webtune_tui.domain.mentions import Person
from webtune_tui.domain.records import RawPlace, RecordKind
from webtune_tui.storage.database import Database
from webtune_tui.storage.deletion import ranges
from webtune_tui.storage.free_texts import TextColumns, erase_texts, find_texts
from webtune_tui.storage.recipe_erasure import edit_without, recipe_without
from webtune_tui.storage.revision_sums import alias_key, subtract

PENDING = "purge_pending"
"""The mark of a removal that was committed and whose freed pages may still be on disk: JSON of what it affected."""

_HISTORY = "erasures"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class FoundRows:
    """The rows that go. ``edits`` maps an edit to what is left of it, ``None`` for nothing."""

    records: Sequence[FoundRecord] = ()
    examples: Sequence[FoundExample] = ()
    edits: Mapping[int, Mapping[str, object] | None] | None = None
    turns: Sequence[int] = ()
    dropped: int = 0

    @property
    def record_ids(self) -> set[int]:
        """The records, each once."""
        return {one.record_id for one in self.records}

    @property
    def derived_ids(self) -> set[str]:
        """The examples that were made of them."""
        return {one.example_id for one in self.examples if one.is_derived}


class PersonRows:
    """The rows of a workspace's database that are about a person."""

    def __init__(self, database: Database, person: Person) -> None:
        self._database = database
        self._person = person

    # Looking; the generators yield how many rows were looked at

    def records(self) -> Generator[int, None, list[FoundRecord]]:
        """The records that mention the person anywhere in their fields, and their sightings."""
        found: list[FoundRecord] = []
        columns = "record_id, collection_id, position, kind, raw_file, raw_line, raw_start, raw_length"
        with self._database.read() as connection:
            cursor = connection.execute(f"SELECT {columns}, fields, key, url FROM records")
            looked = 0
            while rows := cursor.fetchmany(_BATCH):
                found += [_found_record(row) for row in rows if self._is_about(row)]
                looked += len(rows)
                yield looked
            for some in _parts([one.record_id for one in found]):
                marks = ",".join("?" * len(some))
                rows = connection.execute(
                    "SELECT s.record_id, s.collection_id, s.position, r.kind, s.raw_file, s.raw_line, s.raw_start,"
                    " s.raw_length FROM sightings AS s JOIN records AS r USING (record_id)"
                    f" WHERE s.record_id IN ({marks})",
                    some,
                ).fetchall()
                found += [_found_record(row, is_sighting=True) for row in rows]
        return found

    def examples(self, record_ids: Set[int]) -> Generator[int, None, list[FoundExample]]:
        """The rows of examples, of every build, that were made of the records or mention the person."""
        found: list[FoundExample] = []
        with self._database.read() as connection:
            cursor = connection.execute(
                "SELECT row_id, build, example_id, split, messages, tokens, record_ids, since, until FROM examples"
            )
            looked = 0
            while rows := cursor.fetchmany(_BATCH):
                for row in rows:
                    is_derived = any(int(one) in record_ids for one in row["record_ids"].split(",") if one)
                    if is_derived or self._person.is_in(row["messages"]):
                        found.append(_found_example(row, is_derived=is_derived))
                looked += len(rows)
                yield looked
        return found

    def edits(self, gone: Set[str]) -> dict[int, Mapping[str, object] | None]:
        """The edits that hold the text or are of examples that go, with what is left of each."""
        found: dict[int, Mapping[str, object] | None] = {}
        with self._database.read() as connection:
            for row in connection.execute("SELECT edit_id, operation FROM edits"):
                before = json.loads(row["operation"])
                after = edit_without(before, self._person, gone)
                if after != before:
                    found[row["edit_id"]] = after
        return found

    def turns(self) -> list[int]:
        """The chat turns that mention the person."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT turn_id, content FROM chat_turns")
            return [row["turn_id"] for row in rows if self._person.is_in(row["content"])]

    def dropped(self, record_ids: Set[int]) -> int:
        """How many notes of dropped records are about the records."""
        count = 0
        with self._database.read() as connection:
            for some in _parts(record_ids):
                marks = ",".join("?" * len(some))
                count += connection.execute(
                    f"SELECT count(*) FROM dropped WHERE record_id IN ({marks})", some
                ).fetchone()[0]
        return count

    def texts(self) -> Counter[TextColumns]:
        """Words elsewhere that mention the person: rows by table."""
        with self._database.read() as connection:
            return find_texts(connection, self._person)

    def versions(self, examples: Sequence[FoundExample]) -> list[tuple[str, int, bool]]:
        """The versions with such examples, newest first: content hash, how many, whether it is the working one."""
        spans: dict[int, Counter[tuple[int, int | None]]] = {}
        for one in examples:
            spans.setdefault(one.build, Counter())[one.since, one.until] += 1
        found: dict[str, tuple[str, int, bool]] = {}
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT r.build, r.revision, r.content_hash FROM revisions AS r JOIN builds AS b USING (build)"
                " WHERE b.is_whole = 1 ORDER BY r.build DESC, r.revision DESC"
            ).fetchall()
        for number, row in enumerate(rows):
            count = sum(
                many
                for (since, until), many in spans.get(row["build"], Counter()).items()
                if since <= row["revision"] and (until is None or until > row["revision"])
            )
            if count:
                found.setdefault(row["content_hash"], (row["content_hash"], count, number == 0))
        return list(found.values())

    def jobs(self, names: Iterable[str]) -> list[AffectedJob]:
        """The jobs that were given one of these versions, newest first."""
        wanted = {version_name(name) for name in names}
        with self._database.read() as connection:
            aliases = {
                version_name(row["key"].removeprefix(alias_key(""))): version_name(row["value"])
                for row in connection.execute("SELECT key, value FROM meta WHERE key LIKE ?", (alias_key("") + "%",))
            }
            rows = connection.execute("SELECT * FROM jobs WHERE state <> 'draft' ORDER BY created_at DESC").fetchall()
            affected = []
            for row in rows:
                name = version_name(row["dataset_version"])
                if name in wanted or aliases.get(name) in wanted:
                    affected.append(_affected_job(connection, row))
        return affected

    def snapshots(self, collection_ids: Iterable[str]) -> list[tuple[str, str | None, str, str]]:
        """Collections by id with their snapshot, state and source."""
        with self._database.read() as connection:
            rows = [
                connection.execute(
                    "SELECT collection_id, snapshot_id, state, source FROM collections WHERE collection_id = ?", (one,)
                ).fetchone()
                for one in sorted(collection_ids)
            ]
        return [tuple(row) for row in rows if row]

    def pending(self) -> Mapping[str, object] | None:
        """What a removal affected that was killed before it ended."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (PENDING,)).fetchone()
        return json.loads(row["value"]) if row else None

    # Removing

    def remove(self, found: FoundRows, affected: Mapping[str, object]) -> dict[str, str]:
        """Takes the rows and the words out, all at once; answers the new content hash of each changed version.

        Freed pages are zeroed; :meth:`end` must follow, and the mark for it stays until then.
        """
        now = clock.now()
        with self._database.write() as connection:
            connection.execute("PRAGMA secure_delete = ON")
            renamed = _remove_examples(connection, found)
            _remove_records(connection, found)
            _remove_edits(connection, found.edits or {})
            connection.executemany("DELETE FROM chat_turns WHERE turn_id = ?", [(one,) for one in found.turns])
            self._clean_recipes(connection, found)
            erase_texts(connection, self._person)
            told = {
                "time": now,
                "records": len(found.record_ids),
                "examples": len({one.example_id for one in found.examples}),
                "versions": renamed,
            }
            _remember(connection, told)
            _set(connection, PENDING, json.dumps(dict(affected) | {"renamed": renamed}))
        return renamed

    def end(self) -> None:
        """Makes what was deleted unreadable in the file and its log, and takes the mark away.

        Raises:
            StorageFailed: another process is reading just now.
        """
        self._database.compact()
        with self._database.write() as connection:
            connection.execute("DELETE FROM meta WHERE key = ?", (PENDING,))
        self._database.fold_log()

    def _clean_recipes(self, connection: sqlite3.Connection, found: FoundRows) -> None:
        """The recipes that builds were made with, without the edits that go."""
        gone = found.derived_ids
        for row in connection.execute("SELECT build, recipe FROM builds").fetchall():
            text = recipe_without(row["recipe"], self._person, gone)
            if text != row["recipe"]:
                connection.execute("UPDATE builds SET recipe = ? WHERE build = ?", (text, row["build"]))

    def _is_about(self, row: sqlite3.Row) -> bool:
        return (
            self._person.is_in(row["fields"])
            or self._person.is_in(row["key"])
            or (row["url"] is not None and self._person.is_in(row["url"]))
        )


def is_in_copy(path: Path, person: Person) -> bool:
    """Whether an older copy of the database mentions the person. Raises OSError where it can't be read."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            connection.row_factory = sqlite3.Row
            return bool(find_texts(connection, person, everything=True))
        finally:
            connection.close()
    except sqlite3.Error:
        return True  # what can't be searched is no copy that helps anybody


def line_digest(line: bytes) -> bytes:
    """Stands for a line of an export without its end."""
    return blake2b(line, digest_size=16).digest()


def _found_record(row: sqlite3.Row, *, is_sighting: bool = False) -> FoundRecord:
    return FoundRecord(
        record_id=row["record_id"],
        collection_id=row["collection_id"],
        position=row["position"],
        is_error=row["kind"] != RecordKind.DATA.value,
        place=RawPlace(row["raw_file"], row["raw_line"], row["raw_start"], row["raw_length"]),
        is_sighting=is_sighting,
    )


def _found_example(row: sqlite3.Row, *, is_derived: bool) -> FoundExample:
    line = json.dumps(chat_row(decode_messages(row["messages"])), ensure_ascii=False).encode("utf-8", "replace")
    return FoundExample(
        row_id=row["row_id"],
        build=row["build"],
        example_id=row["example_id"],
        split=row["split"],
        tokens=row["tokens"],
        since=row["since"],
        until=row["until"],
        digest=body_digest(row["messages"], Split(row["split"])),
        line=line_digest(line),
        is_derived=is_derived,
    )


def _affected_job(connection: sqlite3.Connection, row: sqlite3.Row) -> AffectedJob:
    checkpoints = connection.execute("SELECT model FROM checkpoints WHERE job_id = ? ORDER BY step", (row["job_id"],))
    models = [row["tuned_model"], *(one["model"] for one in checkpoints)]
    return AffectedJob(
        job_id=row["job_id"],
        provider=row["provider"],
        provider_job_id=row["provider_job_id"],
        state=row["state"],
        dataset_version=row["dataset_version"],
        models=tuple(dict.fromkeys(model for model in models if model)),
        files=tuple(str(one) for one in json.loads(row["files"]).values()),
    )


def _remove_examples(connection: sqlite3.Connection, found: FoundRows) -> dict[str, str]:
    renamed = subtract(connection, found.examples)
    connection.executemany("DELETE FROM examples WHERE row_id = ?", [(one.row_id,) for one in found.examples])
    builds = {one.build for one in found.examples}
    # the digest stood for a result that is no more: the same records again must make a build of their own
    connection.executemany("UPDATE builds SET result_digest = '' WHERE build = ?", [(one,) for one in builds])
    connection.executemany(
        "DELETE FROM frozen_test WHERE example_id = ?1 AND NOT EXISTS (SELECT 1 FROM examples WHERE example_id = ?1)",
        [(one,) for one in found.derived_ids],
    )
    used: Counter[int] = Counter()
    for build, example_id in {(one.build, one.example_id) for one in found.examples if one.is_derived}:
        used[build] += bool(example_id)
    for some in _parts(found.record_ids):
        marks = ",".join("?" * len(some))
        for row in connection.execute(
            f"SELECT build, count(*) AS n FROM dropped WHERE record_id IN ({marks}) GROUP BY build", some
        ):
            used[row["build"]] += row["n"]
        connection.execute(f"DELETE FROM dropped WHERE record_id IN ({marks})", some)
    for build, count in used.items():
        connection.execute(
            "UPDATE builds SET report = json_set(report, '$.records', max(json_extract(report, '$.records') - ?, 0))"
            " WHERE build = ? AND json_extract(report, '$.records') IS NOT NULL",
            (count, build),
        )
    return renamed


def _remove_records(connection: sqlite3.Connection, found: FoundRows) -> None:
    gone = found.record_ids
    for collection_id, taken in _counts(connection, found.records).items():
        connection.execute(
            "UPDATE collections SET records = max(records - ?, 0), new = max(new - ?, 0),"
            " changed = max(changed - ?, 0), duplicates = max(duplicates - ?, 0), errors = max(errors - ?, 0)"
            " WHERE collection_id = ?",
            (taken["records"], taken["new"], taken["changed"], taken["duplicates"], taken["errors"], collection_id),
        )
        connection.execute(
            "INSERT INTO collection_events (collection_id, time, level, message) VALUES (?, ?, 'info', ?)",
            (collection_id, clock.now(), f"{taken.total():,} rows were erased on a person's behalf"),
        )
    for some in _parts(gone):
        marks = ",".join("?" * len(some))
        before = connection.execute(
            f"SELECT record_id, superseded_by FROM records WHERE superseded_by IN ({marks})", some
        ).fetchall()
        for row in before:
            if row["record_id"] not in gone:
                heir = _first_that_stays(connection, row["superseded_by"], gone)
                connection.execute("UPDATE records SET superseded_by = ? WHERE record_id = ?", (heir, row["record_id"]))
    connection.executemany("DELETE FROM sightings WHERE record_id = ?", [(one,) for one in gone])
    connection.executemany("DELETE FROM records WHERE record_id = ?", [(one,) for one in gone])
    if gone:  # their ids are never given again; no collection is named, so nothing else is remembered of them
        connection.executemany(
            "INSERT INTO deleted_records (first_id, last_id, collection_id) VALUES (?, ?, '')", ranges(sorted(gone))
        )


def _counts(connection: sqlite3.Connection, records: Sequence[FoundRecord]) -> dict[str, Counter[str]]:
    """What each collection counted for the records that go."""
    counts: dict[str, Counter[str]] = {}
    for one in records:
        taken = counts.setdefault(one.collection_id, Counter())
        if one.is_sighting:
            taken.update(records=1, duplicates=1)
        elif one.is_error:
            taken.update(errors=1)
        else:
            has_replaced = connection.execute(
                "SELECT 1 FROM records WHERE superseded_by = ?", (one.record_id,)
            ).fetchone()
            taken.update(["records", "changed" if has_replaced else "new"])
    return counts


def _first_that_stays(connection: sqlite3.Connection, record_id: int | None, gone: Set[int]) -> int | None:
    """The first record of a line of versions that does not go; ``None`` where the line ends before."""
    while record_id is not None and record_id in gone:
        row = connection.execute("SELECT superseded_by FROM records WHERE record_id = ?", (record_id,)).fetchone()
        record_id = row["superseded_by"] if row else None
    return record_id


def _remove_edits(connection: sqlite3.Connection, edits: Mapping[int, Mapping[str, object] | None]) -> None:
    for edit_id, left in edits.items():
        if left is None:
            connection.execute("DELETE FROM edits WHERE edit_id = ?", (edit_id,))
        else:
            text = json.dumps(left, ensure_ascii=False)
            connection.execute("UPDATE edits SET operation = ? WHERE edit_id = ?", (text, edit_id))


def _remember(connection: sqlite3.Connection, told: Mapping[str, object]) -> None:
    """Adds to the history of removals, which never names whom they were about."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_HISTORY,)).fetchone()
    _set(connection, _HISTORY, json.dumps([*(json.loads(row["value"]) if row else []), told]))


def _set(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def _parts(values: Iterable[int]) -> Iterator[list[int]]:
    """The values in parts, below SQLite's limit of variables."""
    every = sorted(values)
    for start in range(0, len(every), _BATCH):
        yield every[start : start + _BATCH]
