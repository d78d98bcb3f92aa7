"""What every command promises: help, one JSON object, exit codes, options anywhere, calm ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.program import COLLECT, Program, acting_characters, running, sandbox

COMMANDS = (
    "demo", "keys", "keys set", "keys list", "keys check", "keys delete", "collect", "collect brightdata",
    "collect snapshot", "collect resume", "collect cancel", "collect list", "collect scrapers", "import", "prepare",
    "dataset", "dataset list", "dataset show", "dataset stats", "dataset diff", "dataset lineage", "dataset edit",
    "dataset drop", "dataset undo", "dataset redo", "dataset export", "recipe", "recipe show", "recipe steps",
    "recipe set", "validate", "estimate", "providers", "bases", "bases add", "train", "jobs", "jobs list",
    "jobs show", "jobs watch", "jobs cancel", "jobs pause", "jobs resume", "jobs events", "jobs metrics", "chat",
    "eval", "sandbox", "doctor", "paths", "ledger",
)  # fmt: skip
EMPTY_WORKSPACE = {
    "jobs list": {"jobs": []},
    "collect list": {"collections": []},
    "collect resume": {"collections": []},
    "dataset list": {"versions": []},
}


def test_every_help_starts_with_examples_and_names_the_common_options(program: Program) -> None:
    """In one process: what a fresh one adds, the next tests show."""
    script = (
        "import sys, io, json\nfrom contextlib import redirect_stdout\nfrom webtune_tui.cli.main import run\n"
        "told = {}\n"
        "for command in json.loads(sys.argv[1]):\n"
        "    with redirect_stdout(io.StringIO()) as out:\n"
        "        code = run([*command.split(), '--help'])\n"
        "    told[command] = [code, out.getvalue()]\n"
        "print(json.dumps(told))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, json.dumps(COMMANDS)],
        env=program.variables(), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    for command, (code, text) in json.loads(ended.stdout).items():
        assert code == 0 and text.startswith("examples:\n  "), command
        assert f"webtune {command}" in text.split("usage:")[0] or command == "sandbox", command
        for option in ("--workspace", "--json", "--yes", "--no-input", "--quiet", "--verbose", "--version", "--help"):
            assert option in text, (command, option)


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("train", "--help"), ("jobs", "watch", "-h")])
def test_help_is_printed_without_a_terminal(program: Program, arguments: tuple[str, ...]) -> None:
    ended = program(*arguments)
    assert (ended.code, ended.err) == (0, "") and ended.out.startswith("examples:\n")


@pytest.mark.parametrize("arguments", [("--version",), ("paths", "--version"), ("--version", "jobs", "list")])
def test_version_is_an_option_of_every_command(program: Program, arguments: tuple[str, ...]) -> None:
    ended = program(*arguments)
    assert ended.code == 0 and re.fullmatch(r"webtune \d+\.\d+\.\d+\S*\n", ended.out)
    assert set(program(*arguments, "--json").done()) == {"version"}


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("frobnicate",), ("train", "--frobnicate"), ("keys",), ("collect", "brightdata"), ("jobs", "show"),
        ("jobs", "frobnicate"), ("prepare", "--seed", "x"), ("dataset", "edit", "ex-1"), ("collect", "--deadline"),
        ("train", "--set", "max_steps"), ("dataset", "show", "--limit", "x"), ("keys", "set"), ("view",),
        ("prepare", "--sample", "-3"), ("prepare", "--workers", "0"), ("dataset", "show", "--limit", "-1"),
        ("train", "--epochs", "-2"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_meant_ends_with_2_and_one_object(program: Program, arguments: tuple[str, ...]) -> None:
    body = program.json(*arguments).failed(2)
    assert (set(body) == {"error"} and "--help" in body["error"]["hint"]) or arguments[:2] == ("train", "--set")


@pytest.mark.parametrize("command", EMPTY_WORKSPACE)
def test_lists_of_a_place_without_a_workspace_are_empty(program: Program, command: str) -> None:
    body = program.elsewhere(f"none-{command.replace(' ', '-')}").json(*command.split()).done()
    assert {key: body[key] for key in EMPTY_WORKSPACE[command]} == EMPTY_WORKSPACE[command]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("jobs", "show", "job-0"), 2), (("jobs", "watch", "job-0"), 2), (("jobs", "cancel", "job-0", "--yes"), 2),
        (("jobs", "events", "job-0"), 2), (("jobs", "metrics", "job-0"), 2), (("estimate",), 2), (("train",), 2),
        (("eval",), 2), (("chat", "--once", "hello"), 2), (("dataset", "show"), 2), (("dataset", "stats"), 2),
        (("dataset", "export"), 2), (("dataset", "undo"), 2), (("prepare",), 1), (("chat",), 2),
        (("bases", "--provider", "nowhere"), 2), (("train", "--provider", "nowhere"), 2),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_with_the_next_step(program: Program, arguments: tuple[str, ...], code: int) -> None:
    program.elsewhere("empty").json(*arguments).failed(code)


def test_options_are_taken_at_any_place(program: Program) -> None:
    place = program.folder / "elsewhere"
    for line in (
        ("--json", "-w", str(place), "paths"),
        ("-w", str(place), "paths", "--json"),
        ("paths", "--json", f"--workspace={place}"),
        (f"-w{place}", "--json", "-q", "paths", "--no-input", "-v"),
    ):
        assert program(*line).done()["workspace"] == str(place)
    for line in (("keys", "--json", "list"), ("--json", "keys", "list", "--yes"), ("keys", "list", "--json", "-q")):
        assert program(*line).done()["keys"]


def test_the_app_needs_a_terminal(program: Program) -> None:
    ended = program()
    assert (ended.code, ended.out) == (2, "") and "--help" in ended.err
    assert program("-w", str(program.folder / "x")).code == 2


def test_paths_are_absolute_and_relative_ones_are_taken_from_where_the_person_is(program: Program) -> None:
    body = program("paths", "--json", "-w", "here").done()
    assert body["workspace"] == str(program.folder / "here")
    assert all(Path(path).is_absolute() for path in body.values() if isinstance(path, str))


@pytest.mark.parametrize("arguments", [COLLECT[:-1], (*COLLECT[:-1], "--no-input")])
def test_a_money_question_without_a_terminal_names_the_flag(program: Program, arguments: tuple[str, ...]) -> None:
    asking = program.elsewhere("asking").using(
        WEBTUNE_BRIGHTDATA_URL="http://127.0.0.1:1", BRIGHTDATA_API_TOKEN="sandbox-key"
    )
    body = asking.json(*arguments).failed(2, "confirmation_needed")
    assert "--yes" in body["error"]["hint"]
    assert asking.json("collect", "list").done()["collections"] == []


@pytest.fixture
def hang_ups_are_told() -> Iterator[None]:
    """Programs started by the tests hear that a terminal is gone, though the tests themselves run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hang_ups_are_told")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_command_says_so_and_the_next_one_works(program: Program, name: str) -> None:
    codes = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
    quiet = program.using(NO_COLOR="1")
    with running(quiet.start("sandbox", "--json")) as process:
        assert process.stdout is not None and json.loads(process.stdout.readline())["base_url"]
        process.send_signal(getattr(signal, name))
        assert process.wait(20) == codes[name]


def test_an_interrupted_collection_prints_its_object_and_goes_on_later(program: Program) -> None:
    mine = program.elsewhere("interrupted")
    with running(mine.start("sandbox", "--speed", "0.05")) as server:
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["base_url"]
        asking = mine.using(WEBTUNE_BRIGHTDATA_URL=address, BRIGHTDATA_API_TOKEN="sandbox-key")
        with running(asking.start(*COLLECT, "--json")) as process:
            assert process.stderr is not None and process.stdout is not None
            for line in process.stderr:
                if "snapshot" in line:
                    break
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=20)
        assert process.returncode == 143
        body = json.loads(out)
        assert out.count("\n") == 1 and body["error"]["code"] == "interrupted" and body["error"]["hint"]
        listed = asking.json("collect", "list").done()["collections"]
        assert [(one["state"], bool(one["snapshot_id"])) for one in listed] == [("running", True)]


@pytest.mark.parametrize(
    "settings", [{"NO_COLOR": "1"}, {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}, {"TERM": "dumb"}]
)
@pytest.mark.slow
def test_poor_terminals_get_plain_words(program: Program, settings: dict[str, str]) -> None:
    plain = program.using(**settings)
    for line in (("doctor",), ("providers",), ("--help",), ("recipe", "steps"), ("frobnicate",)):
        ended = plain(*line)
        assert ended.code == (2 if line == ("frobnicate",) else 0), ended.err
        assert not acting_characters(ended.out + ended.err)
        if "LANG" in settings:
            assert (ended.out + ended.err).isascii() or os.environ.get("PYTHONUTF8") == "1"


def test_a_reader_that_leaves_early_is_no_fault(program: Program) -> None:
    for line in ("collect scrapers", "recipe steps", "doctor --json"):
        command = f"{sys.executable} -m webtune_tui {line} | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
        ended = subprocess.run(
            ["bash", "-c", command], env=program.variables(), cwd=program.folder, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, ""), line
    read, write = os.pipe()
    os.close(read)
    ended = program("collect", "scrapers", stdout=write)
    os.close(write)
    assert ended.code == 0 and ended.err == ""


def test_files_are_for_their_owner_alone_whatever_the_umask(program: Program) -> None:
    mine = program.elsewhere("modes")
    rows = program.folder / "modes.jsonl"
    rows.write_text(
        "".join(
            json.dumps({"prompt": f"What is {n} plus {n}?", "completion": f"It is {n + n}, as {n} and {n} show."})
            + "\n"
            for n in range(30)
        )
    )
    with sandbox(mine) as online:
        for line in (
            COLLECT,
            ("import", str(rows)),
            ("prepare",),
            ("dataset", "export"),
            ("recipe", "set", "split.seed=7"),
        ):
            assert online(*line, preexec_fn=lambda: os.umask(0)).code == 0
    found = list(mine.workspace.rglob("*"))
    assert len(found) > 12
    for path in [mine.workspace, *found]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.slow
def test_no_key_comes_out_or_stays_behind(program: Program) -> None:
    mine = program.elsewhere("canary")
    canary = "canary-4b1d9c7e2f"
    keys = {
        name: f"{canary}-{name.lower()}"
        for name in ("OPENAI_API_KEY", "NEBIUS_API_KEY", "TOGETHER_API_KEY", "HF_TOKEN")
    }
    printed = ""
    with sandbox(mine) as online:
        owner = online.using(**keys, BRIGHTDATA_API_TOKEN=f"{canary}-brightdata")
        bad = owner.using(BRIGHTDATA_API_TOKEN=f"bad-{canary}")
        for line in (
            COLLECT, ("prepare",), ("keys", "list"), ("doctor",), ("ledger",), ("collect", "list"), ("paths",),
            ("train", "--provider", "openai", "--base", f"gpt-{canary}x", "--no-input"),
        ):  # fmt: skip
            for form in ((), ("--json",)):
                ended = owner(*line, "-v", *form)
                printed += ended.out + ended.err
        printed += bad(*COLLECT, "-v", "--json").out
    assert canary not in printed.replace(f"gpt-{canary}x", "")
    for path in program.folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes().replace(f"gpt-{canary}x".encode(), b""), path
