"""From a file of rows to a tuned model, with the installed program and a tiny model that is really trained."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_readme import environment
from tests.models.tiny_llama import make_tiny_llama

pytestmark = pytest.mark.training
_PATIENCE = 300


def distinct_rows() -> list[dict[str, Any]]:
    """Eighty examples in one house style whose words differ enough not to count as copies."""
    things = ("lamp", "chair", "table", "shelf", "clock", "mug", "rug", "basket", "kettle", "blanket")
    kinds = (
        "red oak",
        "blue steel",
        "green glass",
        "black cotton",
        "white clay",
        "grey felt",
        "brown cork",
        "teal wool",
    )
    places = ("kitchen", "garden", "hallway", "office", "attic", "balcony", "studio", "cabin", "porch", "library")
    rows = []
    for number in range(80):
        thing, kind = things[number % 10], kinds[number // 10]
        place = places[(number * 7 + number // 10) % 10]
        answer = (
            f"{thing.upper()} of {kind} | made for the {place} | stands well beside a {things[(number * 3 + 1) % 10]}."
        )
        question = f"Describe the {thing} of {kind} for the {place}."
        messages = [
            {"role": "system", "content": "You write product lines."},
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]
        rows.append({"messages": messages})
    return rows


class Machine:
    """A home, a workspace and the command line."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.workspace = folder / "workspace"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "webtune_tui", "-w", str(self.workspace), "--json", "--yes", *words]

    def run(self, *words: str, code: int = 0) -> dict[str, Any]:
        done = subprocess.run(
            self.command(*words), env=environment(self.home), stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=_PATIENCE,
        )  # fmt: skip
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        body: dict[str, Any] = json.loads(done.stdout)
        return body

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*words), env=environment(self.home), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def events(self) -> list[dict[str, Any]]:
        lines = [
            line
            for path in self.workspace.glob("jobs/job-*/events.jsonl")
            for line in path.read_bytes().split(b"\n")[:-1]
        ]
        return [json.loads(line) for line in lines]

    def wait_for(self, kind: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not any(event["kind"] == kind for event in self.events()):
            assert time.monotonic() < deadline, f"no event {kind}"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A workspace with a dataset and a tiny base model."""
    folder = tmp_path_factory.mktemp("local-training")
    rows = distinct_rows()
    made = make_tiny_llama(folder / "tiny", [message["content"] for row in rows for message in row["messages"]])
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    machine = Machine(folder)
    machine.run("import", str(folder / "rows.jsonl"))
    prepared = machine.run("prepare")
    assert prepared["examples"] >= 50
    machine.run("bases", "add", str(made))
    return machine


def test_a_killed_training_goes_on_and_the_tuned_model_answers(machine: Machine) -> None:
    base = next(b["model"] for b in machine.run("bases")["bases"] if b["is_present"])
    process = machine.start(
        "train", "--base", base, "--suffix", "tiny", "--set", "max_steps=40", "--set", "save_steps=10",
        "--set", "learning_rate=0.005",
    )  # fmt: skip
    machine.wait_for("checkpoint")
    process.send_signal(signal.SIGKILL)
    process.wait()
    trainer = next(machine.workspace.glob("jobs/job-*/trainer.json"))
    os.kill(json.loads(trainer.read_text())["pid"], signal.SIGKILL)

    jobs = machine.run("jobs", "list")["jobs"]
    assert len(jobs) == 1
    watched = machine.run("jobs", "watch", jobs[0]["job_id"])
    assert watched["state"] == "succeeded"
    assert watched["steps"] == 40
    assert watched["valid_loss"]["last"] < watched["valid_loss"]["first"]
    assert watched["hyperparameters"]["max_steps"] == 40
    assert "chat_template" in watched["hyperparameters"]
    assert watched["cost"] == 0
    adapter = machine.workspace / "jobs" / watched["job_id"] / "adapter"
    assert (adapter / "adapter_model.safetensors").exists()
    assert not list(adapter.glob("*.bin"))

    events = machine.run("jobs", "events", watched["job_id"])["events"]
    times = [event["time"] for event in events]
    assert times == sorted(times)
    points = machine.run("jobs", "metrics", watched["job_id"])["points"]
    assert {p["step"] for p in points if p["name"] == "train_loss" and p["value"] is not None} == set(range(1, 41))

    tuned = machine.run("chat", "--once", "Describe the lamp of red oak for the garden.")
    plain = machine.run("chat", "--base", "--once", "Describe the lamp of red oak for the garden.")
    assert tuned["model"] == watched["tuned_model"]
    assert tuned["finish_reason"] in ("stop", "length")
    assert tuned["text"] != plain["text"]
    assert tuned["usage"]["completion_tokens"] > 0

    evaluation = machine.run("eval", "--cases", "5")
    loss = evaluation["metrics"][0]
    assert loss["name"] == "loss"
    assert loss["tuned"] < loss["base"]
    assert evaluation["verdict"] in ("better", "no measurable difference")
    cases = [json.loads(line) for line in Path(evaluation["cases_path"]).read_text().splitlines()]
    assert len(cases) == 5
    assert all(case["prompt"] and case["reference"] and case["tuned"] is not None for case in cases)


def test_a_base_that_is_not_here_is_refused_with_the_command_that_adds_it(machine: Machine) -> None:
    refused = machine.run("train", "--base", "no-such-model", code=1)
    assert "bases add no-such-model" in refused["error"]["hint"]
    assert all(job["base_model"] != "no-such-model" for job in machine.run("jobs", "list")["jobs"])
