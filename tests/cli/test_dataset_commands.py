"""``prepare``, ``dataset``, ``recipe`` and ``validate``: the JSON of the contract, and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.cli.main import run
from webtune_tui.storage.workspace import Workspace


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
    assert ("error" in body) == (code not in (0, 1) or ("ok" not in body and code != 0))
    return body


def with_records(root: Path, count: int = 14) -> None:
    with Workspace.open(root, command="test") as workspace:
        add_records(
            workspace, [*(product(number) for number in range(count)), {"error": "x", "error_code": "dead_page"}]
        )


def test_a_recipe_that_is_none_says_what_to_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root, 1)
    folder = command(capsys, "prepare", "--recipe", str(root), code=2)["error"]
    assert "is a folder" in folder["message"] and "recipe.toml" in folder["hint"]
    missing = command(capsys, "prepare", "--recipe", str(root / "no.toml"), code=2)["error"]
    assert str(root / "recipe.toml") in missing["hint"]
    assert "'x' is no whole number" in command(capsys, "prepare", "--seed", "x", code=2)["error"]["message"]


@pytest.mark.parametrize(
    "line",
    [
        ("dataset", "show", "\udcff"),
        ("dataset", "edit", "ex-1", "--set", "assistant=\udcff"),
        ("recipe", "set", "template.user=\udcff"),
    ],
    ids=["version", "edit", "recipe"],
)
def test_words_that_are_no_text_are_refused(line: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert "is no UTF-8 text" in command(capsys, *line, code=2)["error"]["message"]


def test_the_journey_from_records_to_files(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root)
    report = command(capsys, "prepare")
    assert {
        "dataset_version", "content_hash", "records", "records_used", "examples", "dropped", "changed", "redacted",
        "duplicates", "splits", "leak", "tokens", "seconds",
    } <= set(report)  # fmt: skip
    assert (report["records"], report["records_used"], report["dropped"]) == (15, 14, {"error": 1})
    assert set(report["splits"]) == {"train", "validation", "test"}
    assert set(report["leak"]) == {"shared_clusters", "random_split_rate"}
    assert set(report["tokens"]) == {"total", "per_split", "encoding"}

    listed = command(capsys, "dataset", "list")["versions"]
    assert [one["content_hash"] for one in listed] == [report["content_hash"]]
    assert {"dataset_version", "content_hash", "examples", "splits", "created"} <= set(listed[0])

    shown = command(capsys, "dataset", "show", report["dataset_version"], "--limit", "2", "--offset", "1")
    assert shown["dataset_version"] == report["dataset_version"]
    assert [set(one) >= {"id", "split", "messages", "flags"} for one in shown["examples"]] == [True, True]
    taken = root.parent / "taken"
    taken.write_text("a file")
    refused = command(capsys, "dataset", "export", "--out", str(taken), code=1)["error"]
    assert "taken is no folder" in refused["message"] and "--out DIR" in refused["hint"]
    assert run(["dataset", "dropped", "--reason", "eror"]) == 0
    assert "There are: error 1." in capsys.readouterr().out

    one = shown["examples"][0]["id"]
    assert command(capsys, "dataset", "show", "--where", "split=test")["total"] == report["splits"]["test"]

    edited = command(capsys, "dataset", "edit", one, "--set", "assistant=A = B.", "--set", "user=Really?")
    assert {"dataset_version", "content_hash", "changed"} <= set(edited)
    assert edited["changed"] == [one]
    dropped = command(capsys, "dataset", "drop", shown["examples"][1]["id"])
    assert command(capsys, "dataset", "diff", report["dataset_version"], dropped["dataset_version"]) == {
        "added": [],
        "removed": [shown["examples"][1]["id"]],
        "edited": [one],
    }
    assert command(capsys, "dataset", "undo")["content_hash"] == edited["content_hash"]
    assert command(capsys, "dataset", "redo")["content_hash"] == dropped["content_hash"]
    again = command(capsys, "prepare")
    assert again["content_hash"] == dropped["content_hash"]
    assert again["dropped"] == {"by_hand": 1, "error": 1}

    lineage = command(capsys, "dataset", "lineage", one)
    assert lineage["example_id"] == one
    assert set(lineage["records"][0]) == {
        "record_id", "collection_id", "position", "url", "collected_at", "raw_path", "raw", "raw_state", "raw_note",
        "source", "also_in", "deleted_at",
    }  # fmt: skip
    statistics = command(capsys, "dataset", "stats")
    assert statistics["examples"] == 13 and statistics["flags"]["edited"] == 1
    splits = next(group for group in statistics["groups"] if group["name"] == "splits")
    assert [(row["condition"], row["count"]) for row in splits["rows"]] == [
        (f'split = "{split}"', count) for split, count in statistics["splits"].items()
    ]
    assert run(["dataset", "stats"]) == 0
    told = capsys.readouterr().out
    assert "13 examples" in told and "Half of the examples have" in told and "trained tokens, no money" in told
    assert "  edited                   █" in told
    packing = command(capsys, "dataset", "packing", "--sequence-length", "4096", "--batch-size", "2")
    assert packing["sequences"] == 1 < packing["examples"] <= 13
    assert packing["steps_packed"] == 1 < packing["steps_alone"]

    exported = command(capsys, "dataset", "export")
    assert (exported["format"], exported["content_hash"]) == ("openai", dropped["content_hash"])
    assert sum(exported["examples"].values()) == 13
    for split, path in exported["paths"].items():
        assert Path(path).is_absolute()
        assert len(Path(path).read_text().splitlines()) == exported["examples"][split]
    checked = command(capsys, "validate", exported["paths"]["train"])
    assert (checked["ok"], checked["examples"], checked["errors"]) == (True, exported["examples"]["train"], [])
    assert checked["tokens"] > 0


def test_examples_are_shown_by_typed_conditions_in_any_order(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root)
    total = command(capsys, "prepare")["examples"]

    def show(*arguments: str, code: int = 0) -> dict[str, Any]:
        return command(capsys, "dataset", "show", *arguments, code=code)

    by_length = show("--sort", "tokens", "--descending")
    lengths = [one["tokens"] for one in by_length["examples"]]
    assert lengths == sorted(lengths, reverse=True) and len(lengths) == total
    middle = lengths[len(lengths) // 2]
    longer = show("--where", f"tokens > {middle} and not (split = nowhere or flag:edited)")
    assert longer["total"] == sum(one > middle for one in lengths)
    rest = show("--where", f"tokens >= {middle}", "--sort", "tokens", "--offset", "1", "--limit", "2")["examples"]
    assert [one["tokens"] for one in rest] == sorted(one for one in lengths if one >= middle)[1:3]

    word = by_length["examples"][0]["messages"][-1]["content"].split()[0]
    found = show("--where", word)["total"]
    assert 0 < found == show("--where", f"text ~ '{word}'")["total"]
    assert show("--where", f"tokens > 0 and {word}")["total"] == found
    in_split = show("--where", f"{word} and split=train")["total"]
    assert in_split == show("--where", f"split = train and text ~ '{word}'")["total"]
    assert run(["dataset", "show", "--where", "no such words"]) == 0
    assert "looked for the words “no such words”" in capsys.readouterr().out
    assert run(["dataset", "show", "--offset", "900"]) == 0
    assert f"{total} examples fit; none of them" in capsys.readouterr().out


def test_what_is_meant_as_a_condition_and_is_none_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root, 1)
    command(capsys, "prepare")
    for arguments, words in (
        (("--where", "price > 5"), "no 'price' to filter by"),
        (("--where", "tokens >"), "can't be read at character 9"),
        (("--where", "tokens > 5 and colour is empty"), "no 'colour' to filter by"),
        (("--where", "split=all"), "no split 'all'"),
        (("--where", "kettle and split = nowhere"), "no split 'nowhere'"),
        (("--where", 'text ~ "open'), "the closing quote"),
        (("--sort", "colour"), "can't be sorted by 'colour'"),
    ):
        error = command(capsys, "dataset", "show", *arguments, code=2)["error"]
        assert words in error["message"] and error["hint"]


def test_dropped_rows_and_clusters_are_listed_and_brought_back(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(root, command="test") as workspace:
        twin = product(0, asin="B9", description=product(0)["description"].upper())
        add_records(workspace, [*(product(number) for number in range(12)), product(50, description="N/A"), twin])
    command(capsys, "prepare")
    (row,) = command(capsys, "dataset", "dropped", "--reason", "placeholder")["dropped"]
    assert (row["position"], row["detail"], row["keeper"]) == (12, "N/A", None)
    (cluster,) = command(capsys, "dataset", "clusters")["clusters"]
    assert [member["reason"] for member in cluster["members"]] == ["exact_duplicate"]
    back = command(capsys, "dataset", "restore", row["example_id"])
    assert (back["changed"], back["waiting"]) == ([], [row["example_id"]])
    assert command(capsys, "prepare")["examples"] == 13


def test_triage_counts_ten_kinds_of_harm(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root)
    told = command(capsys, "dataset", "triage")
    assert len(told["tiles"]) == 10 and told["examples"] is None and (told["records"], told["pairs"]) == (15, 15)
    for tile in told["tiles"]:
        assert {"name", "count", "examples"} <= set(tile) and len(tile["examples"]) == min(tile["count"], 200)
    (empty,) = [tile for tile in told["tiles"] if tile["name"] == "empty"]
    assert empty["count"] == 1 and empty["after"] is None and empty["examples"][0].startswith("ex-")
    command(capsys, "prepare")
    again = command(capsys, "dataset", "triage", "--workers", "1")
    assert again["tiles"][-1]["after"] == 0 and again["examples"] == 14 and "shared_clusters" in again["leak"]


def test_the_recipe_is_shown_and_set(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_records(root)
    recipe = command(capsys, "recipe", "show")
    assert recipe["split"] == {"train": 0.8, "validation": 0.1, "test": 0.1, "seed": 42}
    steps = command(capsys, "recipe", "steps")["steps"]
    assert [step["name"] for step in steps] == list(recipe["steps"])
    assert all({"name", "enabled", "options", "title"} <= set(step) for step in steps)
    changed = command(capsys, "recipe", "set", "steps.length.enabled=true", "steps.length.minimum=60", "split.seed=42")
    assert changed == {"content_hash": None, "changed": ["steps.length.enabled", "steps.length.minimum"]}
    assert command(capsys, "recipe", "show")["steps"]["length"] == {"enabled": True, "minimum": 60, "maximum": 0}
    steps_set = ("steps.lenght.minimum=3", "steps.length.minimum=x")
    for wrong in (*steps_set, "split.test=2", "nosuch=1", "split.seed", "templates.a.weight=2"):
        assert command(capsys, "recipe", "set", wrong, code=2)["error"]["hint"]
    template = ["template.user=About {title}\nBy {brand}", "template.assistant={description}"]
    command(capsys, "recipe", "set", *template)
    command(capsys, "prepare")
    shown = command(capsys, "dataset", "show", "--limit", "1")["examples"][0]
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant"]
    assert shown["messages"][0]["content"].startswith("About ")


def test_a_broken_file_ends_with_one_and_names_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flat = tmp_path / "flat.jsonl"
    flat.write_text("".join(json.dumps({"user": f"Hi {n}", "assistant": "Hello"}) + "\n" for n in range(12)) + "{\n")
    report = command(capsys, "validate", str(flat), "--repair", str(tmp_path / "chat.jsonl"), code=1)
    assert set(report) >= {"ok", "examples", "errors", "warnings", "tokens", "repaired", "repairs"}
    assert {"line": 13, "code": "json_error"}.items() <= report["errors"][12].items()
    assert report["repaired"] == str(tmp_path / "chat.jsonl")
    assert command(capsys, "validate", report["repaired"])["examples"] == 12


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("prepare",), 1),
        (("dataset", "show"), 2),
        (("dataset", "undo"), 2),
        (("dataset", "export"), 2),
        (("dataset", "lineage", "ex-1"), 2),
        (("dataset",), 2),
        (("validate", "nosuch.jsonl"), 1),
        (("validate", "nosuch.jsonl", "--provider", "nosuch"), 2),
        (("prepare", "--recipe", "nosuch.toml"), 2),
        (("prepare", "--seed", "x"), 2),
    ],
)
def test_what_can_not_be_done_says_so(
    arguments: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    body = command(capsys, *arguments, code=code)
    assert body["error"]["message"] and body["error"]["hint"]


def test_before_the_first_run_the_list_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(capsys, "dataset", "list") == {"versions": []}


def test_people_read_words_on_stdout_and_no_bytes_that_act(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(root, command="test") as workspace:
        add_records(workspace, [{"user": "Hi \x1b[31mred", "assistant": "Hello \x1b]0;x\x07there, how are you"}])
    run(["recipe", "set", "steps.normalise_text.enabled=false"])
    for arguments in (["prepare"], ["dataset", "list"], ["dataset", "show"], ["dataset", "stats"], ["recipe", "show"]):
        capsys.readouterr()
        assert run(arguments) == 0
        printed = capsys.readouterr()
        assert printed.out.strip()
        assert "\x1b" not in printed.out + printed.err and "\x07" not in printed.out + printed.err
