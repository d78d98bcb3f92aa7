"""The fields of each command's JSON as the contract names them, and the laws that hold between the figures."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import COLLECT, Program, sandbox

IS_WARM = True  # test_second_process and test_command_line start the commands cold
PREPARED = {
    "dataset_version", "content_hash", "records", "records_used", "examples", "dropped", "changed", "redacted",
    "duplicates", "splits", "leak", "tokens", "seconds",
}  # fmt: skip
COLLECTED = {
    "collection_id", "snapshot_id", "state", "records", "errors", "new", "duplicates", "estimated_cost", "cost",
    "raw_path",
}  # fmt: skip
EDITED = {"dataset_version", "content_hash", "changed"}
SPLITS = ("train", "validation", "test")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def check_prepared(body: dict[str, Any]) -> None:
    """The laws of every prepare."""
    assert set(body) >= PREPARED
    assert body["records"] == body["records_used"] + sum(body["dropped"].values())
    assert body["examples"] == sum(body["splits"].values()) == body["records_used"]
    assert set(body["splits"]) == set(SPLITS) == set(body["tokens"]["per_split"])
    assert body["tokens"]["total"] == sum(body["tokens"]["per_split"].values()) and body["tokens"]["encoding"]
    assert set(body["leak"]) >= {"shared_clusters", "random_split_rate"} and body["leak"]["shared_clusters"] == 0
    assert set(body["duplicates"]) >= {"exact", "near", "clusters"}
    assert body["content_hash"].startswith(body["dataset_version"]) and body["seconds"] > 0


def check_times(value: Any, key: str = "") -> None:
    """Every time is RFC 3339 in UTC, every path absolute."""
    if isinstance(value, dict):
        for name, item in value.items():
            check_times(item, name)
    elif isinstance(value, list):
        for item in value:
            check_times(item, key)
    elif key in ("created", "updated", "started", "finished", "time", "collected_at") and value is not None:
        assert TIME.fullmatch(value), (key, value)
    elif key.endswith("_path") and value is not None:
        assert Path(value).is_absolute(), (key, value)


@pytest.fixture(scope="module")
def collected(program: Program) -> Iterator[Program]:
    """A workspace with one collection of the sandbox, prepared."""
    with sandbox(program) as online:
        body = online.json(*COLLECT, "--limit-per-input", "60").done()
        assert set(body) >= COLLECTED and body["state"] == "ready" and body["cost"] == 0
        assert body["records"] == body["new"] + body["changed"] + body["duplicates"] > 20
        lines = Path(body["raw_path"]).read_text().splitlines()
        assert len(lines) == body["records"] + body["errors"]
        check_times(body)
        again = online.json(*COLLECT, "--limit-per-input", "60").done()
        assert again["new"] == 0 and again["records"] == again["changed"] + again["duplicates"]
        check_prepared(online.json("prepare").done())
        yield online


def prepared(program: Program) -> dict[str, Any]:
    return program.json("prepare").done()


def examples_of(program: Program, *arguments: str) -> list[dict[str, Any]]:
    return list(program.json("dataset", "show", "--limit", "10000", *arguments).done()["examples"])


def test_a_collection_is_listed_adopted_and_there_is_nothing_to_resume(collected: Program) -> None:
    listed = collected.json("collect", "list").done()["collections"]
    assert len(listed) == 2 and all(set(one) >= {"collection_id", "source", "state", "records"} for one in listed)
    check_times(listed)
    assert collected.json("collect", "resume").done()["collections"] == []
    adopted = collected.elsewhere("adopted").json("collect", "snapshot", listed[0]["snapshot_id"]).done()
    assert set(adopted) >= COLLECTED and adopted["records"] == listed[0]["records"]
    scrapers = collected.json("collect", "scrapers", "--search", "amazon").done()["scrapers"]
    assert "gd_l7q7dkf244hwjntr0" in json.dumps(scrapers)


def test_versions_are_listed_and_shown(collected: Program) -> None:
    body = collected.json("dataset", "list").done()
    assert all(
        set(one) >= {"dataset_version", "content_hash", "examples", "splits", "created"} for one in body["versions"]
    )
    check_times(body)
    newest = body["versions"][0]
    shown = collected.json("dataset", "show", newest["dataset_version"], "--limit", "3", "--offset", "1").done()
    assert shown["dataset_version"] == newest["dataset_version"] and len(shown["examples"]) == 3
    everything = examples_of(collected)
    assert len(everything) == newest["examples"] and everything[1:4] == shown["examples"]
    for example in everything:
        assert set(example) >= {"id", "split", "messages", "flags"} and example["split"] in SPLITS
        assert isinstance(example["flags"], list) and example["messages"][-1]["role"] == "assistant"
    tests = examples_of(collected, "--where", "split=test")
    assert tests == [example for example in everything if example["split"] == "test"] and tests
    assert collected.json("dataset", "stats").done()["examples"] == newest["examples"]


def test_an_export_has_a_file_per_split_and_its_lineage(collected: Program, tmp_path: Path) -> None:
    body = collected.json("dataset", "export", "--out", str(tmp_path / "out")).done()
    assert set(body) >= {"paths", "format", "examples", "content_hash"} and body["format"] == "openai"
    shown = {example["id"]: example for example in examples_of(collected)}
    lineage = [json.loads(line) for line in (tmp_path / "out" / "lineage.jsonl").read_text().splitlines()]
    assert len(lineage) == len(shown) == sum(body["examples"].values())
    known = {one["collection_id"] for one in collected.json("collect", "list").done()["collections"]}
    for split in SPLITS:
        rows = [json.loads(line) for line in Path(body["paths"][split]).read_text().splitlines()]
        assert len(rows) == body["examples"][split]
        for entry in (one for one in lineage if one["split"] == split):
            assert set(entry) == {"split", "line", "example_id", "records"}
            assert rows[entry["line"] - 1]["messages"] == shown[entry["example_id"]]["messages"]
            assert {record["collection_id"] for record in entry["records"]} <= known
            assert all(isinstance(record["position"], int) for record in entry["records"])
    again = collected.json("dataset", "export", "--out", str(tmp_path / "out")).done()
    assert again == body
    report = collected.json("validate", body["paths"]["train"]).done()
    assert report["ok"] is True and report["examples"] == body["examples"]["train"] and report["errors"] == []
    default = collected.json("dataset", "export").done()
    assert all(Path(path).is_relative_to(collected.workspace / "exports") for path in default["paths"].values())


def test_the_lineage_of_an_example_leads_to_the_raw_bytes(collected: Program) -> None:
    for example in examples_of(collected)[:3]:
        body = collected.json("dataset", "lineage", example["id"]).done()
        assert body["example_id"] == example["id"] and body["records"]
        check_times(body)
        for record in body["records"]:
            names = {"record_id", "collection_id", "position", "url", "collected_at", "raw_path"}
            assert set(record) >= names and Path(record["raw_path"]).is_file()


def test_edits_and_drops_are_undone_and_redone_to_the_same_hash(collected: Program) -> None:
    before = collected.json("dataset", "list").done()["versions"][0]
    first, second, third = [example["id"] for example in examples_of(collected)[:3]]
    text = "A better answer: plain, true and short enough to be read at once."
    edited = collected.json("dataset", "edit", first, "--set", f"assistant={text}").done()
    assert set(edited) >= EDITED and edited["changed"] == [first] and edited["content_hash"] != before["content_hash"]
    changed = {example["id"]: example for example in examples_of(collected)}
    assert changed[first]["messages"][-1]["content"] == text
    dropped = collected.json("dataset", "drop", second, third).done()
    assert sorted(dropped["changed"]) == sorted([second, third])
    difference = collected.json("dataset", "diff", before["dataset_version"], dropped["dataset_version"]).done()
    assert difference["added"] == [] and difference["edited"] == [first]
    assert sorted(difference["removed"]) == sorted([second, third])
    again = prepared(collected)
    check_prepared(again)
    assert again["content_hash"] == dropped["content_hash"] and again["dropped"]["by_hand"] == 2
    assert collected.json("dataset", "undo").done()["content_hash"] == edited["content_hash"]
    undone = collected.json("dataset", "undo").done()
    assert undone["content_hash"] == before["content_hash"] and undone["dataset_version"] == before["dataset_version"]
    assert collected.json("dataset", "redo").done()["content_hash"] == edited["content_hash"]
    assert collected.json("dataset", "undo").done()["content_hash"] == before["content_hash"]
    assert prepared(collected)["content_hash"] == before["content_hash"]


def test_messages_are_set_by_their_place(collected: Program) -> None:
    one = examples_of(collected)[0]
    assert collected.json(
        "dataset", "edit", one["id"], "--set", "messages[0].content=Be brief.", "--set", "user=Hello?"
    ).done()
    changed = {example["id"]: example for example in examples_of(collected)}[one["id"]]["messages"]
    assert changed[0]["content"] == "Be brief." and changed[-2] == {"role": "user", "content": "Hello?"}
    collected.json("dataset", "undo").done()
    collected.json("dataset", "edit", one["id"], "--set", "messages[9].content=x").failed(2)
    collected.json("dataset", "edit", "ex-nothing", "--set", "assistant=x").failed(2)


@pytest.mark.slow  # tests/quality/test_replay_hashes.py holds it in the default suite
def test_the_recipe_is_replayed_to_the_same_hash_in_another_workspace(collected: Program, tmp_path: Path) -> None:
    one = examples_of(collected)[4]["id"]
    collected.json(
        "dataset", "edit", one, "--set", "assistant=An answer that was mended by hand, in one sentence."
    ).done()
    raw = Path(collected.json("collect", "list").done()["collections"][-1]["raw_path"])
    wanted = prepared(collected)
    shutil.copy(collected.workspace / "recipe.toml", tmp_path / "recipe.toml")
    other = collected.elsewhere("replayed")
    snapshot = collected.json("collect", "list").done()["collections"][-1]["snapshot_id"]
    other.json("collect", "snapshot", snapshot).done()
    replayed = other.json("prepare", "--recipe", str(tmp_path / "recipe.toml"), "--workers", "2").done()
    assert replayed["content_hash"] == wanted["content_hash"] and raw.exists()
    assert [example["id"] for example in examples_of(other)] == [example["id"] for example in examples_of(collected)]
    collected.json("dataset", "undo").done()


def rows(first: int, last: int) -> list[dict[str, str]]:
    places = ("harbour", "meadow", "station", "museum", "garden", "bridge", "tower", "market", "mill", "chapel")
    words = (
        "granite",
        "copper",
        "linen",
        "walnut",
        "silver",
        "canvas",
        "marble",
        "velvet",
        "bamboo",
        "porcelain",
        "cork",
    )
    return [
        {
            "prompt": f"What stands at the {places[n % 10]} number {n}?",
            "completion": " ".join(
                f"{words[(n * k + k) % 11]} {places[(n + k * k) % 10]} {n * k}" for k in range(1, 9)
            ),
        }
        for n in range(first, last)
    ]


def write(path: Path, content: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in content))
    return path


@pytest.mark.slow  # tests/quality/test_replay_hashes.py holds it in the default suite
def test_the_hash_knows_nothing_of_order_workspace_and_collections(program: Program, tmp_path: Path) -> None:
    parts = [write(tmp_path / f"part-{n}.jsonl", rows(n * 20, n * 20 + 20)) for n in range(3)]
    whole = write(tmp_path / "renamed.jsonl", list(reversed(rows(0, 60))))
    one, two = program.elsewhere("hash-one"), program.elsewhere("hash-two")
    for part in parts:
        body = one.json("import", str(part)).done()
        assert body["records"] == body["new"] + body["changed"] + body["duplicates"] == 20 and body["rejected"] == 0
        assert set(body) >= {"collection_id", "files", "records", "rejected", "new", "duplicates", "rejects_path"}
    assert one.json("import", str(parts[0])).done()["duplicates"] == 20
    assert two.json("import", str(whole)).done()["new"] == 60
    first, second = prepared(one), prepared(two)
    check_prepared(first)
    assert first["content_hash"] == second["content_hash"] and first["splits"] == second["splits"]
    assert [example["id"] for example in examples_of(one)] == [example["id"] for example in examples_of(two)]


def test_the_test_split_is_frozen_once_it_was_used(program: Program, tmp_path: Path) -> None:
    mine = program.elsewhere("frozen")
    mine.json("import", str(write(tmp_path / "first.jsonl", rows(0, 60)))).done()
    prepared(mine)
    mine.json("dataset", "export").done()
    before = {example["id"]: example["split"] for example in examples_of(mine)}
    mine.json("import", str(write(tmp_path / "more.jsonl", rows(60, 120)))).done()
    body = prepared(mine)
    check_prepared(body)
    after = {example["id"]: example["split"] for example in examples_of(mine)}
    assert len(after) > len(before) and set(before) <= set(after)
    tests = {one for one, split in before.items() if split == "test"}
    assert tests and all(after[one] == "test" for one in tests)
    assert not {one for one, split in before.items() if split != "test" and after[one] == "test"}


def test_setting_the_recipe_leaves_the_hash_open(program: Program) -> None:
    mine = program.elsewhere("set")
    body = mine.json("recipe", "set", "steps.length.enabled=true", "steps.length.minimum=50").done()
    assert body == {"content_hash": None, "changed": ["steps.length.enabled", "steps.length.minimum"]}
    shown = mine.json("recipe", "show").done()
    assert shown["steps"]["length"] == {"enabled": True, "minimum": 50, "maximum": 0}
    assert {name: shown["split"][name] for name in SPLITS} == {"train": 0.8, "validation": 0.1, "test": 0.1}
    assert mine.json("recipe", "set", "steps.length.minimum=50").done()["changed"] == []
    steps = {step["name"]: step for step in mine.json("recipe", "steps").done()["steps"]}
    option = next(one for one in steps["length"]["options"] if one["name"] == "minimum")
    assert {"default", "help"} <= set(option) and option["value"] == 50


def test_validate_tells_line_code_and_message_and_repairs_the_flat_form(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "flat.jsonl"
    flat = [{"system": "Be true.", "user": row["prompt"], "assistant": row["completion"]} for row in rows(0, 12)]
    write(path, flat)
    with path.open("a") as stream:
        stream.write("{broken\n")
    body = program.json("validate", str(path)).body
    assert set(body) >= {"ok", "examples", "errors", "warnings", "tokens", "repaired"} and body["ok"] is False
    assert all(set(one) >= {"line", "code", "message"} for one in body["errors"] + body["warnings"])
    assert 13 in {one["line"] for one in body["errors"]}
    ended = program.json("validate", str(path))
    assert ended.code == 1
    repaired = program.json("validate", str(path), "--repair", str(tmp_path / "out.jsonl")).body["repaired"]
    assert repaired == str(tmp_path / "out.jsonl")
    assert program.json("validate", repaired).done()["examples"] == 12


def test_keys_ledger_doctor_and_paths_have_their_fields(collected: Program) -> None:
    keys = {key["name"]: key for key in collected.json("keys", "list").done()["keys"]}
    assert set(keys) >= {"brightdata", "openai", "nebius", "together", "foundry", "huggingface"}
    assert keys["brightdata"]["source"] == "environment" and keys["brightdata"]["last4"] == "77f2"
    assert keys["openai"]["source"] == "none" and set(keys["openai"]) >= {"name", "source", "last4"}
    checked = collected.json("keys", "check", "brightdata").done()["keys"][0]
    assert checked["valid"] is True and isinstance(checked["detail"], str)
    bad = collected.using(BRIGHTDATA_API_TOKEN="bad-key-123456").json("keys", "check", "brightdata")
    assert bad.code == 5 and bad.body["keys"][0]["valid"] is False
    ledger = collected.json("ledger").done()
    check_times(ledger)
    assert {entry["kind"] for entry in ledger["entries"]} == {"estimate", "charge"} and ledger["unknown"] == []
    assert all(set(one) >= {"name", "state", "detail", "remedy"} for one in collected.json("doctor").done()["checks"])
    assert set(collected.json("paths").done()) >= {"workspace", "config", "models", "logs"}


def test_providers_and_bases_have_their_fields(collected: Program) -> None:
    providers = collected.json("providers").done()["providers"]
    assert [one["name"] for one in providers] == ["local", "openai"]
    assert next(one["closes_on"] for one in providers if one["name"] == "openai") == "2027-01-06"
    bases = collected.json("bases").done()
    for base in bases["bases"]:
        assert {"model", "size_bytes", "licence", "context", "shutdown_date", "trainable_here"} <= set(base)
    estimate = collected.json("estimate").done()
    assert set(estimate) >= {
        "provider", "base_model", "tokens", "epochs", "cost", "seconds", "memory_bytes", "disk_bytes", "basis",
        "prices_dated",
    }  # fmt: skip
    assert estimate["provider"] == "local" and estimate["cost"] == 0 and estimate["basis"]
