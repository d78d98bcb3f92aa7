"""Finding a person in the database and taking every trace of them out of it. Every call blocks.

Records are never edited, and deletion by collection is the way in which they usually go; this is the one exception:
rows of any collection go because of whom they are about. Money history stays, only words that name the person leave it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence, Set
from hashlib import blake2b
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.domain.datasets import version_name
from webtune_tui.domain.erasure import AffectedJob, FoundExample, FoundRecord
from webtune_tui.domain.examples import Split, body_digest, chat_row, decode_messages
from webtune_tui.domain.mentions import Person
from webtune_tui.domain.records import RecordKind
from webtune_tui.storage.database import Database
from webtune_tui.storage.free_texts import TextColumns, erase_texts, find_texts
from webtune_tui.storage.kept_statistics import forget_statistics
from webtune_tui.storage.person_names import erase_names, find_names
from webtune_tui.storage.person_removal import (
    FoundRows,
    parts,
    remember,
    remove_edits,
    remove_examples,
    remove_records,
    set_meta,
)
from webtune_tui.storage.recipe_erasure import edit_without, recipe_without
from webtune_tui.storage.records import raw_place
from webtune_tui.storage.revision_sums import alias_key

PENDING = "purge_pending"
"""The mark of a removal that was committed and whose freed pages may still be on disk: JSON of what it affected."""

_BATCH = 500


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
            for some in parts([one.record_id for one in found]):
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
                " JOIN bodies USING (body_id)"
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
            for some in parts(record_ids):
                marks = ",".join("?" * len(some))
                count += connection.execute(
                    f"SELECT count(*) FROM dropped WHERE record_id IN ({marks})", some
                ).fetchone()[0]
        return count

    def texts(self) -> Counter[TextColumns]:
        """Words and names elsewhere that mention the person: rows by table."""
        with self._database.read() as connection:
            return find_texts(connection, self._person) | find_names(connection, self._person)

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
            renamed = remove_examples(connection, found)
            remove_records(connection, found)
            forget_statistics(connection)
            remove_edits(connection, found.edits or {})
            connection.executemany("DELETE FROM chat_turns WHERE turn_id = ?", [(one,) for one in found.turns])
            self._clean_recipes(connection, found)
            erase_names(connection, self._person)
            erase_texts(connection, self._person)
            told = {
                "time": now,
                "records": len(found.record_ids),
                "examples": len({one.example_id for one in found.examples}),
                "versions": renamed,
            }
            remember(connection, told)
            set_meta(connection, PENDING, json.dumps(dict(affected) | {"renamed": renamed}))
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
        place=raw_place(row),
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
