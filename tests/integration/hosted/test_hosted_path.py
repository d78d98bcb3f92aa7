"""``webtune train`` at a hosted provider that has bad days: one job, one charge, and every end with its exit code."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.program import Ended, Program
from tests.servers.openai_faults import FaultyOpenAI, serving

BASE = "gpt-4o-mini-2024-07-18"
KEY = "good-key-1234567890"
POST_JOB, POST_FILE = "POST /v1/fine_tuning/jobs", "POST /v1/files"
WORDS = (
    "amber", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "hazel",
    "indigo", "jasper", "kelp", "larch", "maple", "nickel", "onyx", "pine",
)  # fmt: skip
TRAIN = ("train", "--provider", "openai", "--base", BASE, "--yes")
VERBS_TESTED_SLOWLY = [pytest.param(verb, marks=pytest.mark.slow) for verb in ("watch", "resume")]
FIELDS = {
    "job_id", "provider", "provider_job_id", "state", "base_model", "tuned_model", "trained_tokens", "steps",
    "hyperparameters", "train_loss", "valid_loss", "best_checkpoint", "seconds", "cost",
}  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A workspace with a dataset of 40 examples, copied for each test."""
    program = Program(tmp_path_factory.mktemp("prepared"), is_warm=True)
    rows = program.folder / "rows.jsonl"
    rows.write_text(
        "".join(
            json.dumps(
                {
                    "prompt": f"Tell me about {WORDS[n % 16]} in {WORDS[(n * 7 + 3) % 16]} number {n}.",
                    "completion": " ".join(WORDS[(n * k + k * k) % 16] + str(n * k) for k in range(1, 30)) + ".",
                }
            )
            + "\n"
            for n in range(40)
        )
    )
    program.json("import", str(rows)).done()
    assert program.json("prepare").done()["splits"]["train"] >= 10
    return program


@pytest.fixture
def double() -> Iterator[FaultyOpenAI]:
    with serving(FaultyOpenAI()) as double:
        yield double


@pytest.fixture
def person(prepared: Program, double: FaultyOpenAI, tmp_path: Path) -> Program:
    shutil.copytree(prepared.workspace, tmp_path / "workspace")
    return Program(tmp_path, {"OPENAI_BASE_URL": double.base_url, "OPENAI_API_KEY": KEY}, is_warm=True)


def only_job(person: Program) -> dict[str, Any]:
    jobs = person.json("jobs", "list").done()["jobs"]
    assert len(jobs) == 1
    return dict(jobs[0])


def test_a_job_runs_to_its_end_and_its_charge_is_in_the_ledger(person: Program, double: FaultyOpenAI) -> None:
    body = person.json(*TRAIN, "--suffix", "shop", "--epochs", "3").done()
    assert set(body) >= FIELDS
    assert (body["state"], body["provider"], body["provider_job_id"]) == ("succeeded", "openai", "ftjob-1")
    assert body["tuned_model"] == "ft:gpt:org:s:1" and body["trained_tokens"] == 1_000_000
    assert body["train_loss"] == {"first": 2.0, "last": 2.0 / 3}
    assert body["valid_loss"]["best"] == body["valid_loss"]["last"] == 2.5 / 3
    assert body["steps"] == 3 and body["cost"] == pytest.approx(3.0) and body["hyperparameters"]
    assert double.requests[POST_JOB] == 1 and double.requests[POST_FILE] == 2
    assert next(iter(double.jobs.values()))["metadata"] == {"webtune_job": body["job_id"]}
    shown = person.json("jobs", "show", body["job_id"]).done()
    assert {name: shown[name] for name in FIELDS} == {name: body[name] for name in FIELDS}
    events = person.json("jobs", "events", body["job_id"]).done()["events"]
    assert [set(event) for event in events] == [{"id", "time", "level", "message", "data"}] * 3
    assert [event["message"] for event in events] == ["Step 1/3", "Step 2/3", "Step 3/3"]
    points = person.json("jobs", "metrics", body["job_id"]).done()["points"]
    assert {"step": 2, "name": "train_loss", "value": 1.0} in points
    kinds = [(entry["kind"], entry["subject_id"]) for entry in person.json("ledger").done()["entries"]]
    assert kinds == [("estimate", body["job_id"]), ("charge", body["job_id"])]
    again = person.json("jobs", "watch", body["job_id"]).done()
    assert again["cost"] == body["cost"] and double.requests[POST_JOB] == 1
    assert len(person.json("ledger").done()["entries"]) == 2


def test_without_a_yes_nothing_leaves_this_machine(person: Program, double: FaultyOpenAI) -> None:
    body = person.json(*TRAIN[:-1]).failed(2, "confirmation_needed")
    assert "--yes" in body["error"]["hint"] and not double.requests
    assert person.json("jobs", "list").done() == {"jobs": []}


@pytest.mark.parametrize("fault", ["lost", pytest.param("500", marks=pytest.mark.slow), "half"])
def test_a_lost_reply_is_looked_up_and_never_sent_again(person: Program, double: FaultyOpenAI, fault: str) -> None:
    double.create_fault = fault
    body = person.json(*TRAIN).failed(6, "outcome_unknown")
    assert body["state"] == "unknown" and body["provider_job_id"] is None and set(body) >= FIELDS
    assert only_job(person)["state"] == "unknown"
    unknown = person.json("ledger").done()["unknown"]
    assert [one["subject_id"] for one in unknown] == [body["job_id"]]
    watched = person.json("jobs", "watch", body["job_id"]).done()
    assert (watched["state"], watched["provider_job_id"]) == ("succeeded", "ftjob-1")
    assert double.requests[POST_JOB] == 1 and double.requests[POST_FILE] == 2
    assert person.json("ledger").done()["unknown"] == []


def test_the_same_train_after_a_lost_reply_takes_the_job_up(person: Program, double: FaultyOpenAI) -> None:
    double.create_fault = "lost"
    double.shows_created_jobs = False
    first = person.json(*TRAIN).failed(6)
    second = person.json(*TRAIN).failed(6, "outcome_unknown")
    assert second["job_id"] == first["job_id"] and double.requests[POST_JOB] == 1
    assert person.json("jobs", "watch", first["job_id"]).failed(6)["state"] == "unknown"
    double.shows_created_jobs = True
    third = person.json(*TRAIN).done()
    assert (third["job_id"], third["state"]) == (first["job_id"], "succeeded")
    assert double.requests[POST_JOB] == 1 and double.requests[POST_FILE] == 2
    assert only_job(person)["state"] == "succeeded"


def test_a_closed_account_learns_the_dates_of_the_wind_down(person: Program, double: FaultyOpenAI) -> None:
    double.create_fault = "403"
    body = person.json(*TRAIN).failed(5, "closed_for_tuning")
    for date in ("2026-05-07", "2026-07-02", "2027-01-06", "2027-01-14"):
        assert date in body["error"]["message"]
    assert body["state"] == "failed" and only_job(person)["state"] == "failed"
    assert double.requests[POST_JOB] == 1 and person.json("ledger").done()["balance"]["estimated_open"] == 0


def test_a_refused_key_ends_with_5(person: Program, double: FaultyOpenAI) -> None:
    double.create_fault = "401"
    body = person.json(*TRAIN).failed(5, "credential_refused")
    assert "keys" in body["error"]["hint"] and body["state"] == "failed" and double.requests[POST_JOB] == 1


def test_a_missing_key_ends_with_5_before_anything_is_sent(person: Program, double: FaultyOpenAI) -> None:
    body = person.using(OPENAI_API_KEY="").json(*TRAIN).failed(5)
    assert "OPENAI_API_KEY" in body["error"]["hint"] and not double.requests
    assert person.json("jobs", "list").done()["jobs"] == []


@pytest.mark.slow
def test_personal_data_that_an_edit_brought_in_is_not_uploaded_unless_the_recipe_keeps_it(
    person: Program, double: FaultyOpenAI
) -> None:
    version = person.json("dataset", "list").done()["versions"][0]["dataset_version"]
    shown = person.json("dataset", "show", version, "--limit", "40").done()["examples"]
    edited = next(one["id"] for one in shown if one["split"] == "train")
    person.json("dataset", "edit", edited, "--set", "assistant=Write to jane.roe@shop-mail.com, she answers.").done()
    refused = person.json(*TRAIN).failed(1, "invalid_input")
    assert edited in refused["error"]["message"] and "1 email" in refused["error"]["message"]
    assert "jane.roe" not in json.dumps(refused) and refused["personal_data"] == {"email": 1}
    assert not double.requests[POST_FILE] and not double.requests[POST_JOB]
    assert person.json("jobs", "list").done()["jobs"] == []
    person.json("recipe", "set", "steps.redact.email=keep").done()
    assert person.json(*TRAIN, "--detach").done()["provider_job_id"]


def test_a_rate_limit_ends_with_3_and_the_time_to_come_back(person: Program, double: FaultyOpenAI) -> None:
    double.create_fault = "429"
    body = person.json(*TRAIN).failed(3, "rate_limited")
    assert "7 s" in body["error"]["hint"] and double.requests[POST_JOB] == 1
    double.create_fault = ""
    resumed = person.json("jobs", "resume", body["job_id"]).done()
    assert resumed["provider_job_id"] == "ftjob-1"
    assert double.requests[POST_JOB] == 2 and double.requests[POST_FILE] == 2
    assert only_job(person)["job_id"] == body["job_id"]


def test_the_cap_forbids_before_a_byte_is_sent(person: Program, double: FaultyOpenAI) -> None:
    (person.workspace / "webtune.toml").write_text("[money]\ncap_usd = 0.0001\n")
    body = person.json(*TRAIN).failed(7, "cap_exceeded")
    assert body["estimated_cost"] > body["cap"] == 0.0001 and "cap_usd" in body["error"]["hint"]
    assert not [request for request in double.requests if request.startswith("POST")]
    assert all(job["state"] == "failed" for job in person.json("jobs", "list").done()["jobs"])
    (person.workspace / "webtune.toml").write_text("[money]\ncap_usd = 1000\n")
    assert person.json(*TRAIN, "--detach").done()["provider_job_id"] == "ftjob-1"


def test_a_cap_holds_where_no_price_is_known(person: Program, double: FaultyOpenAI) -> None:
    (person.workspace / "webtune.toml").write_text("[money]\ncap_usd = 5\n")
    line = ("train", "--provider", "openai", "--base", "gpt-4.1-mini-2025-04-14", "--yes")
    body = person.json(*line).failed(7, "cap_exceeded")
    assert "no price" in body["error"]["message"] and not double.requests[POST_JOB]


def killed_when(person: Program, double: FaultyOpenAI, condition: Callable[[], bool]) -> None:
    process = person.start(*TRAIN, "--json")
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)


@pytest.mark.parametrize("verb", ["train", *VERBS_TESTED_SLOWLY])
def test_killed_between_upload_and_create_it_goes_on(person: Program, double: FaultyOpenAI, verb: str) -> None:
    double.upload_fault = "hang-2"
    killed_when(person, double, lambda: len(double.files) == 2)
    double.upload_fault = ""
    job = only_job(person)
    assert job["state"] == "uploading" and double.requests[POST_JOB] == 0
    line = TRAIN if verb == "train" else ("jobs", verb, job["job_id"])
    body = person.json(*line).done()
    assert body["job_id"] == job["job_id"] and body["provider_job_id"] == "ftjob-1"
    assert double.requests[POST_JOB] == 1 and double.requests[POST_FILE] == 2 and only_job(person)


@pytest.mark.parametrize("verb", ["train", *VERBS_TESTED_SLOWLY])
def test_killed_right_after_create_the_job_is_found(person: Program, double: FaultyOpenAI, verb: str) -> None:
    double.create_fault = "hang"
    killed_when(person, double, lambda: bool(double.jobs))
    double.create_fault = ""
    job = only_job(person)
    assert job["provider_job_id"] is None and double.requests[POST_JOB] == 1
    line = TRAIN if verb == "train" else ("jobs", verb, job["job_id"])
    body = person.json(*line).done()
    assert body["job_id"] == job["job_id"] and body["provider_job_id"] == "ftjob-1"
    assert double.requests[POST_JOB] == 1 and double.requests[POST_FILE] == 2 and only_job(person)


def test_a_provider_of_ones_own_is_a_table_in_the_settings(
    prepared: Program, double: FaultyOpenAI, tmp_path: Path
) -> None:
    shutil.copytree(prepared.workspace, tmp_path / "workspace")
    person = Program(tmp_path, is_warm=True)
    person.config_file.parent.mkdir(parents=True)
    person.config_file.write_text(
        f'[providers.mine]\nkind = "openai"\nbase_url = "{double.base_url}"\nkey = "openai"\n'
    )
    names = [one["name"] for one in person.json("providers").done()["providers"]]
    assert names == ["local", "mine", "openai"]
    person.json("bases", "--provider", "mine").failed(5)
    line = ("train", "--provider", "mine", "--base", "own-model", "--yes")
    ended = person.using(OPENAI_API_KEY=KEY).json(*line)
    check_own_provider(ended, double)


def check_own_provider(ended: Ended, double: FaultyOpenAI) -> None:
    body = ended.done()
    assert (body["provider"], body["state"], body["base_model"]) == ("mine", "succeeded", "own-model")
    assert double.requests[POST_JOB] == 1


def test_bases_show_their_shut_down_dates(person: Program) -> None:
    bases = person.json("bases", "--provider", "openai").done()["bases"]
    assert {base["model"]: base["shutdown_date"] for base in bases} == {
        "gpt-4.1-mini-2025-04-14": "2027-01-14",
        "gpt-4o-mini-2024-07-18": "2027-01-14",
    }


def test_an_estimate_says_its_basis_and_date(person: Program, double: FaultyOpenAI) -> None:
    body = person.json("estimate", "--provider", "openai", "--base", BASE, "--epochs", "2").done()
    names = {
        "provider", "base_model", "tokens", "epochs", "cost", "seconds", "memory_bytes", "disk_bytes", "basis",
        "prices_dated",
    }  # fmt: skip
    assert set(body) >= names and body["epochs"] == 2 and body["prices_dated"] == "2024-12-31"
    assert body["cost"] == pytest.approx(body["tokens"] * 3e-6) and not double.requests
    unknown = person.json("estimate", "--provider", "openai", "--base", "gpt-4.1-mini-2025-04-14").done()
    assert unknown["cost"] is None and "no price" in unknown["basis"]


@pytest.mark.parametrize("code", [500, 429])
def test_a_bad_moment_while_watching_is_waited_out(person: Program, double: FaultyOpenAI, code: int) -> None:
    double.poll_faults = [code]
    assert person.json(*TRAIN).done()["state"] == "succeeded"
    assert double.requests[POST_JOB] == 1
