"""``validate``: its JSON, its words, and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from webtune_tui.cli.main import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def written(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_sound_file_that_overlaps_another_is_ok_with_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"Q{n}?"}, {"role": "assistant", "content": f"A{n}."}]}
        for n in range(12)
    ]
    train, test = written(tmp_path / "train.jsonl", rows), written(tmp_path / "test.jsonl", rows[3:4])
    assert run(["validate", str(train), "--against", str(test), "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert {"ok", "examples", "errors", "warnings", "tokens", "repaired", "repairs"} <= set(body)
    assert (body["ok"], body["form"], body["overlaps"]) == (True, "openai", {str(test): 1})
    assert [(one["line"], one["code"]) for one in body["warnings"]] == [(4, "overlap")]
    assert body["repairs"] == {} and body["limit"] > body["longest"] > 0
    assert run(["validate", str(train), "--against", str(test)]) == 0
    words = capsys.readouterr().out
    assert "12 examples" in words and "overlap" in words


def test_a_repair_tells_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"instruction": f"Mail {n}?", "output": f"Write to ana{n}@example.com."} for n in range(12)]
    file, out = written(tmp_path / "alpaca.jsonl", rows), tmp_path / "chat.jsonl"
    assert run(["validate", str(file), "--repair", str(out), "--redact", "--json"]) == 1
    body = json.loads(capsys.readouterr().out)
    assert body["repaired"] == str(out) and body["personal_data"] == {"email": 12}
    assert body["repairs"] == {"alpaca_form": 12, "personal_data": 12}
    assert run(["validate", str(out)]) == 0
    assert run(["validate", str(file), "--repair", str(tmp_path / "other.jsonl")]) == 1
    assert "12 alpaca form" in capsys.readouterr().out


def test_redacting_without_a_repaired_file_is_a_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "a.jsonl", [{}])
    assert run(["validate", str(file), "--redact"]) == 2
    assert "--repair" in capsys.readouterr().err


def test_a_base_of_which_nothing_is_known_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"Q{n}?"}, {"role": "assistant", "content": f"A{n}."}]}
        for n in range(12)
    ]
    file = written(tmp_path / "train.jsonl", rows)
    for base, told in (("gpt-9-mini", ["unknown_base"]), ("gpt-4.1-mini-2025-04-14", [])):
        assert run(["validate", str(file), "--provider", "openai", "--base", base, "--json"]) == 0
        body = json.loads(capsys.readouterr().out)
        assert [one["code"] for one in body["warnings"]] == told
    assert run(["validate", str(file), "--provider", "local", "--base", "nobody/has-it"]) == 0
    words = capsys.readouterr().out
    assert "unknown_base  nobody/has-it is not known here: 65,536 tokens" in words


def test_a_message_is_told_whole_at_any_width(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "a.jsonl", [{"messages": [{"role": "narrator", "content": "Kettles."}]}])
    assert run(["validate", str(file), "--json"]) == 1
    messages = [one["message"] for one in json.loads(capsys.readouterr().out)["errors"]]
    for width in (80, 100):
        monkeypatch.setenv("COLUMNS", str(width))
        assert run(["validate", str(file)]) == 1
        table = capsys.readouterr().out.partition("LINE")[2]
        assert "…" not in table and max(map(len, table.splitlines())) <= width
        assert all(set(message.split()) <= set(table.split()) for message in messages)
