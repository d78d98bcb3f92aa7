"""``webtune import``: its JSON, its preview, stdin and patterns."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from webtune_tui.cli.main import run


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("WEBTUNE_WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "workspace"


def command(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert run([*arguments, "--json"]) == code
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and printed.isascii()
    body: dict[str, Any] = json.loads(printed)
    assert ("error" in body) == (code != 0)
    return body


def piped(data: bytes, *arguments: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "webtune_tui", *arguments, "--json"],
        input=data, capture_output=True, timeout=100, check=False, env=os.environ,
    )  # fmt: skip
    body: dict[str, Any] = json.loads(ended.stdout)
    return body | {"code": ended.returncode}


def test_a_pattern_names_its_files_and_the_counts_are_those_of_the_contract(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root.parent / "in").mkdir()
    (root.parent / "in" / "a.csv").write_text("n\n1\n2\n")
    (root.parent / "in" / "b.csv.gz").write_bytes(gzip.compress(b"n\n2\n3\n4,5\n"))
    body = command(capsys, "import", "in/*")
    assert {"collection_id", "files", "records", "rejected", "new", "duplicates", "rejects_path"} <= set(body)
    keys = ("format", "encoding", "records", "rejected")
    told = [(Path(one["path"]).name, *(one[key] for key in keys)) for one in body["files"]]
    assert told == [("a.csv", "csv", "utf-8", 2, 0), ("b.csv.gz", "csv", "utf-8", 2, 1)]
    assert all(Path(one["path"]).is_absolute() for one in body["files"])
    assert (body["records"], body["rejected"], body["new"], body["duplicates"]) == (4, 1, 3, 1)
    (reject,) = [json.loads(line) for line in Path(body["rejects_path"]).read_text().splitlines()]
    assert (Path(reject["path"]).name, reject["line"]) == ("b.csv.gz", 4)
    assert command(capsys, "import", "in/*.parquet", code=2)["error"]["message"] == "Nothing fits in/*.parquet"


def test_a_preview_stores_nothing_and_makes_no_workspace(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = root.parent / "x.json"
    path.write_text(json.dumps({"few": [{"z": 1}], "data": [{"t": "a", "p": {"q": [1]}}, {"t": ""}, {"t": "b"}]}))
    (found,) = command(capsys, "import", "--preview", "x.json")["files"]
    assert (found["path"], found["format"], found["encoding"], found["rows"]) == (str(path), "json", "utf-8", 3)
    assert found["lists"] == [{"path": "data", "rows": 3}, {"path": "few", "rows": 1}]
    fields = {one["path"]: one for one in found["fields"]}
    assert fields["t"] == {"path": "t", "types": {"text": 3}, "fill_rate": 0.6667, "samples": ["a", "b"]}
    assert list(fields) == ["t", "p", "p.q", "p.q[]"]
    assert not root.exists()
    assert run(["import", "--preview", "x.json", "--list", "few", "--field", "z"]) == 0
    printed = capsys.readouterr().out
    assert "data (3), few (1)" in printed and "100%" in printed and not root.exists()


def test_a_preview_of_nothing_usable_is_an_error_with_its_reasons(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root.parent / "x.txt").write_bytes("thé café à la crème".encode("cp1252"))
    body = command(capsys, "import", "--preview", "x.txt", code=1)
    assert body["files"][0]["format"] is None and "give --encoding" in body["error"]["message"]
    assert {"encoding": "cp1252", "reads": "thé café à la crème"} in body["files"][0]["encodings_possible"]
    command(capsys, "import", "x.txt", "--field", "a", code=2)


def test_the_list_and_the_encoding_that_one_chooses_are_imported(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root.parent / "x.json").write_bytes('{"few": [{"z": "café"}], "data": [{"a": 1}, {"a": 2}]}'.encode("latin-1"))
    body = command(capsys, "import", "x.json", "--list", "few", "--encoding", "latin-1")
    assert (body["records"], body["files"][0]["encoding"]) == (1, "iso8859-1")
    missing = command(capsys, "import", "x.json", "--list", "none", "--encoding", "latin-1", code=1)
    assert missing["rejected"] == 1


def test_stdin_is_imported_and_looked_at(root: Path) -> None:
    rows = b'{"n": 1}\n{"n": 2}\n'
    body = piped(gzip.compress(rows), "import", "-")
    assert body["code"] == 0 and (body["records"], body["files"][0]["path"]) == (2, "-")
    assert piped(rows, "import", "--preview", "-")["files"][0]["fields"][0]["path"] == "n"


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([{"prompt": "p", "chosen": "a", "rejected": "b"}], "preference"),
        ([{"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}], "sharegpt"),
        ([{"instruction": "i", "input": "", "output": "o"}], "alpaca"),
        ([{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}], "openai"),
        ([{"user": "u", "assistant": "a"}], "flat"),
    ],
)
def test_ready_rows_are_told_by_content_as_lines_and_as_a_list(
    root: Path, capsys: pytest.CaptureFixture[str], rows: list[Any], word: str
) -> None:
    (root.parent / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (root.parent / "x.json").write_text(json.dumps(rows))
    body = command(capsys, "import", "x.jsonl", "x.json")
    assert [one["format"] for one in body["files"]] == [word, word]
    assert (body["new"], body["duplicates"]) == (1, 1)
    assert command(capsys, "import", "x.json", "--format", word)["duplicates"] == 1
