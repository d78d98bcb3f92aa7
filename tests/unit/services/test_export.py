"""Exports are whole or not there; validation reads and mends files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.errors import InvalidInput, NotFound, UsageError, WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.services import export as export_module
from webtune_tui.services.curate import CurateService
from webtune_tui.services.export import ExportService, check_file
from webtune_tui.services.prepare import PrepareService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace

CHAT = {
    "messages": [{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "Look it up: 42."}],
    "tools": [{"type": "function", "function": {"name": "look"}}],
}


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        add_records(opened, [*(product(number) for number in range(20)), CHAT])
        async for _ in PrepareService(opened, Settings()).run():
            pass
        yield opened


def service(workspace: Workspace) -> ExportService:
    return ExportService(workspace, CurateService(workspace))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_an_export_has_a_file_per_split_and_the_lineage_of_each_line(workspace: Workspace) -> None:
    exported = await service(workspace).export()
    version = await CurateService(workspace).version()
    assert exported.content_hash == version.content_hash
    assert {split: len(rows(path)) for split, path in exported.paths.items()} == exported.examples == version.splits
    folder = exported.paths["train"].parent
    assert folder == workspace.root / "exports" / version.dataset_version
    lineage = rows(folder / "lineage.jsonl")
    assert len(lineage) == 21
    one = next(line for line in lineage if line["records"][0]["position"] == 0)
    example = await CurateService(workspace).example(one["example_id"])
    line = rows(folder / f"{one['split']}.jsonl")[one["line"] - 1]
    assert line["messages"] == [message.to_json() for message in example.messages]
    assert one["records"] == [{"collection_id": "c-1", "position": 0}]
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    with_tools = [row for path in exported.paths.values() for row in rows(path) if "tools" in row]
    assert with_tools == [CHAT]


async def test_the_same_export_again_is_used_again_and_a_damaged_one_is_replaced(workspace: Workspace) -> None:
    first = await service(workspace).export()
    before = first.paths["train"].stat().st_ino
    assert (await service(workspace).export()).paths["train"].stat().st_ino == before
    with first.paths["train"].open("a") as stream:
        stream.write("damage\n")
    again = await service(workspace).export()
    assert len(rows(again.paths["train"])) == first.examples["train"]


async def test_an_export_to_a_folder_with_other_files_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InvalidInput, match="not empty"):
        await service(workspace).export(out=tmp_path / "mine")
    exported = await service(workspace).export(out=tmp_path / "fresh" / "data")
    assert exported.paths["test"] == tmp_path / "fresh" / "data" / "test.jsonl"
    with pytest.raises(UsageError, match="format"):
        await service(workspace).export(format="nosuch")
    with pytest.raises(NotFound):
        await service(workspace).export(version="ffff")


async def test_a_failed_export_leaves_nothing_behind(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(WebtuneError):
        patched.setattr(export_module.os, "fsync", no_space)
        await service(workspace).export()
    assert list((workspace.root / "exports").iterdir()) == []


async def test_an_exported_version_stays_readable_after_later_edits_and_runs(workspace: Workspace) -> None:
    exported = await service(workspace).export()
    curate = CurateService(workspace)
    examples = (await curate.page()).examples
    await curate.drop([examples[0].example_id])
    for number in range(11):
        add_records(workspace, [product(100 + number)], f"more-{number}")
        async for _ in PrepareService(workspace, Settings()).run():
            pass
    kept = await curate.page(exported.content_hash)
    assert [one.messages for one in kept.examples] == [one.messages for one in examples]


async def test_a_file_is_repaired_into_a_new_one(tmp_path: Path) -> None:
    flat = {"system": "Be kind.", "user": "Hi", "assistant": "Hello"}
    lines = [json.dumps({**flat, "user": f"Hi {number}"}) for number in range(10)]
    source = tmp_path / "flat.jsonl"
    source.write_text("\n".join([*lines, "{broken", json.dumps(CHAT)]) + "\n")
    report = await check_file(source, provider="local", base_model="", repair=tmp_path / "chat.jsonl")
    assert not report.ok
    assert report.repaired == str(tmp_path / "chat.jsonl")
    again = await check_file(tmp_path / "chat.jsonl", provider="local", base_model="")
    assert (again.ok, again.examples) == (True, 11)
    with pytest.raises(UsageError, match="exists"):
        await check_file(source, provider="local", base_model="", repair=source)


@pytest.mark.parametrize("name", ["nosuch.jsonl", "."])
async def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        await check_file(tmp_path / name, provider="local", base_model="")


async def test_an_export_that_is_left_leaves_nothing_behind(workspace: Workspace) -> None:
    for format in ("openai", "parquet", "csv"):
        events = service(workspace).exporting(format=format)
        assert isinstance(await anext(events), Progressed)
        await events.aclose()
    assert list((workspace.root / "exports").iterdir()) == []
