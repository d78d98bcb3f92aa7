"""Records are stored once, whatever is repeated or interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webtune_tui.domain.records import Collection, CollectionState, Record, RecordKind
from webtune_tui.json_text import content_hash
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def add_collection(workspace: Workspace, collection_id: str) -> CollectionRepository:
    rows = CollectionRepository(workspace.database)
    rows.add(Collection(collection_id, "files", "x", CollectionState.RUNNING, "t", "t"))
    return rows


def record(collection_id: str, position: int, key: str, kind: RecordKind = RecordKind.DATA, **fields: Any) -> Record:
    return Record(collection_id, position, kind, key, content_hash(fields), fields)


def counts(collection: Collection) -> tuple[int, int, int, int]:
    return collection.records, collection.new, collection.changed, collection.duplicates


def test_new_changed_and_repeated_records_are_told_apart(workspace: Workspace) -> None:
    add_collection(workspace, "c1")
    repository = RecordRepository(workspace.database)
    batch = [record("c1", 0, "a", t=1), record("c1", 1, "a", t=1), record("c1", 2, "b", t=1), record("c1", 3, "a", t=2)]
    stored = repository.store("c1", batch, next_position=4)
    assert counts(stored.collection) == (4, 2, 1, 1)
    assert [(r.key, r.fields["t"]) for r in repository.live()] == [("b", 1), ("a", 2)]


def test_rows_that_share_only_their_pages_address_are_all_kept(workspace: Workspace) -> None:
    add_collection(workspace, "c1")
    add_collection(workspace, "c2")
    repository = RecordRepository(workspace.database)
    for collection_id in ("c1", "c2"):
        batch = [record(collection_id, n, "url:https://x.com/post", text=str(n)) for n in range(3)]
        stored = repository.store(collection_id, batch, next_position=3)
    assert repository.count_live() == 3
    assert stored.collection.new == 0


def test_error_rows_are_counted_apart(workspace: Workspace) -> None:
    add_collection(workspace, "c1")
    repository = RecordRepository(workspace.database)
    batch = [record("c1", 0, "a", t=1), record("c1", 1, "error:c1:1", RecordKind.ERROR, error="gone")]
    collection = repository.store("c1", batch, next_position=2).collection
    assert (collection.records, collection.errors) == (1, 1)


def test_records_of_some_kinds_are_read_apart_in_pages(workspace: Workspace) -> None:
    add_collection(workspace, "c1")
    repository = RecordRepository(workspace.database)
    kinds = [RecordKind.DATA, RecordKind.ERROR, RecordKind.DATA, RecordKind.WARNING, RecordKind.DATA]
    repository.store("c1", [record("c1", n, f"k{n}", kind, n=n) for n, kind in enumerate(kinds)], next_position=5)

    def positions(*wanted: RecordKind, offset: int = 0) -> list[int]:
        return [r.position for r in repository.of_collection("c1", limit=2, offset=offset, kinds=wanted)]

    assert positions(RecordKind.DATA) == [0, 2] and positions(RecordKind.DATA, offset=2) == [4]
    assert positions(RecordKind.ERROR, RecordKind.WARNING) == [1, 3]
    assert positions() == [0, 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    rows=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2)), max_size=12),
    size=st.integers(1, 5),
    killed_after=st.integers(0, 6),
)
def test_a_run_killed_between_batches_ends_with_the_same_records(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]], size: int, killed_after: int
) -> None:
    results = []
    for kill in (None, killed_after):
        with Workspace.open(tmp_path_factory.mktemp("w") / "w", command="test") as workspace:
            collections = add_collection(workspace, "c1")
            repository = RecordRepository(workspace.database)
            batch = [record("c1", n, key, t=value) for n, (key, value) in enumerate(rows)]
            for attempt_ends in (kill, None):
                for number, start in enumerate(range(0, len(batch), size)):
                    if attempt_ends is not None and number >= attempt_ends:
                        break
                    part = batch[start : start + size]
                    repository.store("c1", part, next_position=start + len(part))
            found = collections.get("c1")
            assert found is not None
            results.append((counts(found), [(r.position, r.key, r.fields) for r in repository.live()]))
    assert results[0] == results[1]
    assert results[0][0][0] == len(rows)
