"""A person is erased from every stage, also when the removal is killed; what can't be undone is named."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.purge.planted import FORMS, Planted, traces
from webtune_tui.cli.main import run
from webtune_tui.domain.examples import ContentSum, Split, body_digest
from webtune_tui.storage.database import Database
from webtune_tui.storage.kept_statistics import KeptStatistics

PERSON = [word for form in FORMS for word in ("--person", form)]


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def command(capsys: pytest.CaptureFixture[str], root: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert run([arguments[0], "-w", str(root), *arguments[1:], "--json"]) == code
    body: dict[str, Any] = json.loads(capsys.readouterr().out)
    return body


def files_of(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(("workspace.db", "workspace.holder", "workspace.lock"))
    }


def require_true_sums(root: Path) -> None:
    """Every version is named by what is in it."""
    database = Database(root / "workspace.db", read_only=True)
    with database.read() as connection:
        for row in connection.execute("SELECT * FROM revisions").fetchall():
            content, tokens = ContentSum(), 0
            for one in connection.execute(
                "SELECT messages, split, tokens FROM examples JOIN bodies USING (body_id) WHERE build = ?1"
                " AND since <= ?2 AND (until IS NULL OR until > ?2)",
                (row["build"], row["revision"]),
            ):
                content = content.add(body_digest(one["messages"], Split(one["split"])))
                tokens += one["tokens"]
            assert (row["content_hash"], row["examples"], row["tokens"]) == (content.hexdigest(), content.count, tokens)
            assert row["train"] + row["validation"] + row["test"] == row["examples"]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()


def require_no_statistics(root: Path) -> None:
    database = Database(root / "workspace.db", read_only=True)
    assert not KeptStatistics(database).entries()
    database.close()


def test_the_person_is_planted_everywhere(pattern: Planted) -> None:
    found = "\n".join(traces(pattern.root))
    for place in (
        "workspace.db:", "workspace.before-2.db", "raw/", "rejects.jsonl", "exports/", "uploads/", "jobs/job-here",
        ".files", "evaluations/", "drafts/", "recipe.toml", "pages/", "events.jsonl", "spec.json",
    ):  # fmt: skip
        assert place in found


def test_nothing_is_changed_before_somebody_agrees(
    copied: Callable[[], Planted], capsys: pytest.CaptureFixture[str]
) -> None:
    planted = copied()
    before = files_of(planted.root)
    body = command(capsys, planted.root, "purge", *PERSON, code=2)
    assert body["error"]["code"] == "confirmation_needed" and "--yes" in body["error"]["hint"]
    assert body["removed"] is None and body["matches"]["records"] == 3
    assert files_of(planted.root) == before
    assert command(capsys, planted.root, "dataset", "show", planted.version)["total"] > 0


def test_nothing_of_a_person_is_left_and_the_rest_is_whole(
    copied: Callable[[], Planted], capsys: pytest.CaptureFixture[str]
) -> None:
    planted = copied()
    root = planted.root
    records = command(capsys, root, "collect", "list")["collections"]
    command(capsys, root, "dataset", "stats")
    body = command(capsys, root, "purge", *PERSON, "--yes")

    assert list(traces(root)) == []
    matches = body["matches"]
    assert matches["records"] == 3 and matches["rejects"] == 1 and matches["chats"] == 1 and matches["drafts"] == 1
    assert matches["edits"] == 2 and matches["evaluations"] == 1 and matches["pages"] == 1 and matches["recipes"] == 1
    for stage in ("raw_ranges", "examples", "exports", "jobs", "texts", "files"):
        assert matches[stage] >= 1, stage
    assert body["removed"]["records"] == 3

    assert planted.version in [one["dataset_version"] for one in body["affected"]["versions"]]
    assert {one["job_id"] for one in body["affected"]["jobs"]} == {"job-here", "job-away"}
    assert set(body["affected"]["models"]) == {"ft:tiny:job-here", "ft:tiny:job-away"}
    left = "\n".join(body["left"])
    assert "file-job-away at openai" in left and "file-job-here" not in left

    require_true_sums(root)
    require_no_statistics(root)
    after = command(capsys, root, "collect", "list")["collections"]
    assert sum(one["records"] for one in after) == sum(one["records"] for one in records) - 3
    shown = command(capsys, root, "dataset", "show", planted.version)
    assert shown["dataset_version"] == body["dataset_version"] != planted.version
    assert planted.edited in {one["id"] for one in shown["examples"]}
    assert (root / "jobs/job-here/adapter/adapter_model.safetensors").read_bytes() == b"\x00weights"
    assert len((root / "jobs/job-here/train.jsonl").read_bytes().splitlines()) > 5
    assert "An answer of my own." in (root / "recipe.toml").read_text()
    with sqlite3.connect(root / "workspace.db") as connection:
        assert connection.execute("SELECT amount FROM ledger").fetchall() == [(1.5,)]

    again = command(capsys, root, "prepare")
    assert again["dropped"]["by_hand"] == 1 and again["examples"] > 10
    assert command(capsys, root, "dataset", "export")["examples"]["train"] > 5
    assert command(capsys, root, "dataset", "undo")["changed"]
    assert command(capsys, root, "purge", *PERSON, "--yes")["removed"] is None


def test_raw_files_keep_their_rows_and_their_manifests_say_what_was_done(
    copied: Callable[[], Planted], capsys: pytest.CaptureFixture[str]
) -> None:
    planted = copied()
    raw = planted.root / "raw"
    before = {path: path.read_bytes() for path in raw.rglob("0001-*")}
    command(capsys, planted.root, "purge", *PERSON, "--yes")
    for path, data in before.items():
        now = path.read_bytes()
        manifest = json.loads((path.parent / "manifest.json").read_text())
        entry = next(one for one in manifest["files"] if one["path"] == path.name)
        assert entry["sha256"] == hashlib.sha256(now).hexdigest() and entry["bytes"] == len(now)
        assert manifest["erased"][0]["count"] >= 1 and set(manifest["erased"][0]) == {"time", "count"}
        if path.suffix == ".jsonl":
            assert len(now) == len(data) and now.count(b"\n") == data.count(b"\n")
            lines = now.splitlines()
            assert json.loads(lines[3]) == {"erased": True} == json.loads(lines[7])
            assert [line for line in lines if b"erased" not in line] == [
                line for number, line in enumerate(data.splitlines()) if number not in (3, 7)
            ]
        elif path.suffix == ".csv":
            assert len(now) == len(data) and now.splitlines()[0] == data.splitlines()[0]
            assert now.endswith(data[data.index(b"Short bench") :])
        else:
            document = json.loads(now)
            assert len(now) == len(data) and document["owner"].strip() == ""
            assert document["items"] == [*json.loads(data)["items"][:-1], {"erased": True}]


KILLED = """
import asyncio, os, signal, sys, types
from contextlib import aclosing
from pathlib import Path
from webtune_tui.bootstrap import open_services
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.mentions import Person
from webtune_tui.settings import Settings
from webtune_tui.storage import overwrite
from webtune_tui.storage.database import Database

async def main(root, stage, count, forms):
    if stage == "rewriting":  # after the transaction, before the file is rewritten
        Database.compact = lambda self: os.kill(os.getpid(), signal.SIGKILL)
    if stage == "writing":  # in the middle of a row that is overwritten: 15 bytes of it are done
        written = []
        def write(descriptor, data):
            written.append(data)
            if len(written) == 2 * int(count):
                os.kill(os.getpid(), signal.SIGKILL)
            return os.write(descriptor, data[:15] if len(written) % 2 else data)
        overwrite.os = types.SimpleNamespace(**(vars(os) | {"write": write}))
    async with open_services(Path(root), Settings(), command="test") as services:
        person = Person(tuple(forms))
        async with aclosing(services.purge.find(person)) as events:
            async for found in events:
                pass
        seen = 0
        async with aclosing(services.purge.remove(person, found)) as events:
            async for event in events:
                seen += isinstance(event, Progressed) and event.stage.startswith(stage)
                if seen == int(count):
                    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
"""


@pytest.mark.parametrize(
    ("stage", "count"),
    [
        ("erasing raw", 3),
        ("writing", 1),
        ("writing", 3),
        ("erasing rows", 1),
        ("rewriting", 99),
        pytest.param("erasing raw", 2, marks=pytest.mark.slow),
        pytest.param("erasing files", 3, marks=pytest.mark.slow),
        pytest.param("erasing files", 7, marks=pytest.mark.slow),
        pytest.param("erasing files", 12, marks=pytest.mark.slow),
    ],
)
def test_a_killed_removal_is_ended_by_running_it_again(
    copied: Callable[[], Planted], capsys: pytest.CaptureFixture[str], stage: str, count: int
) -> None:
    planted = copied()
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(planted.root), stage, str(count), *FORMS],
        timeout=120, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    body = command(capsys, planted.root, "purge", *PERSON, "--yes")
    assert list(traces(planted.root)) == []
    assert {one["job_id"] for one in body["affected"]["jobs"]} == {"job-here", "job-away"}
    require_true_sums(planted.root)
    assert command(capsys, planted.root, "prepare")["examples"] > 10
    assert list(traces(planted.root)) == []
