"""``train``, ``jobs``, ``chat`` and ``eval`` on this machine: the real engine program, with a trainer of the tests."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import Program, running
from tests.servers.local_engine import (
    SCRIPTED_INFERENCE,
    SCRIPTED_TRAINER,
    LocalEngine,
    run_local_engine,
)
from tests.servers.scripted_trainer import make_fake_base

IS_WARM = True  # test_second_process and test_command_line start the commands cold
FIELDS = {
    "job_id", "provider", "provider_job_id", "state", "base_model", "tuned_model", "trained_tokens", "steps",
    "hyperparameters", "train_loss", "valid_loss", "best_checkpoint", "seconds", "cost",
}  # fmt: skip
TRAIN = ("train", "--base", "fake", "--set", "max_steps=6")


@pytest.fixture(scope="module")
def engine(program: Program) -> Iterator[LocalEngine]:
    """A prepared workspace whose engine runs already, with the tests' trainer."""
    rows = program.folder / "rows.jsonl"
    rows.write_text(
        "".join(
            json.dumps(
                {"prompt": f"What is {n} times {n + 3}?", "completion": f"It is {n * (n + 3)}, as {n} rows show."}
            )
            + "\n"
            for n in range(60)
        )
    )
    program.json("import", str(rows)).done()
    program.json("prepare").done()
    make_fake_base(program.models)
    options = ("--trainer-module", SCRIPTED_TRAINER, "--inference-module", SCRIPTED_INFERENCE)
    with run_local_engine(program.workspace / "jobs", program.models, *options) as engine:
        yield engine


@pytest.fixture(scope="module")
def trained(program: Program, engine: LocalEngine) -> dict[str, Any]:
    body = program.json(*TRAIN, "--suffix", "house").done()
    assert set(body) >= FIELDS
    return body


def script(engine: LocalEngine, **settings: Any) -> None:
    (engine.jobs_dir / "script.json").write_text(json.dumps(settings))


def test_a_job_tells_what_the_contract_names(program: Program, trained: dict[str, Any]) -> None:
    assert (trained["state"], trained["provider"], trained["base_model"]) == ("succeeded", "local", "fake")
    assert trained["steps"] == 6 and trained["trained_tokens"] == 600 and trained["cost"] == 0
    assert trained["train_loss"]["first"] > trained["train_loss"]["last"]
    assert trained["valid_loss"]["first"] > trained["valid_loss"]["best"] == trained["valid_loss"]["last"]
    assert trained["hyperparameters"]["max_steps"] == 6 and trained["seconds"] >= 0
    assert {"system_prompt", "chat_template", "learning_rate", "lora_rank"} <= set(trained["hyperparameters"])
    assert trained["tuned_model"] and trained["best_checkpoint"]
    shown = program.json("jobs", "show", trained["job_id"]).done()
    assert {name: shown[name] for name in FIELDS} == {name: trained[name] for name in FIELDS}
    listed = program.json("jobs", "list").done()["jobs"]
    assert all({"job_id", "provider", "state"} <= set(job) for job in listed)
    events = program.json("jobs", "events", trained["job_id"]).done()["events"]
    assert all(set(event) == {"id", "time", "level", "message", "data"} for event in events)
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert len({event["id"] for event in events}) == len(events)
    points = program.json("jobs", "metrics", trained["job_id"]).done()["points"]
    assert all(set(point) >= {"step", "name", "value"} for point in points)
    assert {"train_loss", "valid_loss"} <= {point["name"] for point in points}


def test_the_models_answer_side_by_side(program: Program, trained: dict[str, Any]) -> None:
    tuned = program.json("chat", "--once", "hello there").done()
    base = program.json("chat", "--base", "--once", "hello there").done()
    for body, text in ((tuned, "tuned: hello there"), (base, "base: hello there")):
        assert set(body) == {"model", "text", "finish_reason", "usage", "seconds"}
        assert body["text"] == text and body["finish_reason"] == "stop" and body["seconds"] >= 0
        assert {"prompt_tokens", "completion_tokens", "total_tokens"} <= set(body["usage"])
    assert tuned["model"] == trained["tuned_model"] and base["model"] == "fake"
    piped = program("chat", "--once", "-", stdin="from a pipe")
    assert piped.code == 0 and piped.out == "tuned: from a pipe\n"
    hostile = program("chat", "--once", "\x1b[2J\x1b]52;c;x\x07 \u202e")
    assert hostile.code == 0 and "\x1b" not in hostile.out and "\u202e" not in hostile.out
    broken = program.json("chat", "--once", "DIE")
    assert broken.code in (1, 3) and broken.body["error"]["message"]


def test_an_evaluation_has_its_figures_and_cases(program: Program, trained: dict[str, Any]) -> None:
    body = program.json("eval").done()
    names = {"evaluation_id", "cases", "cases_path", "metrics", "verdict", "gate"}
    assert set(body) >= names and body["gate"] == {"passed": True, "failed": []}
    metric = body["metrics"][0]
    assert {"name", "base", "tuned", "difference", "ci95", "better"} <= set(metric) and metric["name"] == "loss"
    assert (metric["base"], metric["tuned"], metric["difference"]) == (2.5, 1.5, -1.0) and len(metric["ci95"]) == 2
    assert body["verdict"] == "better"
    cases = [json.loads(line) for line in Path(body["cases_path"]).read_text().splitlines()]
    assert len(cases) == body["cases"] > 0
    assert all({"prompt", "reference", "base", "tuned"} <= set(case) and case["tuned"] for case in cases)


def test_a_job_is_paused_resumed_watched_and_cancelled(program: Program, engine: LocalEngine) -> None:
    script(engine, steps=6, hold_at_step=3)
    body = program.json(*TRAIN, "--detach", "--suffix", "held").done()
    assert body["state"] in ("validating", "queued", "running") and body["provider_job_id"]
    engine.wait_for_event(folder_of(engine, body), "metrics", step=3)
    assert program.json("jobs", "pause", body["job_id"]).done()["job_id"] == body["job_id"]
    engine.wait_for_event(folder_of(engine, body), "paused")
    (engine.jobs_dir / folder_of(engine, body) / "go").touch()
    program.json("jobs", "resume", body["job_id"]).done()
    watched = program.json("jobs", "watch", body["job_id"]).done()
    assert watched["state"] == "succeeded" and watched["steps"] == 6
    script(engine, steps=6, hold_at_step=2)
    second = program.json(*TRAIN, "--detach", "--suffix", "stopped").done()
    body = program.json("jobs", "cancel", second["job_id"]).failed(2, "confirmation_needed")
    assert "--yes" in body["error"]["hint"]
    assert program.json("jobs", "cancel", second["job_id"], "--yes").done()["job_id"] == second["job_id"]
    ended = program.json("jobs", "watch", second["job_id"])
    assert ended.code == 1 and ended.body["state"] == "cancelled"
    script(engine)


def test_leaving_a_watched_job_leaves_it_running(program: Program, engine: LocalEngine) -> None:
    script(engine, steps=4, hold_at_step=2)
    with running(program.start(*TRAIN, "--json", "--suffix", "left")) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if ": running" in line:
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    body = json.loads(out)
    assert body["error"]["code"] == "interrupted" and body["state"] == "running" and body["job_id"]
    (engine.jobs_dir / folder_of(engine, body) / "go").touch()
    assert program.json("jobs", "watch", body["job_id"]).done()["state"] == "succeeded"
    script(engine)


def test_a_failed_job_ends_with_1_and_its_cause(program: Program, engine: LocalEngine) -> None:
    script(engine, steps=4, fail_at_step=2)
    body = program.json(*TRAIN, "--suffix", "broken").failed(1, "work_failed")
    assert body["state"] == "failed" and set(body) >= FIELDS and "step 2" in body["error"]["message"]
    script(engine)


@pytest.mark.parametrize("setting", ["max_steps=x", "max_steps=0", "frobnicate=3", "learning_rate=-1", "lora_rank=0"])
def test_a_misfit_hyperparameter_is_refused_and_starts_nothing(
    program: Program, engine: LocalEngine, setting: str
) -> None:
    before = len(list(engine.jobs_dir.glob("*/spec.json")))
    ended = program.json("train", "--base", "fake", "--set", setting)
    assert ended.code in (1, 2) and setting.partition("=")[0] in ended.body["error"]["message"]
    assert len(list(engine.jobs_dir.glob("*/spec.json"))) == before


def test_a_base_that_is_not_here_is_named_with_its_remedy(program: Program, engine: LocalEngine) -> None:
    body = program.json("train", "--base", "not-here").failed(1, "invalid_input")
    assert "bases add not-here" in body["error"]["hint"]


def folder_of(engine: LocalEngine, body: dict[str, Any]) -> str:
    """The engine's folder of a job, whose spec carries our own id."""
    for path in engine.jobs_dir.glob("*/spec.json"):
        if body["job_id"] in path.read_text():
            return path.parent.name
    raise AssertionError(f"no folder of {body['job_id']}")
