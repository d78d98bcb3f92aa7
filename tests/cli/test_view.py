"""``webtune view`` without a terminal, and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from webtune_tui.cli.main import run


def write(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    chat = {"messages": [{"role": "user", "content": "Q?\x1b[2J"}, {"role": "assistant", "content": "A" * 500}]}
    path.write_text(json.dumps(chat) + "\n" + '{"title": "a", "text": "b", "x": 1, "y": 2}\nno json\n' + "{}\n" * 30)
    return path


def test_the_json_counts_the_rows_and_judges_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    assert run(["view", str(path), "--json", "--limit", "3"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert {name: body[name] for name in ("file", "bytes", "rows", "format")} == {
        "file": str(path),
        "bytes": path.stat().st_size,
        "rows": 33,
        "format": "unknown",
    }
    chat, other, broken = body["first"]
    assert (chat["row"], chat["format"], chat["turns"], chat["errors"]) == (1, "openai", 2, [])
    assert (chat["prompt"], len(chat["answer"])) == ("Q?\x1b[2J", 200)
    assert (other["prompt"], other["answer"], other["errors"]) == ("a", "b", ["missing_messages_list"])
    assert (broken["format"], broken["answer"], broken["errors"]) == (None, "no json", ["json_error"])


def test_without_a_terminal_it_names_the_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["view", str(write(tmp_path))]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "needs a terminal" in told.err
    assert "--json" in told.err


@pytest.mark.parametrize(
    ("name", "words"), [("missing.jsonl", "There is no file"), ("", "is a folder"), ("rows.gz", "is packed (gzip)")]
)
def test_what_can_not_be_read_is_told(
    name: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.gz").write_bytes(b"\x1f\x8b\x08\x00")
    assert run(["view", str(tmp_path / name), "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert words in body["error"]["message"]
    assert body["error"]["hint"]
