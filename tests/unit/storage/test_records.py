"""Records are stored once, whatever is repeated or interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webtune_tui.domain.records import BEHIND_ALL, Collection, CollectionState, RawPlace, Record, RecordKind
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

    def positions(*wanted: RecordKind, after: int = -1, before: int | None = None) -> list[int]:
        return [r.position for r in repository.of_collection("c1", limit=2, after=after, before=before, kinds=wanted)]

    assert positions(RecordKind.DATA) == [0, 2] and positions(RecordKind.DATA, after=2) == [4]
    assert positions(RecordKind.DATA, before=4) == [0, 2] and positions(before=BEHIND_ALL) == [3, 4]
    assert positions(RecordKind.ERROR, RecordKind.WARNING) == [1, 3]
    assert positions(RecordKind.ERROR, RecordKind.WARNING, before=3) == [1]
    assert positions() == [0, 1]


def test_the_last_page_of_a_long_collection_takes_the_database_as_little_work_as_the_first(
    workspace: Workspace,
) -> None:
    repository = RecordRepository(workspace.database)
    for name, size in (("c1", 3000), ("c2", 4000)):  # every other record of the second was here already
        add_collection(workspace, name)
        rows = [record(name, n, f"k{n}" if n % 2 else f"{name}-{n}", n=n) for n in range(size)]
        rows[size // 2] = record(name, size // 2, f"error:{name}", RecordKind.ERROR, error="gone")
        repository.store(name, rows, next_position=size)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def work(**asked: Any) -> int:
        nonlocal steps
        steps = 0
        assert repository.of_collection("c2", limit=20, **asked)
        return steps

    with workspace.database.read() as connection:
        connection.set_progress_handler(count, 1)
        data = {"kinds": [RecordKind.DATA]}
        first = work(**data)
        asks: list[dict[str, Any]] = [{"after": 3900}, {"after": 2000}, {"before": 3000}, {"before": BEHIND_ALL}]
        assert all(work(**asked, **data) < 1.5 * first and work(**asked) < 1.5 * first for asked in asks)
        failures = [RecordKind.ERROR, RecordKind.WARNING]
        assert work(kinds=failures) < first > work(kinds=failures, before=BEHIND_ALL)
        connection.set_progress_handler(None, 1)


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


def sightings(workspace: Workspace) -> list[tuple[Any, ...]]:
    with workspace.database.read() as connection:
        rows = connection.execute(
            "SELECT s.collection_id, s.position, r.collection_id AS first, r.position AS first_position, s.raw_start"
            " FROM sightings AS s JOIN records AS r ON r.record_id = s.record_id ORDER BY 1, 2"
        ).fetchall()
    return [tuple(row) for row in rows]


def test_a_record_that_another_collection_brought_is_seen_again_with_its_place(workspace: Workspace) -> None:
    for collection_id in ("c1", "c2"):
        add_collection(workspace, collection_id)
    repository = RecordRepository(workspace.database)
    repository.store(
        "c1", [record("c1", 0, "a", t=1), record("c1", 1, "b", t=1), record("c1", 2, "a", t=1)], next_position=3
    )
    assert sightings(workspace) == []
    again = [record("c2", 0, "b", t=1), record("c2", 1, "a", t=2), record("c2", 2, "b", t=1), record("c2", 3, "a", t=2)]
    again = [replace(one, place=RawPlace("", one.position + 1, one.position * 10, 9)) for one in again]
    stored = repository.store("c2", again, next_position=4)
    assert counts(stored.collection) == (4, 0, 1, 3)
    assert sightings(workspace) == [("c2", 0, "c1", 1, 0), ("c2", 2, "c1", 1, 20)]
    delivered = repository.of_collection("c2", limit=9)
    assert [(one.position, one.key, one.place.start) for one in delivered] == [(0, "b", 0), (1, "a", 10), (2, "b", 20)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(order=st.permutations(range(4)), size=st.integers(1, 5), repeats=st.integers(1, 2))
def test_pages_with_several_rows_come_again_in_any_order_as_what_they_are(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], size: int, repeats: int
) -> None:
    with Workspace.open(tmp_path_factory.mktemp("w") / "w", command="test") as workspace:
        repository = RecordRepository(workspace.database)
        for collection_id, numbers in (("c1", list(range(4))), ("c2", order * repeats)):
            collections = add_collection(workspace, collection_id)
            rows = [
                record(collection_id, position, "url:https://x.com/post", text=str(n))
                for position, n in enumerate(numbers)
            ]
            for start in range(0, len(rows), size):
                repository.store(collection_id, rows[start : start + size], next_position=start + size)
        found = collections.get("c2")
        assert found is not None and counts(found) == (4 * repeats, 0, 0, 4 * repeats)
        assert sorted(r.fields["text"] for r in repository.live()) == ["0", "1", "2", "3"]
        assert len(sightings(workspace)) == 4 * repeats


def test_a_batch_that_fails_between_sightings_and_the_mark_leaves_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for collection_id in ("c1", "c2"):
        add_collection(workspace, collection_id)
    repository = RecordRepository(workspace.database)
    repository.store("c1", [record("c1", 0, "a", t=1)], next_position=1)
    batch = [record("c2", 0, "a", t=1), record("c2", 1, "b", t=1)]

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("webtune_tui.storage.records.change_in", die)
        with pytest.raises(Killed):
            repository.store("c2", batch, next_position=2)
    assert sightings(workspace) == [] and repository.count_live() == 1 and repository.stored_up_to("c2") == 0
    assert counts(repository.store("c2", batch, next_position=2).collection) == (2, 1, 0, 1)
    assert len(sightings(workspace)) == 1


def test_a_sample_is_even_bounded_and_the_same_each_time(workspace: Workspace) -> None:
    for collection_id in ("c1", "c2"):
        add_collection(workspace, collection_id)
    repository = RecordRepository(workspace.database)
    repository.store("c1", [record("c1", n, str(n), n=n) for n in range(50)], next_position=50)
    repository.store("c2", [record("c2", n, str(n), n=n) for n in range(100)], next_position=100)
    positions = [one.position for one in repository.sample("c2", 20)]
    assert sorted(positions) == list(range(0, 100, 5))
    assert positions == [one.position for one in repository.sample("c2", 20)]
    assert len(list(repository.sample("c1", 1000))) == 50


def test_numbers_of_any_size_are_stored_exactly(workspace: Workspace) -> None:
    add_collection(workspace, "c1")
    repository = RecordRepository(workspace.database)
    repository.store("c1", [record("c1", 0, "a", n=2**80, t="é\U0001f600", f=0.1)], next_position=1)
    (stored,) = repository.live()
    assert stored.fields == {"n": 2**80, "t": "é\U0001f600", "f": 0.1}
