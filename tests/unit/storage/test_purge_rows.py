"""A person's rows leave the database, and what hung on them stays true."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.services.deliveries import bring

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.domain.mentions import Person
from webtune_tui.storage.database import Database
from webtune_tui.storage.free_texts import STRUCTURAL, WHOLE_ROWS, erased, text_columns
from webtune_tui.storage.person_removal import FoundRows
from webtune_tui.storage.purge import PersonRows
from webtune_tui.storage.recipe_erasure import edit_without
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

ANNA = Person(("Anna Muster",))
# every free text of the schema: a new text column is either one of these or structural, and somebody decided which
FREE_TEXTS = {
    "builds": {"recipe", "report"},
    "collection_events": {"message"},
    "collections": {"label", "message", "request"},
    "deleted_collections": {"label"},
    "dropped": {"detail"},
    "job_events": {"message", "data"},
    "jobs": {"suffix", "hyperparameters", "system_prompt", "files", "message", "raw_state"},
    "checkpoints": {"metrics"},
    "evaluations": {"metrics"},
    "meta": {"value"},
    "operations": {"message"},
    "pages": {"url", "final_url", "message"},
    "profiles": {"profile"},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def found(workspace: Workspace) -> FoundRows:
    rows = PersonRows(workspace.database, ANNA)
    steps = rows.records()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return FoundRows(end.value)


def test_every_text_column_of_the_schema_was_thought_of(workspace: Workspace) -> None:
    with workspace.database.read() as connection:
        known = {one.table: set(one.columns) for one in text_columns(connection)}
    assert known == FREE_TEXTS
    assert not WHOLE_ROWS & set(known)
    assert not {column for columns in known.values() for column in columns} & STRUCTURAL


def test_the_version_before_counts_again_when_its_follower_goes(workspace: Workspace) -> None:
    bring(workspace, "c-1", [{"k": "a", "v": 1}, {"k": "b", "v": 1}])
    bring(workspace, "c-2", [{"k": "a", "v": "Anna Muster"}, {"k": "b", "v": 2}])
    bring(workspace, "c-3", [{"k": "b", "v": "by anna muster"}, {"k": "a", "v": 3}])
    gone = found(workspace)
    assert len(gone.record_ids) == 2
    PersonRows(workspace.database, ANNA).remove(gone, {})
    live = {(one.fields["k"], one.fields["v"]) for one in RecordRepository(workspace.database).live()}
    assert live == {("a", 3), ("b", 2)}
    with workspace.database.read() as connection:
        broken = connection.execute(
            "SELECT count(*) FROM records WHERE superseded_by IS NOT NULL"
            " AND superseded_by NOT IN (SELECT record_id FROM records)"
        ).fetchone()[0]
        counts = connection.execute(
            "SELECT collection_id, records, new, changed FROM collections ORDER BY 1"
        ).fetchall()
    assert broken == 0
    assert [tuple(row) for row in counts] == [("c-1", 2, 2, 0), ("c-2", 1, 0, 1), ("c-3", 1, 0, 1)]


def test_sightings_go_with_their_record(workspace: Workspace) -> None:
    bring(workspace, "c-1", [{"k": "a", "v": "Anna Muster"}])
    bring(workspace, "c-2", [{"k": "x", "v": 1}, {"k": "a", "v": "Anna Muster"}])
    gone = found(workspace)
    assert [one.collection_id for one in gone.records if one.is_sighting] in ([], ["c-2"])
    PersonRows(workspace.database, ANNA).remove(gone, {})
    with workspace.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM sightings").fetchone()[0] == 0
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_mark_stays_until_the_file_was_rewritten(workspace: Workspace) -> None:
    bring(workspace, "c-1", [{"k": "a", "v": "Anna Muster"}])
    rows = PersonRows(workspace.database, ANNA)
    rows.remove(found(workspace), {"versions": []})
    assert rows.pending() == {"versions": [], "renamed": {}}
    path = workspace.root / "workspace.db"
    reader = sqlite3.connect(path)
    reader.execute("PRAGMA busy_timeout = 0")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchall()
    quick = Database(path, read_only=False)
    connect = quick._connect

    def impatient() -> sqlite3.Connection:
        connection = connect()
        connection.execute("PRAGMA busy_timeout = 50")
        return connection

    quick._connect = impatient  # type: ignore[method-assign]
    with pytest.raises(StorageFailed, match="being read"):
        PersonRows(quick, ANNA).end()
    quick.close()
    assert rows.pending() is not None
    reader.close()
    rows.end()
    assert rows.pending() is None
    assert (workspace.root / "workspace.db-wal").stat().st_size == 0
    assert b"Anna Muster" not in path.read_bytes()


def test_json_texts_stay_json() -> None:
    assert erased('{"a": "Anna Muster", "b": [1]}', ANNA) == '{"a": "[erased]", "b": [1]}'
    assert erased("{not json} Anna Muster", ANNA) == "{not json} [erased]"
    assert erased('{"a": 1}', ANNA) == '{"a": 1}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"do": "tag", "tag": "x", "ids": ["ex-1", "ex-2"]}, {"do": "tag", "tag": "x", "ids": ["ex-2"]}),
        ({"do": "merge", "ids": ["ex-1", "ex-2"]}, None),
        ({"keep": ["ex-1"]}, None),
        ({"do": "replace", "find": "Ada Lovelace", "where": "all", "met": 3}, None),
        ({"do": "drop", "where": "tokens > 3", "met": 3}, {"do": "drop", "where": "tokens > 3", "met": 3}),
    ],
    ids=["of ids", "of a pair", "brought back", "with the name", "by a condition"],
)
def test_what_is_left_of_an_edit_of_many(before: dict[str, object], after: dict[str, object] | None) -> None:
    assert edit_without(before, Person(("Ada Lovelace",)), {"ex-1"}) == after
