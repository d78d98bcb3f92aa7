"""Taking a person's rows out of the database, so that what hung on them stays true. Inside a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from webtune_tui.domain import clock
from webtune_tui.domain.erasure import FoundExample, FoundRecord
from webtune_tui.storage.deletion import ranges
from webtune_tui.storage.example_values import note_anew
from webtune_tui.storage.revision_sums import subtract

_HISTORY = "erasures"
_BATCH = 500
_WITHOUT_VALUES = ("path", "types", "filled", "records")  # what a field's profile tells without showing a value


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


def remove_examples(connection: sqlite3.Connection, found: FoundRows) -> dict[str, str]:
    renamed = subtract(connection, found.examples)
    connection.executemany("DELETE FROM examples WHERE row_id = ?", [(one.row_id,) for one in found.examples])
    builds = {one.build for one in found.examples}
    # the digest stood for a result that is no more: the same records again must make a build of their own
    connection.executemany("UPDATE builds SET result_digest = '' WHERE build = ?", [(one,) for one in builds])
    note_anew(connection, builds)
    connection.executemany(
        "DELETE FROM frozen_test WHERE example_id = ?1 AND NOT EXISTS (SELECT 1 FROM examples WHERE example_id = ?1)",
        [(one,) for one in found.derived_ids],
    )
    used: Counter[int] = Counter()
    for build, example_id in {(one.build, one.example_id) for one in found.examples if one.is_derived}:
        used[build] += bool(example_id)
    for some in parts(found.record_ids):
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


def remove_records(connection: sqlite3.Connection, found: FoundRows) -> None:
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
        _empty_profiles(connection, collection_id)
    for some in parts(gone):
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


def _empty_profiles(connection: sqlite3.Connection, collection_id: str) -> None:
    """Takes the values out of what was kept of a collection's fields, and the names of what is gone from it later.

    Other fields of a person's record are theirs too, though they name nobody.
    """
    for row in connection.execute(
        "SELECT p.collection_id, p.profile FROM profiles AS p JOIN collections AS c USING (collection_id)"
        " WHERE p.collection_id = ?1 OR c.previous_id = ?1",
        (collection_id,),
    ).fetchall():
        kept = json.loads(row["profile"])
        kept.pop("gone_sample", None)
        if row["collection_id"] == collection_id:
            kept["fields"] = [{name: one[name] for name in _WITHOUT_VALUES} for one in kept.get("fields", ())]
        connection.execute(
            "UPDATE profiles SET profile = ? WHERE collection_id = ?",
            (json.dumps(kept, ensure_ascii=False), row["collection_id"]),
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


def remove_edits(connection: sqlite3.Connection, edits: Mapping[int, Mapping[str, object] | None]) -> None:
    for edit_id, left in edits.items():
        if left is None:
            connection.execute("DELETE FROM edits WHERE edit_id = ?", (edit_id,))
        else:
            text = json.dumps(left, ensure_ascii=False)
            connection.execute("UPDATE edits SET operation = ? WHERE edit_id = ?", (text, edit_id))


def remember(connection: sqlite3.Connection, told: Mapping[str, object]) -> None:
    """Adds to the history of removals, which never names whom they were about."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_HISTORY,)).fetchone()
    set_meta(connection, _HISTORY, json.dumps([*(json.loads(row["value"]) if row else []), told]))


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def parts(values: Iterable[int]) -> Iterator[list[int]]:
    """The values in parts, below SQLite's limit of variables."""
    every = sorted(values)
    for start in range(0, len(every), _BATCH):
        yield every[start : start + _BATCH]
