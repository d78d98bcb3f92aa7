"""Checking files of every kind against a provider, a base and other files; repairs are files of their own."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from webtune_tui.domain.datasets import ValidationReport
from webtune_tui.domain.errors import InvalidInput, NotFound, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.services.validate import check_file, checking

LONG = "It boils a litre in three minutes, keeps it warm for an hour, and turns itself off when it is lifted up."


def chat(asked: str, answered: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]}


def written(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


async def check(file: Path, **options: Any) -> ValidationReport:
    return await check_file(file, **{"provider": "local", "base_model": "", **options})


def codes(report: ValidationReport) -> list[tuple[int, str]]:
    """The errors of lines; few lines are too few everywhere."""
    return [(one.line, one.code) for one in report.errors if one.code != "too_few_examples"]


ALPACA = [{"instruction": f"Question {n}?", "input": "", "output": f"Answer\u2028{n}."} for n in range(12)]


def as_json(path: Path) -> None:
    path.write_text(json.dumps(ALPACA, indent=1), encoding="utf-8")


def as_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.DictWriter(stream, ["instruction", "input", "output"])
        lines.writeheader()
        lines.writerows(ALPACA)


def as_parquet(path: Path) -> None:
    import duckdb

    lines = written(path.with_suffix(".lines"), ALPACA)
    with duckdb.connect(":memory:") as connection:
        connection.read_json(str(lines), format="newline_delimited").write_parquet(str(path))


@pytest.mark.parametrize(("name", "make"), [("rows.json", as_json), ("rows.csv", as_csv), ("rows.parquet", as_parquet)])
async def test_a_file_of_another_kind_is_refused_and_repaired_to_json_lines(
    tmp_path: Path, name: str, make: Any
) -> None:
    make(tmp_path / name)
    out = tmp_path / "chat.jsonl"
    report = await check(tmp_path / name, repair=out)
    assert not report.ok and report.form == "alpaca"
    assert report.errors[0].code == "not_json_lines" and report.repairs == {"alpaca_form": 12}
    again = await check(out)
    assert again.ok and again.examples == 12
    rows = [json.loads(line) for line in out.read_text("utf-8").split("\n")[:-1]]
    assert rows == [chat(row["instruction"], row["output"]) for row in ALPACA]


async def test_a_file_of_one_line_is_json_lines_whatever_its_name(tmp_path: Path) -> None:
    for name in ("one.json", "one"):
        report = await check(written(tmp_path / name, [chat("A?", "B.")]))
        assert codes(report) == [] and report.examples == 1


async def test_prose_and_binary_files_are_told_in_a_word(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("Once upon a time.\n" * 50_000)
    report = await check(tmp_path / "book.txt", repair=tmp_path / "out.jsonl")
    assert codes(report) == [(0, "not_json_lines")] and report.form == "text"
    for name, body in (("a.pdf", b"%PDF-1.7"), ("a.gz", b"\x1f\x8b\x08" + bytes(30))):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(InvalidInput, match=r"convert|packed"):
            await check(tmp_path / name)
    (tmp_path / "empty.jsonl").write_bytes(b"")
    report = await check(tmp_path / "empty.jsonl")
    assert [one.code for one in report.errors] == ["too_few_examples"]


async def test_overlap_with_other_files_is_a_warning_with_both_lines(tmp_path: Path) -> None:
    train = written(
        tmp_path / "train.jsonl",
        [chat("How fast?", LONG), chat("Is it loud?", "No."), chat("Why?", LONG.replace("litre", "pint")), *ALPACA],
    )
    test = written(tmp_path / "test.jsonl", ["no example", chat("how  FAST", "Very."), chat("What does it do?", LONG)])
    flat = written(tmp_path / "flat.jsonl", [{"user": "Question 3?", "assistant": "Three."}])
    report = await check(train, against=[test, flat])
    told = {one.line: one.message for one in report.warnings if one.code == "overlap"}
    assert told == {
        1: f"The same prompt as line 2 of {test}",
        3: f"Nearly the same text as line 3 of {test}",
        7: f"The same prompt as line 1 of {flat}",
    }
    assert report.overlaps == {str(test): 2, str(flat): 1}
    with pytest.raises(UsageError, match="itself"):
        await check(train, against=[tmp_path / "." / "train.jsonl"])
    with pytest.raises(InvalidInput, match="no file"):
        await check(train, against=[tmp_path / "nosuch"])


async def test_lengths_are_those_of_the_base_and_its_provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "train.jsonl", [chat("Say it.", "word " * 20_000)])
    older = await check(file, provider="openai", base_model="gpt-3.5-turbo-0125")
    assert codes(older) == [(1, "too_long")]
    assert (older.limit, older.encoding) == (16_385, "cl100k_base")
    newer = await check(file, provider="openai", base_model="gpt-4o-mini-2024-07-18")
    assert (newer.limit, newer.encoding) == (65_536, "o200k_base") and newer.longest > 20_000
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text('{"max_position_embeddings": 2048}')
    own = await check(file, base_model=str(tmp_path / "base"))
    assert own.limit == 2048 and codes(own) == [(1, "too_long")]
    for config in ("[" * 100_000, '{"max_position_embeddings": "x"}', "[]"):
        (tmp_path / "base" / "config.json").write_text(config)
        assert (await check(file, base_model=str(tmp_path / "base"))).limit == 65_536
    with pytest.raises(NotFound):
        await check(file, provider="nosuch")


async def test_a_line_longer_than_any_row_is_refused_without_being_kept(tmp_path: Path) -> None:
    file = tmp_path / "huge.jsonl"
    with file.open("wb") as stream:
        stream.write(b'{"messages": "')
        for _ in range(150):
            stream.write(b"x" * 1_000_000)
        stream.write(b'"}\n' + json.dumps(chat("A?", "B.")).encode() + b"\n")
    tracemalloc.start()
    report = await check(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(report) == [(1, "line_too_long")] and report.examples == 1
    assert peak < 100e6


async def test_personal_data_is_told_by_kind_and_goes_only_when_wanted(tmp_path: Path) -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "mail", "arguments": '{"to": "ana.silva@example.com"}'},
    }
    rows = [
        chat("Who answers?", "Write to ana.silva@example.com or bob@example.org."),
        chat("What is it?", "A kettle of 1.5 litres, model 4111-22."),
        {
            "messages": [
                {"role": "user", "content": "Tell ana.silva@example.com."},
                {"role": "assistant", "content": "", "tool_calls": [call]},
                {"role": "assistant", "content": "Done."},
            ]
        },
        {
            "input": {"messages": [{"role": "user", "content": "Bank account of bob@example.org?"}]},
            "preferred_output": [{"role": "assistant", "content": "I can't tell."}],
            "non_preferred_output": [{"role": "assistant", "content": "DE89 3704 0044 0532 0130 00"}],
        },
    ]
    file = written(tmp_path / "train.jsonl", rows)
    report = await check(file, repair=tmp_path / "kept.jsonl")
    told = [(one.line, one.message) for one in report.warnings if one.code == "personal_data"]
    assert told == [(1, "2 email"), (3, "2 email"), (4, "1 email, 1 iban")]
    assert report.personal_data == {"email": 5, "iban": 1} and "personal_data" not in report.repairs
    assert "ana.silva@example.com" in (tmp_path / "kept.jsonl").read_text()
    report = await check(file, repair=tmp_path / "redacted.jsonl", redact=True)
    assert report.personal_data == {"email": 5, "iban": 1} and report.repairs == {"personal_data": 6}
    left = [json.loads(line) for line in (tmp_path / "redacted.jsonl").read_text().splitlines()]
    assert left[0]["messages"][1]["content"] == "Write to [EMAIL_1] or [EMAIL_2]."
    assert left[2]["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"to": "[EMAIL]"}'
    assert left[3]["non_preferred_output"][0]["content"] == "[IBAN]"
    again = await check(tmp_path / "redacted.jsonl")
    assert codes(again) == [] and again.personal_data == {}


async def test_redaction_needs_a_repaired_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--redact"):
        await check(written(tmp_path / "a.jsonl", [chat("A?", "B.")]), redact=True)


async def test_a_check_that_is_left_leaves_no_repaired_file(tmp_path: Path) -> None:
    file, out = written(tmp_path / "train.jsonl", [chat(f"Q{n}?", "A.") for n in range(2000)]), tmp_path / "out.jsonl"
    events = checking(file, provider="local", base_model="", repair=out)
    assert isinstance(await anext(events), Progressed)
    await events.aclose()
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]
