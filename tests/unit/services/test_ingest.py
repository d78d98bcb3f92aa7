"""Rows become records batch by batch, whatever stops the work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services.ingest import Ingest, RejectsFile
from webtune_tui.sources.delivered import imported_record, imported_row
from webtune_tui.sources.files.base import Reject, Row
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr("webtune_tui.services.ingest.BATCH", 3)
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        rows = CollectionRepository(opened.database)
        for collection_id in ("c1", "c2"):
            rows.add(Collection(collection_id, "files", "x", CollectionState.RUNNING, "t", "t"))
        yield opened


def ingest(workspace: Workspace, collection_id: str = "c1") -> Ingest:
    return Ingest(
        RecordRepository(workspace.database),
        RejectsFile(workspace.root / "rejects.jsonl"),
        collection_id,
        lambda position, row: imported_row(position, row, now="t"),
        "x.jsonl",
    )


def items(count: int) -> Iterator[Row | Reject]:
    for n in range(count):
        yield Reject(n + 1, "bad", "") if n % 4 == 3 else Row(n + 1, {"n": n})


def test_a_run_closed_early_keeps_whole_batches_and_the_next_one_goes_on(workspace: Workspace) -> None:
    repository = RecordRepository(workspace.database)
    run = ingest(workspace).run(items(20))
    next(run)
    run.close()
    done = repository.stored_up_to("c1")
    assert done % 3 == 0 and 3 <= done < 20
    RejectsFile(workspace.root / "rejects.jsonl").forget_from(done)
    *_, last = ingest(workspace).run(items(20))
    assert (last.collection.records, last.collection.new, last.collection.rejected) == (15, 15, 5)
    assert len((workspace.root / "rejects.jsonl").read_text().splitlines()) == 5


def test_rows_that_cannot_be_stored_end_the_run_with_their_error(workspace: Workspace) -> None:
    def broken() -> Iterator[Row | Reject]:
        yield from items(7)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        list(ingest(workspace).run(broken()))
    assert RecordRepository(workspace.database).stored_up_to("c1") in (3, 6)


def test_a_plain_row_is_stored_as_its_record_would_be(workspace: Workspace) -> None:
    rows = [
        Row(1, {"b": 1, "a": "é"}, 0, 9, '{"b": 1, "a": "é"}'.encode()),
        Row(2, {"url": "https://x.com", "timestamp": "2026-01-01", "id": 2**70}),
        Row(3, {"input": {"url": "u"}, "timestamp": "2026-01-01", "url": "https://x.com/1", "t": "x"}),
        Row(4, {"input": {"url": "u"}, "timestamp": "2026-01-01", "error": "gone", "error_code": "dead_page"}),
        Row(5, {"input": "of a person", "output": "b"}),
    ]
    list(ingest(workspace).run(rows))
    for stored, row in zip(RecordRepository(workspace.database).of_collection("c1", limit=9), rows, strict=True):
        expected = imported_record("c1", stored.position, row.fields, now="t")
        assert (stored.kind, stored.key, stored.content_hash, stored.fields, stored.url, stored.collected_at) == (
            expected.kind,
            expected.key,
            expected.content_hash,
            expected.fields,
            expected.url,
            expected.collected_at,
        )
        assert (stored.place.line, stored.place.start, stored.place.length) == (row.line, row.start, row.length)
