"""The whole demo as the installed program, killed again and again, in an empty home."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_readme import environment

pytestmark = [pytest.mark.slow, pytest.mark.training]
_PATIENCE = 900


class Demo:
    """``webtune demo --headless --json`` in a home of its own, as often as it is started."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.workspace = home / "demo-workspace"
        self.starts = 0

    def start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        command = [sys.executable, "-m", "webtune_tui", "demo", "--headless", "--json", "--keep", str(self.workspace)]
        with (self.home / "stderr.txt").open("ab") as errors, (self.home / "stdout.json").open("wb") as output:
            return subprocess.Popen(
                command, env=environment(self.home), stdin=subprocess.DEVNULL, stdout=output, stderr=errors
            )

    def kill_when(self, condition: Callable[[], bool], what: str) -> None:
        """Starts it and kills it with SIGKILL at the moment the condition holds."""
        process = self.start()
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert process.poll() is None, f"ended before {what}: {(self.home / 'stderr.txt').read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"waited in vain until {what}"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def finish(self) -> dict[str, Any]:
        process = self.start()
        assert process.wait(_PATIENCE) == 0, (self.home / "stderr.txt").read_text()[-3000:]
        body: dict[str, Any] = json.loads((self.home / "stdout.json").read_text())
        return body

    def count(self, query: str) -> int:
        """A number from the workspace's database; 0 while there is none."""
        try:
            with sqlite3.connect(f"file:{self.workspace / 'workspace.db'}?mode=ro", uri=True) as connection:
                return int(connection.execute(query).fetchone()[0] or 0)
        except sqlite3.Error:
            return 0

    def steps(self) -> int:
        """The training steps that the job's own file tells of."""
        lines = [
            line
            for path in self.workspace.glob("jobs/job-*/events.jsonl")
            for line in path.read_bytes().split(b"\n")
            if b'"train_loss"' in line
        ]
        return len(lines)

    def triggers(self) -> int:
        """How often the sandbox was asked to collect, from its own journal."""
        lines = (self.workspace / "sandbox" / "jobs.jsonl").read_text().splitlines()
        return sum(json.loads(line)["event"] == "started" for line in lines)

    def kill_trainer(self) -> None:
        for path in self.workspace.glob("jobs/job-*/trainer.json"):
            os.kill(json.loads(path.read_text())["pid"], signal.SIGKILL)


def test_a_demo_killed_at_every_stage_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    demo.kill_when(lambda: demo.count("SELECT count(*) FROM operations") > 0, "the trigger is in the journal")
    demo.kill_when(lambda: demo.count("SELECT count(snapshot_id) FROM collections") > 0, "the snapshot id is stored")
    demo.kill_when(lambda: demo.count("SELECT count(*) FROM records") > 0, "records are stored")
    demo.kill_when(lambda: demo.count("SELECT count(*) FROM builds") > 0, "prepare has begun to store")
    demo.kill_when(lambda: demo.count("SELECT count(*) FROM jobs") > 0, "a job is drafted")
    demo.kill_when(lambda: demo.steps() >= 2, "training runs")
    demo.kill_trainer()
    demo.kill_when(lambda: demo.steps() >= 12, "training went on after its own kill")
    body = demo.finish()

    assert demo.starts == 8
    assert demo.count("SELECT count(*) FROM collections WHERE state = 'ready'") == 1
    assert demo.count("SELECT count(*) FROM jobs") == 1
    assert demo.count("SELECT count(*) FROM operations WHERE state = 'confirmed'") == 2
    assert demo.triggers() == 1
    assert len(list(demo.workspace.glob("jobs/job-*"))) == 1
    _check_contract(body, demo.workspace)


def _check_contract(body: dict[str, Any], workspace: Path) -> None:
    assert body["workspace"] == str(workspace)
    assert body["collection"]["state"] == "ready"
    assert body["collection"]["is_sandbox"] is True
    assert body["collection"]["records"] >= 240
    assert Path(body["collection"]["raw_path"]).exists()
    dataset = body["dataset"]
    assert dataset["records"] == dataset["records_used"] + sum(dataset["dropped"].values())
    assert dataset["leak"]["shared_clusters"] == 0
    assert min(dataset["splits"].values()) > 0
    job = body["job"]
    assert job["state"] == "succeeded"
    assert job["valid_loss"]["last"] < job["valid_loss"]["first"]
    assert (workspace / "jobs" / job["job_id"] / "adapter" / "adapter_model.safetensors").exists()
    loss = next(metric for metric in body["evaluation"]["metrics"] if metric["name"] == "loss")
    assert loss["tuned"] < loss["base"]
    assert Path(body["evaluation"]["cases_path"]).exists()
    answers = body["answers"]
    assert answers["prompt"] and answers["base"] and answers["tuned"]
    assert answers["base"] != answers["tuned"]
