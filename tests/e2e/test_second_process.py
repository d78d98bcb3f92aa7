"""Two programs on one workspace: reading goes on, writing waits its turn and names who holds it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.program import COLLECT, Program
from webtune_tui.storage.workspace import Workspace

EXAMPLES = "".join(
    json.dumps(
        {"prompt": f"What is {n} times {n + 3}?", "completion": f"It is {n * (n + 3)}, as {n} rows of {n + 3} show."}
    )
    + "\n"
    for n in range(30)
)


@pytest.fixture(scope="module")
def held(program: Program) -> Iterator[Program]:
    """A prepared workspace that this process writes to."""
    (program.folder / "rows.jsonl").write_text(EXAMPLES)
    program.json("import", "rows.jsonl").done()
    program.json("prepare").done()
    with Workspace.open(program.workspace, command="webtune train"):
        yield program


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "rows.jsonl"), ("prepare",), COLLECT, ("collect", "resume"), ("train", "--yes"), ("dataset", "undo"),
        ("dataset", "export"), ("recipe", "set", "split.seed=1"), ("jobs", "cancel", "job-0", "--yes"), ("eval",),
    ],
)  # fmt: skip
def test_a_writing_command_ends_with_3_and_names_the_holder(held: Program, arguments: tuple[str, ...]) -> None:
    body = held.using(BRIGHTDATA_API_TOKEN="sandbox-key").json(*arguments).failed(3, "workspace_busy")
    assert f"pid {os.getpid()}" in body["error"]["message"] and "since 20" in body["error"]["message"]
    assert body["holder"]["pid"] == os.getpid() and body["holder"]["since"].endswith("Z")


@pytest.mark.parametrize(
    "arguments",
    [
        ("dataset", "list"), ("dataset", "show", "--limit", "2"), ("dataset", "stats"), ("recipe", "show"),
        ("recipe", "steps"), ("collect", "list"), ("jobs", "list"), ("ledger",), ("estimate",), ("providers",),
        ("bases",), ("keys", "list"), ("doctor",), ("paths",),
    ],
)  # fmt: skip
def test_a_reading_command_works_beside_it(held: Program, arguments: tuple[str, ...]) -> None:
    held.json(*arguments).done()


def test_reading_commands_leave_nothing_behind_and_take_no_lock(program: Program) -> None:
    nowhere = program.elsewhere("nowhere")
    for line in (
        ("jobs", "list"),
        ("dataset", "list"),
        ("collect", "list"),
        ("ledger",),
        ("recipe", "show"),
        ("providers",),
    ):
        nowhere.json(*line).done()
    assert not nowhere.workspace.exists()


def test_a_holder_that_died_holds_nothing(program: Program) -> None:
    left = program.elsewhere("left")
    (program.folder / "rows.jsonl").write_text(EXAMPLES)
    left.workspace.mkdir()
    (left.workspace / "workspace.lock").touch()
    note = {"pid": 2**22 - 1, "since": "2026-01-01T00:00:00.000Z", "host": "elsewhere", "command": "webtune train"}
    (left.workspace / "workspace.holder.json").write_text(json.dumps(note))
    assert left.json("import", str(Path("rows.jsonl"))).done()["records"] == 30
