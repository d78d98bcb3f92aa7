"""Bad input: a clear error with the documented exit code, nothing half written, and the next run works."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.program import COLLECT, Program, acting_characters, sandbox

IS_WARM = True  # test_second_process and test_command_line start the commands cold
ESC = "\x1b"
HOSTILE = f"{ESC}]52;c;aGFja2Vk\x07 {ESC}[2J\x9b31m [@click=app.quit]press[/] \u202egnp.exe\u2066 [bold red]{ESC}]8;;http://x\x07\r\x08"
ROWS = [
    {"prompt": f"What is {n} times {n + 3}?", "completion": f"It is {n * (n + 3)}, as {n} rows of {n + 3} show."}
    for n in range(30)
]


def jsonl(rows: list[dict[str, object]] | list[dict[str, str]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def online(program: Program) -> Iterator[Program]:
    with sandbox(program) as online:
        yield online


@pytest.fixture
def fresh(program: Program, request: pytest.FixtureRequest) -> Program:
    return program.elsewhere(f"w-{abs(hash(request.node.name))}")


def test_an_unknown_scraper_is_refused_with_near_names(online: Program) -> None:
    line = (
        "collect",
        "brightdata",
        "--scraper",
        "amazon-prducts",
        "--input",
        "category_url=https://x.example",
        "--yes",
    )
    body = online.json(*line).failed(2, "not_found")
    assert "amazon-prducts" in body["error"]["message"] and "scrapers" in body["error"]["hint"]


@pytest.mark.parametrize("key", ["bad-key-123456", "broke-key-123456"])
def test_a_refused_key_ends_with_5_and_a_good_one_works_next(online: Program, fresh: Program, key: str) -> None:
    person = online.using(WEBTUNE_WORKSPACE=str(fresh.workspace))
    body = person.using(BRIGHTDATA_API_TOKEN=key).json(*COLLECT).failed(5, "credential_refused")
    assert key not in json.dumps(body) and body["state"] == "failed"
    assert person.json(*COLLECT).done()["state"] == "ready"


def test_no_key_ends_with_5_and_says_how_to_set_one(online: Program, fresh: Program) -> None:
    person = online.using(WEBTUNE_WORKSPACE=str(fresh.workspace), BRIGHTDATA_API_TOKEN="")
    assert "BRIGHTDATA_API_TOKEN" in person.json(*COLLECT).failed(5)["error"]["hint"]


def test_a_service_that_is_not_there_ends_with_3(fresh: Program) -> None:
    person = fresh.using(WEBTUNE_BRIGHTDATA_URL="http://127.0.0.1:9", BRIGHTDATA_API_TOKEN="sandbox-key")
    body = person.json(*COLLECT).failed(3, "offline")
    assert body["error"]["retryable"] is True


def test_a_missing_file_is_usage(fresh: Program) -> None:
    assert "nothing.jsonl" in fresh.json("import", "nothing.jsonl").failed(2)["error"]["message"]
    fresh.json("validate", "nothing.jsonl").failed(1)
    assert not fresh.workspace.exists()


def test_a_folder_without_usable_files_names_each_with_its_reason(fresh: Program) -> None:
    folder = fresh.folder / "unusable"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    (folder / "empty.jsonl").touch()
    body = fresh.json("import", str(folder)).failed(1)
    assert {Path(one["path"]).name for one in body["files"]} == {"photo.jpg", "empty.jsonl"}
    assert all(one["format"] is None and one["reason"] and Path(one["path"]).is_absolute() for one in body["files"])
    assert fresh.json("import", str(folder)).failed(1)


def test_a_broken_line_is_rejected_with_its_number_and_the_rest_is_kept(fresh: Program) -> None:
    path = fresh.folder / "broken.jsonl"
    lines = jsonl(ROWS).splitlines()
    path.write_bytes("\n".join([*lines[:4], '{"prompt": "cut', *lines[4:]]).encode() + b'\n{"prompt": "\xff\xfe"}\n')
    body = fresh.json("import", str(path)).done()
    assert (body["records"], body["rejected"], body["new"], body["duplicates"]) == (30, 2, 30, 0)
    assert set(body["files"][0]) >= {"path", "format", "encoding", "records", "rejected"}
    rejects = [json.loads(line) for line in Path(body["rejects_path"]).read_text().splitlines()]
    assert [reject["line"] for reject in rejects] == [5, 32] and all(reject["reason"] for reject in rejects)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{{{{\n[[[\n", b'{"a": ', b"\x00\x01\x02" * 400])
def test_a_file_without_a_usable_record_ends_with_1(fresh: Program, content: bytes) -> None:
    path = fresh.folder / "useless.json"
    path.write_bytes(content)
    fresh.json("import", str(path)).failed(1)
    path.write_text(jsonl(ROWS))
    assert fresh.json("import", str(path)).done()["records"] == 30


def test_an_unknown_encoding_or_format_is_usage(fresh: Program) -> None:
    path = fresh.folder / "rows-for-options.jsonl"
    path.write_text(jsonl(ROWS))
    fresh.json("import", str(path), "--encoding", "klingon").failed(2)
    fresh.json("import", str(path), "--format", "klingon").failed(2)


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root reads everything")
def test_an_unreadable_file_ends_with_1(program: Program) -> None:
    path = program.folder / "unreadable.jsonl"
    path.write_text(jsonl(ROWS))
    path.chmod(0)
    if os.geteuid() != 0:
        body = program.elsewhere("unreadable").json("import", str(path)).failed(1)
        assert "unreadable" in body["error"]["message"]


def test_too_few_examples_cannot_be_trained_on(fresh: Program) -> None:
    path = fresh.folder / "few.jsonl"
    path.write_text(jsonl(ROWS[:6]))
    fresh.json("import", str(path)).done()
    assert fresh.json("prepare").done()["examples"] == 6
    body = fresh.json("train", "--base", "fake").failed(1, "invalid_input")
    assert "10" in body["error"]["message"] and "prepare" in body["error"]["hint"]
    assert fresh.json("jobs", "list").done()["jobs"] == []


@pytest.mark.parametrize(
    "assignment",
    ["steps.length.minimum=x", "steps.nothing.enabled=true", "split.train=7", "steps.near_duplicates.similarity=3",
     "frobnicate=1", "steps.token_budget.maximum=-5", "template.user={unclosed", "split.seed=x",
     "steps.length.enabled=perhaps"],
)  # fmt: skip
def test_a_misfit_recipe_value_is_refused_and_changes_nothing(program: Program, assignment: str) -> None:
    mine = program.elsewhere("misfit")
    before = mine.json("recipe", "show").done()
    body = mine.json("recipe", "set", "split.seed=9", assignment).failed(2)
    assert assignment.partition("=")[0].split(".")[-1] in body["error"]["message"] or body["error"]["hint"]
    assert mine.json("recipe", "show").done() == before


def test_a_broken_recipe_names_the_line_and_is_left_alone(fresh: Program) -> None:
    path = fresh.folder / "few.jsonl"
    path.write_text(jsonl(ROWS))
    fresh.json("import", str(path)).done()
    recipe = fresh.workspace / "recipe.toml"
    for text in ("[split\n", "[steps.frobnicate]\nenabled = true\n", "[split]\ntrain = 2.0\n", "surprise = 1\n"):
        recipe.write_text(text)
        fresh.json("prepare").failed(2)
        assert recipe.read_text() == text
    recipe.unlink()
    assert fresh.json("prepare").done()["examples"] == 30


@pytest.mark.parametrize(
    "text",
    ["[money]\ncap = 3\n", "[frobnicate]\nx = 1\n", "[money]\ncap_usd = 'much'\n", "[money\n", "top = 1\n",
     "[money]\ncap_usd = nan\n", "[money]\ncap_usd = -1\n"],
)  # fmt: skip
def test_an_unknown_or_misfit_setting_is_refused(fresh: Program, text: str) -> None:
    fresh.workspace.mkdir()
    (fresh.workspace / "webtune.toml").write_text(text)
    body = fresh.json("jobs", "list").failed(2)
    assert "webtune.toml" in body["error"]["message"]


@pytest.mark.parametrize(
    "text",
    ['[providers.mine]\nbase_url = "http://x"\napi_key = "sk-canary-123"\n', '[money]\ntoken = "sk-canary-123"\n'],
)
def test_a_secret_in_a_settings_file_is_refused_and_not_shown(program: Program, tmp_path: Path, text: str) -> None:
    mine = Program(tmp_path)
    mine.config_file.parent.mkdir(parents=True)
    mine.config_file.write_text(text)
    ended = mine.json("jobs", "list")
    assert "keys set" in ended.failed(2)["error"]["hint"] and "canary" not in ended.out + ended.err


def test_a_workspace_of_a_newer_program_is_refused_and_left_alone(fresh: Program) -> None:
    path = fresh.folder / "newer.jsonl"
    path.write_text(jsonl(ROWS))
    fresh.json("import", str(path)).done()
    with sqlite3.connect(fresh.workspace / "workspace.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    for line in (("import", str(path)), ("jobs", "list"), ("dataset", "list"), ("prepare",)):
        body = fresh.json(*line).failed(1, "storage_failed")
        assert "999" in body["error"]["message"] and "newer" in body["error"]["hint"]


def test_a_workspace_that_is_no_folder_or_no_database_is_told(fresh: Program) -> None:
    path = fresh.folder / "a-file"
    path.write_text("x")
    fresh.json("import", "x", "-w", str(path)).failed(2)
    path2 = fresh.folder / "rows-again.jsonl"
    path2.write_text(jsonl(ROWS))
    fresh.json("import", str(path2), "-w", str(path)).failed(2)
    assert path.read_text() == "x"
    fresh.workspace.mkdir()
    (fresh.workspace / "workspace.db").write_text("this is no database at all" * 100)
    fresh.json("import", str(path2)).failed(1, "storage_failed")
    fresh.json("jobs", "list").failed(1, "storage_failed")


@pytest.mark.slow
def test_hostile_words_reach_no_terminal(fresh: Program) -> None:
    fresh = replace(fresh, is_warm=False)
    path = fresh.folder / f"evil-{ESC}[2J\u202e[@click=app.quit].jsonl"
    rows: list[dict[str, object]] = [
        {"prompt": f"{row['prompt']} {HOSTILE}", "completion": f"{HOSTILE} {row['completion']}", HOSTILE: HOSTILE}
        for row in ROWS
    ]
    path.write_text(jsonl(rows) + f'{{"broken {HOSTILE}\n')
    recipe = fresh.folder / "evil.toml"
    recipe.write_text(
        '[template]\nuser = "{prompt}"\nassistant = "{completion}"\n[steps."\\u001b[2J"]\nenabled = true\n'
    )
    lines: list[tuple[str, ...]] = [
        ("import", str(path), "-v"), ("collect", "list"), ("prepare", "-v"), ("dataset", "show"), ("dataset", "stats"),
        ("dataset", "export"), ("dataset", "list"), ("dataset", "lineage", HOSTILE), ("jobs", "show", HOSTILE),
        ("recipe", "set", f"template.user={HOSTILE}"), ("recipe", "show"), ("validate", str(path)),
        ("collect", "scrapers", "--search", HOSTILE), ("prepare", "--recipe", str(recipe)),
        ("import", HOSTILE.replace("/", "")),
        (HOSTILE,), ("train", "--base", HOSTILE), ("keys", "check", HOSTILE), ("bases", "--provider", HOSTILE),
        ("dataset", "diff", HOSTILE, HOSTILE), ("chat", "--once", HOSTILE, "--model", HOSTILE),
        ("estimate", "--set", HOSTILE),
        ("paths", "-w", f"here{ESC}[2J"),
    ]  # fmt: skip
    for line in lines:
        for form in ((), ("--json",)):
            ended = fresh(*line, *form)
            assert acting_characters(ended.out + ended.err) == [], (line, form)
            assert ended.code in (0, 1, 2, 5) and "\r" not in ended.out + ended.err, (line, ended)
            if form:
                assert isinstance(ended.body, dict)
    origin = fresh.json("dataset", "show", "--limit", "1").done()["examples"][0]["id"]
    for form in ((), ("--json",)):
        ended = fresh("dataset", "lineage", origin, *form)
        assert ended.code == 0 and acting_characters(ended.out) == []


def test_no_space_leaves_nothing_half_written_and_the_next_run_works(program: Program, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        many, few = tmp_path / "many.jsonl", tmp_path / "few.jsonl"
        many.write_text(jsonl([{"prompt": f"Number {n}?", "completion": f"{n} " * 90} for n in range(1200)]))
        few.write_text(jsonl(ROWS))
        tight = program.using(WEBTUNE_WORKSPACE=str(small / "workspace"))
        tight.json("import", str(few)).done()
        recipe = tight.json("recipe", "show").done()
        ballast = small / "ballast"
        with ballast.open("wb") as stream:
            free = os.statvfs(small)
            stream.write(bytes(free.f_bavail * free.f_frsize - 8 * 1024))
        for line in (("import", str(many)), ("prepare",)):
            body = tight.json(*line).failed(1, "no_space")
            assert "space" in body["error"]["message"].lower() or "free" in body["error"]["message"]
        states = [one["state"] for one in tight.json("collect", "list").done()["collections"]]
        assert states.count("ready") == 1 and tight.json("dataset", "list").done()["versions"] == []
        assert tight.json("recipe", "show").done() == recipe
        assert not list((small / "workspace").rglob("*.part"))
        ballast.unlink()
        assert tight.json("import", str(few)).done()["duplicates"] == 30
        assert tight.json("prepare").done()["examples"] == 30
    finally:
        subprocess.run(["umount", str(small)], check=True)
