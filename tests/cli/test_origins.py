"""``dataset lineage``, ``collect show`` and ``collect delete``: from an example to its bytes, back, and away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.prepared import make_prepared, product_lines
from webtune_tui.cli.main import run

HOSTILE = "\x1b]52;c;UFdORUQ=\x07\x1b[2J\u202e"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("WEBTUNE_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


def command(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == code
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and printed.isascii()
    body: dict[str, Any] = json.loads(printed)
    return body


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert run(list(arguments)) == code
    printed = capsys.readouterr()
    return printed.out, printed.err


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def lines(prepared: Path, root: Path, tmp_path: Path) -> list[str]:
    """Imported and prepared rows, a broken line among them; the lines of their file."""
    shutil.copytree(prepared, root)
    shutil.copy(prepared.parent / "rows.jsonl", tmp_path)
    return product_lines()


def test_an_example_leads_to_its_record_and_its_bytes_and_back(
    lines: list[str], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for example in command(capsys, "dataset", "show")["examples"]:
        lineage = command(capsys, "dataset", "lineage", example["id"], "--raw")
        (record,) = lineage["records"]
        assert lineage["example_id"] == example["id"] and record["raw_text"] in lines
        raw = Path(record["raw_path"]).read_bytes()
        place = record["raw"]
        assert raw[place["start"] : place["start"] + place["length"]].decode() == record["raw_text"]
        assert record["url"] == json.loads(record["raw_text"])["url"]
        assert (record["source"], record["raw_state"], record["also_in"]) == ("files", "whole", [])
        shown = command(capsys, "collect", "show", record["collection_id"], "--record", str(record["position"]))
        (back,) = shown["records"]
        assert back["examples"] == [{"example_id": example["id"], "split": example["split"]}]
        assert back["raw_text"] == record["raw_text"] and back["fields"] == json.loads(record["raw_text"])
    out, _ = said(capsys, "dataset", "lineage", example["id"], "--raw")
    assert record["raw_text"] in out and record["raw_path"] in out
    assert "raw_text" not in command(capsys, "dataset", "lineage", example["id"])["records"][0]


def test_a_collection_is_shown_with_its_log_its_records_and_its_rejects(
    lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (collection,) = command(capsys, "collect", "list")["collections"]
    chosen = collection["collection_id"]
    shown = command(capsys, "collect", "show", chosen, "--limit", "3")
    assert {name: shown[name] for name in collection if name != "records"} | {"records": 14} == collection
    assert shown["record_count"] == 14
    assert shown["events"][0]["message"].startswith("Importing") and set(shown["events"][0]) == {
        "time", "level", "message",
    }  # fmt: skip
    assert [record["position"] for record in shown["records"]] == [0, 2, 3]
    faulty = command(capsys, "collect", "show", chosen, "--errors")
    assert faulty["records"] == [] and [reject["line"] for reject in faulty["rejects"]] == [2]
    for arguments in ((chosen,), (chosen, "--errors"), (chosen, "--record", "0")):
        out, err = said(capsys, "collect", "show", *arguments)
        assert out.strip() and "\x1b" not in out + err
    assert command(capsys, "collect", "show", chosen, "--record", "1", code=2)["error"]["code"] == "not_found"
    assert command(capsys, "collect", "show", "c9", code=2)["error"]["hint"]


def test_what_a_raw_file_holds_can_not_act_on_a_terminal(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more.csv").write_text(f"k,v\n1,a{HOSTILE}\n")
    command(capsys, "import", str(tmp_path / "more.csv"), "--format", "csv", "--encoding", "utf-8")
    (collection,) = command(capsys, "collect", "list")["collections"]
    for arguments in (("--record", "0"), ()):
        out, err = said(capsys, "collect", "show", collection["collection_id"], *arguments)
        assert not any(character in out + err for character in ("\x1b", "\x07", "\u202e"))


def test_deleting_says_what_depends_on_it_and_needs_a_yes(
    lines: list[str], root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    version = command(capsys, "dataset", "list")["versions"][0]
    exported = command(capsys, "dataset", "export")["paths"]["train"]
    (collection,) = command(capsys, "collect", "list")["collections"]
    chosen = collection["collection_id"]
    refused = command(capsys, "collect", "delete", chosen, code=2)
    assert refused["error"]["code"] == "confirmation_needed"
    assert f"14 examples of the working version {version['dataset_version']}" in refused["error"]["message"]
    assert command(capsys, "collect", "list")["collections"]
    capsys.readouterr()
    example = command(capsys, "dataset", "show", "--limit", "1")["examples"][0]["id"]
    out, err = said(capsys, "collect", "delete", chosen, "--yes")
    assert f"{chosen} is deleted: 14 records" in out and "lineage will say what was deleted" in err
    assert list((root / "raw").iterdir()) == [] and Path(exported).exists()
    assert command(capsys, "collect", "list")["collections"] == []
    assert command(capsys, "dataset", "list")["versions"][0]["content_hash"] == version["content_hash"]
    (record,) = command(capsys, "dataset", "lineage", example)["records"]
    assert record["collection_id"] == chosen and record["deleted_at"] and record["raw_path"] is None
    assert record["raw_note"].endswith(f"was deleted with collection {chosen}")
    assert f"was deleted with collection {chosen} (rows.jsonl)" in said(capsys, "dataset", "lineage", example)[0]
    command(capsys, "import", str(tmp_path / "rows.jsonl"))
    (again,) = command(capsys, "dataset", "lineage", example)["records"]
    assert again["collection_id"] == chosen and again["deleted_at"]
    assert command(capsys, "collect", "delete", chosen, "--yes", code=2)["error"]["code"] == "not_found"


def test_the_json_of_a_deletion_names_what_depended_on_it(lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (collection,) = command(capsys, "collect", "list")["collections"]
    body = command(capsys, "collect", "delete", collection["collection_id"], "--yes")
    assert (body["deleted"], body["records"], body["moved"], body["revived"]) == (True, 14, 0, 0)
    assert body["dependents"]["examples"] == 14 and body["dependents"]["versions"][0]["is_working"]
    assert body["raw_leftover"] is None
