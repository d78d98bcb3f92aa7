"""A deleted collection leaves what would be there without it, and nothing that points at it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.services.deliveries import bring

from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.records import CollectionState
from webtune_tui.storage import deletion
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.database import Database
from webtune_tui.storage.deletion import CollectionDeletion
from webtune_tui.storage.origins import OriginQueries
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def delete(workspace: Workspace, collection_id: str) -> tuple[int, int, int]:
    done = CollectionDeletion(workspace.database).delete(collection_id, lambda done, total: None)
    return done.records, done.moved, done.revived


def live(workspace: Workspace) -> dict[str, Any]:
    with workspace.database.read() as connection:
        rows = connection.execute("SELECT key, fields FROM records WHERE superseded_by IS NULL").fetchall()
    assert len({row["key"] for row in rows}) == len(rows), "two live records of one key"
    return {row["key"]: json.loads(row["fields"])["v"] for row in rows}


def count(workspace: Workspace, table: str) -> int:
    with workspace.database.read() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_what_others_delivered_too_moves_to_the_newest_of_them_with_its_place(workspace: Workspace) -> None:
    bring(workspace, "c1", [{"k": "a", "v": 1}, {"k": "b", "v": 1}], created_at="2026-11-22T13:00:00.000Z")
    bring(workspace, "c2", [{"k": "x", "v": 1}, {"k": "a", "v": 1}], created_at="2026-11-22T14:00:00.000Z")
    bring(workspace, "c3", [{"k": "a", "v": 1}, {"k": "a", "v": 1}], created_at="2026-11-22T15:00:00.000Z")
    assert delete(workspace, "c1") == (1, 1, 0)
    queries = OriginQueries(workspace.database)
    record = queries.record(1)
    assert record is not None and (record.collection_id, record.position, record.key) == ("c3", 0, "a")
    assert (record.place.line, record.place.start) == (1, 0)
    assert [(one.collection_id, one.position) for one in queries.also_in(1)] == [("c3", 1), ("c2", 1)]
    taker = CollectionRepository(workspace.database).get("c3")
    assert taker is not None and (taker.records, taker.new, taker.duplicates) == (2, 1, 1)
    gone = queries.deleted(2)
    assert (gone.collection_id, gone.label) == ("c1", "rows of c1")
    assert queries.deleted(99).collection_id == ""


def test_what_it_had_replaced_lives_again_through_any_number_of_versions(workspace: Workspace) -> None:
    bring(workspace, "c1", [{"k": "a", "v": 1}])
    bring(workspace, "c2", [{"k": "a", "v": 2}, {"k": "a", "v": 3}, {"k": "a", "v": 4}])
    bring(workspace, "c3", [{"k": "a", "v": 5}])
    assert delete(workspace, "c2") == (3, 0, 0)
    assert live(workspace) == {"a": 5}
    assert [one.record_id for one in OriginQueries(workspace.database).uses(5, limit=9).older] == [1]
    assert delete(workspace, "c3") == (1, 0, 1)
    assert live(workspace) == {"a": 1}


def test_an_id_is_never_given_twice(workspace: Workspace) -> None:
    bring(workspace, "c1", [{"k": "a", "v": 1}, {"k": "b", "v": 1}])
    delete(workspace, "c1")
    bring(workspace, "c2", [{"k": "c", "v": 1}])
    queries = OriginQueries(workspace.database)
    assert queries.record(1) is None and queries.record(2) is None and queries.record(3) is not None
    assert queries.deleted(2).collection_id == "c1"


@pytest.mark.parametrize("state", [CollectionState.RUNNING, CollectionState.UNKNOWN, CollectionState.DRAFT])
def test_what_may_still_bring_records_is_refused(workspace: Workspace, state: CollectionState) -> None:
    bring(workspace, "c1", [{"k": "a", "v": 1}], state=state)
    with pytest.raises(UsageError, match="may still bring records") as caught:
        delete(workspace, "c1")
    assert "collect cancel c1" in caught.value.hint
    assert live(workspace) == {"a": 1}
    with pytest.raises(NotFound):
        delete(workspace, "c9")


def test_an_ended_deletion_takes_everything_back(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "_BATCH", 2)
    bring(workspace, "c1", [{"k": f"k{n}", "v": n} for n in range(9)])
    before = live(workspace)

    def stop_late(done: int, total: int) -> None:
        if done > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CollectionDeletion(workspace.database).delete("c1", stop_late)
    assert live(workspace) == before and count(workspace, "deleted_records") == 0


def test_money_stays_and_everything_else_of_it_goes(workspace: Workspace) -> None:
    bring(workspace, "c1", [{"k": "a", "v": 1}])
    bring(workspace, "c2", [{"k": "b", "v": 1}, {"k": "a", "v": 1}])
    with workspace.database.write() as connection:
        connection.execute("INSERT INTO profiles VALUES ('c2', '{}')")
        connection.execute(
            "INSERT INTO pages (collection_id, position, url, state) VALUES ('c2', 0, 'https://x', 'done')"
        )
        connection.execute(
            "INSERT INTO operations (operation_id, kind, service, address, subject_id, fingerprint, state, created_at)"
            " VALUES ('o1', 'trigger', 'brightdata', '', 'c2', '', 'confirmed', '')"
        )
        connection.execute(
            "INSERT INTO ledger (operation_id, subject_id, kind, amount, basis, created_at)"
            " VALUES ('o1', 'c2', 'charge', 0.5, '', '')"
        )
        connection.execute("UPDATE collections SET previous_id = 'c2', gone = 3 WHERE collection_id = 'c1'")
    delete(workspace, "c2")
    gone = ("sightings", "profiles", "pages", "records WHERE key = 'b'", "meta WHERE key = 'stored:c2'")
    gone += ("collection_events WHERE collection_id = 'c2'", "collections WHERE collection_id = 'c2'")
    assert [count(workspace, one) for one in gone] == [0] * len(gone)
    assert (count(workspace, "operations"), count(workspace, "ledger")) == (1, 1)
    first = CollectionRepository(workspace.database).get("c1")
    assert first is not None and (first.previous_id, first.gone) == (None, None)
    with workspace.database.read() as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


Row = st.tuples(st.sampled_from("abc"), st.integers(0, 2))
Act = st.one_of(st.lists(Row, max_size=6), st.integers(0, 4))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(acts=st.lists(Act, max_size=9), batch=st.integers(1, 3))
def test_any_sequence_of_imports_and_deletions_leaves_the_last_delivery_of_each_key_alive(
    tmp_path_factory: pytest.TempPathFactory, acts: list[list[tuple[str, int]] | int], batch: int
) -> None:
    remaining: dict[str, list[tuple[str, int]]] = {}
    made = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        Workspace.open(tmp_path_factory.mktemp("w") / "w", command="test") as workspace,
    ):
        patch.setattr(deletion, "_BATCH", batch)
        for act in acts:
            if isinstance(act, list):
                made += 1
                rows = [{"k": key, "v": value} for key, value in act]
                bring(workspace, f"c{made}", rows, created_at=f"2026-11-22T13:00:{made:02d}.000Z")
                remaining[f"c{made}"] = act
            elif remaining:
                chosen = list(remaining)[act % len(remaining)]
                delete(workspace, chosen)
                del remaining[chosen]
        wanted = {key: value for rows in remaining.values() for key, value in rows}
        assert live(workspace) == wanted
        queries = OriginQueries(workspace.database)
        for collection_id, rows in remaining.items():
            for position, (key, value) in enumerate(rows):
                record = queries.delivered(collection_id, position)
                assert record is not None and (record.key, record.fields["v"]) == (key, value)
                assert record.place.line == position + 1
        with workspace.database.read() as connection:
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_workspace_of_the_first_schema_keeps_its_records_and_their_ids(tmp_path: Path) -> None:
    from webtune_tui.storage.database import _migrations

    path = tmp_path / "workspace.db"
    with sqlite3.connect(path) as old:
        old.executescript(f"BEGIN;\n{_migrations()[0]}\nPRAGMA user_version = 1;\nCOMMIT;")
        old.execute(
            "INSERT INTO collections (collection_id, source, label, state, created_at, updated_at)"
            " VALUES ('c1', 'files', 'x', 'ready', '', '')"
        )
        old.execute(
            "INSERT INTO records (record_id, collection_id, position, kind, key, content_hash, fields, superseded_by)"
            " VALUES (7, 'c1', 0, 'data', 'a', 'h', '{}', 9), (9, 'c1', 1, 'data', 'a', 'i', '{}', NULL)"
        )
    old.close()
    database = Database(path, read_only=False)
    database.migrate()
    queries = OriginQueries(database)
    record = queries.record(7)
    assert record is not None and record.place.file == ""
    assert [one.record_id for one in queries.uses(7, limit=1).newer] == [9]
    database.close()
