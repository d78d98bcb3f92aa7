"""``webtune purge`` and the notice before the first collection, on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.brightdata import FaultyBrightData, bright_data
from tests.servers.pages import PageServer, article
from tests.unit.services.records_in import add_records, product
from webtune_tui.cli.main import run
from webtune_tui.settings import config_file
from webtune_tui.storage.workspace import Workspace

__all__ = ["bright_data"]

CATEGORY = "category_url=https://www.amazon.com/gp/bestsellers/office-products"
COLLECT = ("collect", "brightdata", "--scraper", "amazon-products", "--input", CATEGORY, "--limit-per-input", "12")

Command = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("WEBTUNE_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture
def command(root: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs one command line with ``--json``: its code, its one object, and what it said on stderr."""

    def runs(*arguments: str) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        code = run([*arguments, "--json"])
        printed = capsys.readouterr()
        assert printed.out.count("\n") == 1
        return code, json.loads(printed.out), printed.err

    return runs


def with_records(root: Path) -> None:
    with Workspace.open(root, command="test") as workspace:
        add_records(workspace, [product(number) for number in range(3)])
        (root / "raw" / "c-1").mkdir()
        (root / "raw" / "c-1" / "records.ndjson").write_bytes(b"x" * 1000)


def test_a_person_of_a_collection_is_gone_after_the_whole_journey(
    command: Command, root: Path, tmp_path: Path, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBTUNE_BRIGHTDATA_URL", bright_data.base_url)
    monkeypatch.setenv("BRIGHTDATA_API_TOKEN", "sandbox-key")
    monkeypatch.setenv("WEBTUNE_POLL_SECONDS", "0.01")
    code, collected, told = command(*COLLECT, "--yes")
    assert code == 0 and "webtune purge --person" in told and "robots.txt" in told
    assert "robots.txt" not in command(*COLLECT)[2]  # once in a life

    rows = [json.loads(line) for line in Path(collected["raw_path"]).read_text(encoding="utf-8").splitlines()]
    person = next(row["seller_name"] for row in rows if len(row.get("seller_name") or "") > 8)
    (tmp_path / "more.jsonl").write_text(
        "\n".join(json.dumps(product(number) | ({"made_by": person} if number == 5 else {})) for number in range(9))
    )
    assert command("import", str(tmp_path / "more.jsonl"))[0] == 0
    version = command("prepare")[1]["dataset_version"]
    shown = command("dataset", "show", version)[1]["examples"]
    assert command("dataset", "edit", shown[0]["id"], "--set", f"assistant=Sold by {person}.")[0] == 0
    for format in ("openai", "csv", "parquet"):
        assert command("dataset", "export", "--format", format)[0] == 0

    code, body, said = command("purge", "--person", person)
    assert code == 2 and body["removed"] is None and body["matches"]["records"] >= 2
    assert "Found in this workspace" in said
    code, body, _ = command("purge", "--person", person, "--yes")
    assert code == 0 and body["removed"]["records"] == body["matches"]["records"]
    assert body["matches"]["examples"] and body["matches"]["edits"] == 1 and body["matches"]["exports"]
    assert body["affected"]["versions"] and body["affected"]["models"] == []
    assert any(collected["snapshot_id"] in one for one in body["left"])
    for path in root.rglob("*"):
        if path.is_file():
            assert person.lower().encode() not in path.read_bytes().lower(), path
    assert not list((root / "exports").iterdir())
    now = Path(collected["raw_path"]).read_text(encoding="utf-8").splitlines()
    assert len(now) == len(rows) and sum(json.loads(line) == {"erased": True} for line in now) >= 1
    assert command("ledger")[1]["entries"]
    assert command("prepare")[0] == 0


def test_a_page_about_a_person_is_emptied_and_the_others_stay(command: Command, root: Path) -> None:
    with PageServer() as site:
        site.page("/about", article("About", "Written by <i>Anna</i> <b>Muster</b> of this house and nobody else. "))
        site.page("/in/anna-muster", article("Profile", "Words of somebody about the garden and the weather. "))
        site.page("/other", article("Other"))
        config_file().parent.mkdir(parents=True)
        config_file().write_text(f'[pages]\nallow_private = ["{site.authority}"]\ndelay_seconds = 0.0\n')
        urls = [site.url(path) for path in ("/about", "/in/anna-muster", "/other")]
        code, collected, told = command("collect", "urls", *urls, "--via", "direct")
    assert code == 0, collected
    assert collected["records"] == 3 and "robots.txt" in told

    people = ("--person", "Anna Muster", "--person", urls[1])
    code, body, _ = command("purge", *people, "--yes")
    assert code == 0 and (body["removed"]["records"], body["removed"]["pages"]) == (2, 2)
    pages = sorted((root / "raw" / collected["collection_id"] / "pages").iterdir())
    assert [page.stat().st_size > 0 for page in pages] == [False, False, True]
    for path in root.rglob("*"):
        data = path.read_bytes().lower() if path.is_file() else b""
        assert b"anna" not in data and b"muster" not in data, path
    assert command("collect", "list")[1]["collections"][0]["records"] == 1


def test_the_notice_waits_where_nobody_would_see_it(
    command: Command, bright_data: FaultyBrightData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBTUNE_BRIGHTDATA_URL", bright_data.base_url)
    monkeypatch.setenv("BRIGHTDATA_API_TOKEN", "sandbox-key")
    assert "robots.txt" not in command(*COLLECT, "--quiet")[2]
    assert "robots.txt" in command(*COLLECT)[2]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--person", "ab"),
        ("--person", "Anna Example", "--cache"),
        ("--workspace", "--cache"),
        ("--person", "Anna Example", "--workspace"),
    ],
)
def test_what_cannot_be_meant_removes_nothing(command: Command, root: Path, arguments: tuple[str, ...]) -> None:
    with_records(root)
    code, body, _ = command("purge", *arguments, "--yes")
    assert code == 2 and body["error"]["hint"]
    assert (root / "workspace.db").exists()


def test_nobody_is_found_where_there_is_no_workspace(command: Command, root: Path) -> None:
    code, body, _ = command("purge", "--person", "Anna Example", "--yes")
    assert code == 0 and body["removed"] is None and not any(body["matches"].values())
    assert not root.exists()


def test_the_long_name_of_the_folder_still_works(command: Command, root: Path, tmp_path: Path) -> None:
    with_records(tmp_path / "other")
    code, body, _ = command("purge", "--workspace", str(tmp_path / "other"), "--person", "kettle number 0", "--yes")
    assert code == 0 and body["removed"]["records"] == 1


def test_a_workspace_goes_whole(command: Command, root: Path) -> None:
    with_records(root)
    code, body, _ = command("purge", "--workspace")
    assert code == 2 and body["removed"] == [] and (root / "workspace.db").exists()
    code, body, _ = command("purge", "--workspace", "--yes")
    assert code == 0 and body["freed_bytes"] > 1000 and body["left"] == []
    assert body["freed_bytes"] == sum(one["bytes"] for one in body["removed"])
    assert not root.exists()


def test_foreign_files_in_a_workspace_stay(command: Command, root: Path) -> None:
    with_records(root)
    (root / "thesis.txt").write_text("mine")
    code, body, _ = command("purge", "--workspace", str(root), "--yes")
    assert code == 0 and "thesis.txt" in body["left"][0]
    assert [path.name for path in root.iterdir()] == ["thesis.txt"]


def test_a_folder_that_is_no_workspace_stays(command: Command, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "workspace.db").write_text("not a database")
    code, body, _ = command("purge", "--workspace", str(tmp_path / "photos"), "--yes")
    assert code == 2 and "no workspace" in body["error"]["message"]
    assert (tmp_path / "photos" / "workspace.db").exists()


def test_a_workspace_in_use_stays(command: Command, root: Path) -> None:
    with_records(root)
    with Workspace.open(root, command="the app"):
        code, body, _ = command("purge", "--workspace", "--yes")
        assert code == 3 and body["error"]["code"] == "workspace_busy" and "the app" in body["error"]["message"]
        assert command("purge", "--person", "kettle number 0", "--yes")[0] == 3
    assert (root / "raw" / "c-1").exists()


def test_nothing_goes_while_a_job_runs_here(command: Command, root: Path) -> None:
    with_records(root)
    job = root / "jobs" / "job-1"
    job.mkdir(parents=True)
    (job / "spec.json").write_text("{}")
    (job / "events.jsonl").write_text('{"kind": "started"}\n')
    (job / "trainer.json").write_text(json.dumps({"pid": os.getpid()}))
    for what in (("--workspace",), ("--person", "kettle number 0")):
        code, body, _ = command("purge", *what, "--yes")
        assert code == 3 and "job-1" in body["error"]["message"]
    assert (root / "raw" / "c-1").exists()

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (job / "trainer.json").write_text(json.dumps({"pid": ended.pid}))
    assert command("purge", "--person", "kettle number 0", "--yes")[0] == 0


def test_caches_are_listed_and_go(command: Command, tmp_path: Path) -> None:
    models = tmp_path / "xdg_cache_home" / "webtune" / "models" / "tiny"
    models.mkdir(parents=True)
    (models / "model.bin").write_bytes(b"x" * 5000)
    code, body, _ = command("purge", "--cache")
    assert code == 2 and body["found"][0]["bytes"] == 5000 and models.exists()
    code, body, _ = command("purge", "--cache", "--yes")
    assert code == 0 and body["freed_bytes"] == 5000
    assert list((tmp_path / "xdg_cache_home" / "webtune").iterdir()) == []
