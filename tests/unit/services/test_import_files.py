"""Importing files and folders through the service, on a real workspace."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.events import FileImported, Imported
from webtune_tui.domain.records import CollectionState
from webtune_tui.services.import_files import ImportService
from webtune_tui.settings import Settings
from webtune_tui.storage import records as records_module
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def run(workspace: Workspace, *paths: Path, encoding: str | None = None) -> Imported:
    events = [event async for event in ImportService(workspace, Settings()).run(paths, encoding=encoding)]
    assert isinstance(events[-1], Imported)
    return events[-1]


def by_name(imported: Imported) -> dict[str, FileImported]:
    return {Path(file.path).name: file for file in imported.files}


async def test_a_folder_is_imported_file_by_file_and_nothing_is_passed_over_silently(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.jsonl").write_text('{"n": 1}\n{broken\n{"n": 2}\n')
    (folder / "b.json").write_text(json.dumps({"data": [{"n": 3}]}))
    (folder / "deeper" / "c.csv").write_bytes("name;n\ncafé;4\nx;5\n".encode("latin-1"))
    (folder / "d.json").write_bytes(b'[{"a": "caf\xe9"}]')
    (folder / "e.png").write_bytes(bytes(range(256)) * 20)
    (folder / "f.csv").write_bytes(b"")
    os.mkfifo(folder / "g.pipe")
    imported = await run(workspace, folder)
    files = by_name(imported)
    assert {name: file.format for name, file in files.items()} == {
        "a.jsonl": "jsonl",
        "b.json": "json",
        "c.csv": "csv",
        "d.json": None,
        "e.png": None,
        "f.csv": None,
        "g.pipe": None,
    }
    assert all(file.reason for file in imported.files if file.format is None)
    collection = imported.collection
    assert (collection.records, collection.new, collection.rejected) == (4, 4, 2)
    assert imported.rejects_path is not None
    rejects = [json.loads(line) for line in Path(imported.rejects_path).read_text().splitlines()]
    assert [(Path(row["path"]).name, row["line"]) for row in rejects] == [("a.jsonl", 2), ("c.csv", 2)]
    manifest = json.loads((workspace.raw_folder(collection.collection_id) / "manifest.json").read_text())
    copy = next(file for file in manifest["files"] if file["path"].endswith("a.jsonl"))
    assert copy["sha256"] == hashlib.sha256((folder / "a.jsonl").read_bytes()).hexdigest()


async def test_the_same_bytes_again_add_nothing(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\n{"n": 1}\n{"n": 2}\n')
    first, second = await run(workspace, path), await run(workspace, path)
    assert (first.collection.new, first.collection.duplicates) == (2, 1)
    assert (second.collection.records, second.collection.new, second.collection.duplicates) == (3, 0, 3)
    assert RecordRepository(workspace.database).count_live() == 2


async def test_positions_run_on_over_batches_and_files(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webtune_tui.services.ingest.BATCH", 3)
    for name, start in (("a.jsonl", 0), ("b.jsonl", 7)):
        (tmp_path / name).write_text("".join(f'{{"n": {n}}}\n' for n in range(start, start + 7)))
    imported = await run(workspace, tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    stored = RecordRepository(workspace.database).of_collection(imported.collection.collection_id, limit=50)
    assert [(record.position, record.fields["n"]) for record in stored] == [(n, n) for n in range(14)]
    assert records_module.BATCH > 3


async def test_an_encoding_given_by_the_person_opens_what_was_refused(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('[{"a": "café"}]'.encode("latin-1"))
    with pytest.raises(InvalidInput, match="byte 11 is not utf-8"):
        await run(workspace, path)
    imported = await run(workspace, path, encoding="latin-1")
    (record,) = RecordRepository(workspace.database).of_collection(imported.collection.collection_id, limit=5)
    assert record.fields == {"a": "café"} and imported.files[0].encoding == "iso8859-1"


async def test_nothing_usable_is_an_error_that_names_the_reasons(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{broken\n")
    (tmp_path / "b.csv").write_text("only,a,header\n")
    with pytest.raises(InvalidInput) as caught:
        await run(workspace, tmp_path / "a.jsonl", tmp_path / "b.csv")
    assert "b.csv: it holds no records" in caught.value.message and caught.value.fields["rejected"] == 1
    (collection,) = CollectionRepository(workspace.database).newest_first()
    assert collection.state is CollectionState.FAILED


async def test_a_missing_path_or_an_empty_folder_makes_no_collection(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="does not exist"):
        await run(workspace, tmp_path / "missing")
    with pytest.raises(InvalidInput, match="holds no files"):
        await run(workspace, tmp_path / "empty")
    assert CollectionRepository(workspace.database).newest_first() == []


async def test_an_import_that_is_left_in_the_middle_says_so(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text('{"n": 1}\n')
    events = ImportService(workspace, Settings()).run([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    await anext(events)
    await events.aclose()
    (collection,) = CollectionRepository(workspace.database).newest_first()
    assert collection.state is CollectionState.FAILED and "again" in collection.message


async def test_ready_examples_are_recognised_and_stay_as_they_are(workspace: Workspace, tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    (tmp_path / "chat.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "flat.jsonl").write_text(json.dumps({"system": "s", "user": "u", "assistant": "a"}) + "\n")
    imported = await run(workspace, tmp_path / "chat.jsonl", tmp_path / "flat.jsonl")
    assert [file.format for file in imported.files] == ["openai", "flat"]
    first = RecordRepository(workspace.database).of_collection(imported.collection.collection_id, limit=1)[0]
    assert first.fields == row


async def test_the_same_files_again_tell_what_is_new_and_gone_and_where_each_row_lies(
    workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    first = (await run(workspace, path)).collection
    path.write_text('{"n": 3, "é": 1}\n{broken\n  {"n": 2}\n')
    again = (await run(workspace, path)).collection
    assert (again.previous_id, again.gone, again.new, again.duplicates) == (first.collection_id, 2, 1, 1)
    other = tmp_path / "b.jsonl"
    other.write_text('{"n": 1}\n')
    assert (await run(workspace, other)).collection.previous_id is None
    for one in RecordRepository(workspace.database).of_collection(again.collection_id, limit=9):
        raw = (workspace.raw_folder(again.collection_id) / one.place.file).read_bytes()
        assert one.place.start is not None and one.place.length is not None
        assert json.loads(raw[one.place.start : one.place.start + one.place.length]) == one.fields
        assert (
            raw.splitlines()[(one.place.line or 0) - 1].strip() == json.dumps(one.fields, ensure_ascii=False).encode()
        )
