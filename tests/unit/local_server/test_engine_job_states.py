"""The state of a job follows from its files alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from webtune_tui.local_server.child_environment import child_environment
from webtune_tui.local_server.events_log import Event, Kind
from webtune_tui.local_server.files import StoredFile
from webtune_tui.local_server.jobs import Job, JobStore, NewJob
from webtune_tui.local_server.openai_objects import ApiError
from webtune_tui.local_server.processes import ProcessIdentity, start_time, this_process
from webtune_tui.local_server.supervisor import deaths_without_progress, validate

ROW = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}


def new_job(tmp_path: Path, lines: list[str], job_id: str = "run-one", **body: Any) -> Job:
    upload = tmp_path / "upload.jsonl"
    upload.write_text("".join(line + "\n" for line in lines))
    file = StoredFile("file-1", upload, "upload.jsonl", "fine-tune", 1)
    request = {"model": "tiny", "training_file": "file-1", **body}
    return JobStore(tmp_path / "jobs").create(NewJob(job_id, request, "tiny", tmp_path, file, None, {}, 7))


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        ([], "validating_files"),
        ([Kind.VALIDATED], "queued"),
        ([Kind.VALIDATED, Kind.STARTED, Kind.METRICS], "running"),
        ([Kind.VALIDATED, Kind.STARTED, Kind.INTERRUPTED], "running"),
        ([Kind.VALIDATED, Kind.STARTED, Kind.PAUSED, Kind.MESSAGE], "paused"),
        ([Kind.VALIDATED, Kind.STARTED, Kind.PAUSED, Kind.RESUMED], "queued"),
        ([Kind.VALIDATED, Kind.STARTED, Kind.FAILED], "failed"),
        ([Kind.VALIDATED, Kind.CANCELLED], "cancelled"),
        ([Kind.VALIDATED, Kind.STARTED, Kind.SUCCEEDED], "succeeded"),
    ],
)
def test_the_newest_event_tells_the_status(tmp_path: Path, kinds: list[Kind], status: str) -> None:
    job = new_job(tmp_path, [json.dumps(ROW)] * 10)
    for kind in kinds:
        job.log.append(Event(kind, "x", data={"step": 1, "total_steps": 2}))
    assert job.status() == status
    assert job.as_json()["status"] == status


def test_a_job_has_every_key_that_openai_requires(tmp_path: Path) -> None:
    required = (
        *("id", "object", "created_at", "error", "finished_at", "fine_tuned_model", "hyperparameters", "model"),
        *("organization_id", "result_files", "status", "trained_tokens", "training_file", "validation_file", "seed"),
    )
    assert set(required) <= set(new_job(tmp_path, ["{}"]).as_json())


def test_validation_names_the_lines_at_fault(tmp_path: Path) -> None:
    job = new_job(tmp_path, [json.dumps(ROW)] * 10 + ["{oops", json.dumps({"messages": 1})])
    validate(job, threads=1)
    error = job.as_json()["error"]
    assert (job.status(), error["code"], error["param"]) == ("failed", "invalid_training_file", "training_file")
    assert "line 11: not JSON" in error["message"]
    assert "line 12: 'messages'" in error["message"]


def test_nine_examples_are_too_few(tmp_path: Path) -> None:
    job = new_job(tmp_path, [json.dumps(ROW)] * 9)
    validate(job, threads=1)
    assert job.as_json()["error"]["message"] == "The training file has 9 examples, but at least 10 are needed."


def test_a_valid_job_is_queued_with_its_hyperparameters_settled(tmp_path: Path) -> None:
    job = new_job(tmp_path, [json.dumps(ROW)] * 10)
    validate(job, threads=3)
    assert job.status() == "queued"
    assert job.spec["hyperparameters"]["threads"] == 3
    assert job.as_json()["hyperparameters"]["n_epochs"] == 10


def test_the_same_request_gives_the_same_job_and_another_is_refused(tmp_path: Path) -> None:
    job = new_job(tmp_path, [json.dumps(ROW)] * 10)
    store = JobStore(tmp_path / "jobs")
    same = store.existing("run-one", {"model": "tiny", "training_file": "file-1"})
    assert same is not None
    assert same.api_id == job.api_id == "ftjob-run-one"
    with pytest.raises(ApiError) as refusal:
        store.existing("run-one", {"model": "other", "training_file": "file-1"})
    assert refusal.value.status == 409


@pytest.mark.parametrize("api_id", ["ftjob-../escape", "ftjob-", "ftjob-none", "run-one", "ftjob-.files"])
def test_an_id_that_names_no_job_is_not_found(tmp_path: Path, api_id: str) -> None:
    new_job(tmp_path, [json.dumps(ROW)])
    with pytest.raises(ApiError) as refusal:
        JobStore(tmp_path / "jobs").find(api_id)
    assert refusal.value.status == 404


def test_a_job_keeps_its_data_when_the_upload_is_removed(tmp_path: Path) -> None:
    job = new_job(tmp_path, [json.dumps(ROW)] * 10)
    (tmp_path / "upload.jsonl").unlink()
    assert (job.folder / "train.jsonl").read_text().count("\n") == 10


def test_the_finish_is_estimated_from_the_last_steps(tmp_path: Path) -> None:
    job = new_job(tmp_path, [json.dumps(ROW)] * 10)
    job.log.append(Event(Kind.STARTED, "x"))
    for step, seconds in enumerate([90.0, 2.0, 2.0, 2.0, 2.0, 2.0], start=1):
        data = {"step": step, "total_steps": 16, "step_seconds": seconds}
        job.log.append(Event(Kind.METRICS, "x", data=data, at=1_000.0))
    assert job.as_json()["estimated_finish"] == 1_020


def died(*steps: int | str) -> list[Event]:
    """Return events: numbers are steps reached, `died` a death, `resumed` a person's resume."""
    kinds = {"died": Kind.INTERRUPTED, "resumed": Kind.RESUMED}
    return [
        Event(kinds[step], "x") if isinstance(step, str) else Event(Kind.METRICS, "x", data={"step": step})
        for step in steps
    ]


@pytest.mark.parametrize(
    ("events", "deaths"),
    [
        (died(1, 2, "died"), 1),
        (died(1, 2, "died", 2, "died"), 2),
        (died(1, 2, "died", 3, "died"), 1),
        (died(0, "died", 0, "died", "died"), 3),
        (died(5, "died", 4, 5, "died", "resumed", "died"), 1),
    ],
)
def test_only_deaths_without_a_new_step_in_between_are_counted(events: list[Event], deaths: int) -> None:
    assert deaths_without_progress(events) == deaths


def test_a_reused_process_id_is_told_apart() -> None:
    me = this_process()
    assert me.is_alive()
    assert not ProcessIdentity(me.pid, "1").is_alive()
    assert not ProcessIdentity(2**22 + 1, me.started).is_alive()
    assert start_time(os.getpid()) == me.started


def test_children_get_no_keys_and_no_network() -> None:
    own = {"PATH": "/bin", "OPENAI_API_KEY": "s", "HF_TOKEN": "s", "AWS_SECRET": "s", "DB_PASSWORD": "s"}
    environment = child_environment(2, own)
    assert "s" not in environment.values()
    assert int(environment["GOMP_SPINCOUNT"]) < 300_000  # shorter than the library's own
    assert (environment["PATH"], environment["HF_HUB_OFFLINE"], environment["OMP_NUM_THREADS"]) == ("/bin", "1", "2")


def test_a_job_folder_with_a_broken_spec_does_not_hide_the_others(tmp_path: Path) -> None:
    new_job(tmp_path, [json.dumps(ROW)] * 10, "good-one")
    (tmp_path / "jobs" / "broken-one").mkdir()
    (tmp_path / "jobs" / "broken-one" / "spec.json").write_text("{")
    store = JobStore(tmp_path / "jobs")
    assert [job.id for job in store.all()] == ["good-one"]
    assert store.get("broken-one") is None


def test_leftovers_of_a_killed_server_are_removed_at_the_next_start(tmp_path: Path) -> None:
    new_job(tmp_path, [json.dumps(ROW)] * 10, "good-one")
    (tmp_path / "jobs" / ".new-half-one").mkdir()
    JobStore(tmp_path / "jobs")
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir()) == ["good-one"]
