"""The local server as a program, spoken to by the real openai SDK; its children are scripted, without torch."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI
from openai.types.fine_tuning import FineTuningJob
from tests.servers.local_engine import (
    ROOT,
    SCRIPTED_INFERENCE,
    SCRIPTED_TRAINER,
    LocalEngine,
    example_rows,
    kill_trainer,
    run_local_engine,
    start_local_engine,
    upload,
    wait_for_end,
    wait_until,
)
from tests.servers.scripted_trainer import make_fake_base

SCRIPTED = ("--trainer-module", SCRIPTED_TRAINER, "--inference-module", SCRIPTED_INFERENCE)


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    make_fake_base(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def engine(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEngine]:
    monkeypatch.setenv("SCRIPTED_CANCEL_LOG", str(tmp_path / "cancelled"))
    with run_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED) as running:
        yield running


def script(engine: LocalEngine, **parts: Any) -> None:
    """Tell the scripted trainers what to do."""
    (engine.jobs_dir / "script.json").write_text(json.dumps(parts))


async def create(client: AsyncOpenAI, job_id: str, steps: int = 5, **more: Any) -> FineTuningJob:
    """Make a job with 20 training and 5 validation examples."""
    rows = example_rows(25)
    return await client.fine_tuning.jobs.create(
        model="fake",
        training_file=await upload(client, "train.jsonl", rows[:20]),
        validation_file=await upload(client, "validation.jsonl", rows[20:]),
        metadata={"webtune_job": job_id, "colour": "red"},
        method={"type": "supervised", "supervised": {"hyperparameters": {"max_steps": steps}}},  # type: ignore[typeddict-unknown-key]  # our own keys
        **more,
    )


async def test_a_job_goes_from_upload_to_a_model_that_answers(engine: LocalEngine) -> None:
    async with engine.client() as client:
        created = await create(client, "journey", suffix="shop", seed=11)
        assert (created.status, created.seed, created.error) == ("validating_files", 11, None)
        job = await wait_for_end(client, created.id)

        assert job.status == "succeeded"
        assert job.fine_tuned_model == "ft:fake:webtune:shop:journey"
        assert (job.trained_tokens, job.hyperparameters.batch_size) == (500, 4)
        table = await client.files.content(job.result_files[0])
        assert table.text.startswith("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n")
        names = [model.id async for model in client.models.list()]
        assert names[:2] == ["fake", job.fine_tuned_model]
        assert f"{job.fine_tuned_model}:ckpt-step-4" in names
        assert (await client.models.retrieve(job.fine_tuned_model)).owned_by == "webtune"
        for model, who in (("fake", "base"), (job.fine_tuned_model, "tuned")):
            answer = await client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "hello there"}]
            )
            assert answer.choices[0].message.content == f"{who}: hello there"
            assert answer.choices[0].finish_reason == "stop"


async def test_events_come_newest_first_each_once_and_pages_end(engine: LocalEngine) -> None:
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "paged", steps=12)).id)
        events = [event async for event in client.fine_tuning.jobs.list_events(job.id, limit=4)]
        ids = [event.id for event in events]

        assert len(ids) == len(set(ids)) == len(engine.events("paged"))
        assert ids == [event["id"] for event in reversed(engine.events("paged"))]
        metrics = [event.data for event in events if event.type == "metrics"]
        assert [point["step"] for point in metrics] == list(range(12, -1, -1))  # type: ignore[index]  # data is an object
        assert {"step", "total_steps", "train_loss", "valid_loss", "full_valid_loss"} <= metrics[0].keys()  # type: ignore[union-attr]  # data is an object
        whole_page = await client.fine_tuning.jobs.list_events(job.id, limit=len(ids))
        assert not whole_page.has_more
        checkpoints = [point.step_number async for point in client.fine_tuning.jobs.checkpoints.list(job.id, limit=2)]
        assert checkpoints == [12, 10, 8, 6, 4, 2]


async def test_jobs_are_found_by_metadata_and_made_once(engine: LocalEngine) -> None:
    async with engine.client() as client:
        rows = await upload(client, "train.jsonl", example_rows(20))
        body: dict[str, Any] = {"model": "fake", "training_file": rows, "metadata": {"webtune_job": "once"}}
        first = await client.fine_tuning.jobs.create(**body)
        again = await client.fine_tuning.jobs.create(**body)
        assert again.id == first.id == "ftjob-once"
        with pytest.raises(openai.ConflictError):
            await client.fine_tuning.jobs.create(**{**body, "seed": 5})
        other = await client.fine_tuning.jobs.create(**{**body, "metadata": {"colour": "blue"}})
        assert other.id != first.id

        found = [job.id async for job in client.fine_tuning.jobs.list(metadata={"webtune_job": "once"})]
        everything = [job.id async for job in client.fine_tuning.jobs.list(limit=1)]
        assert found == [first.id]
        assert sorted(everything) == sorted([first.id, other.id])


async def test_a_bad_training_file_fails_the_job_with_the_lines_at_fault(engine: LocalEngine) -> None:
    async with engine.client() as client:
        rows: list[dict[str, Any]] = [*example_rows(12), {"messages": []}]
        file = await upload(client, "train.jsonl", rows)
        job = await client.fine_tuning.jobs.create(model="fake", training_file=file)
        job = await wait_for_end(client, job.id)
        assert job.status == "failed"
        assert job.error is not None
        assert (job.error.code, job.error.param) == ("invalid_training_file", "training_file")
        assert "line 13" in job.error.message


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"model": "unknown"}, "There is no base model 'unknown'"),
        ({"model": "org/thing"}, "webtune bases add org/thing"),
        ({"model": "ft:fake:webtune::x"}, "can't be tuned further"),
        ({"training_file": "file-none"}, "does not exist"),
        ({"method": {"type": "dpo"}}, "Only the method 'supervised'"),
        ({"hyperparameters": {"n_epochs": 0}}, "between 1 and 50"),
        ({"suffix": "../x"}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"metadata": {"a": 3}}, "metadata"),
        ({"colour": "red"}, "Unknown parameter: 'colour'"),
    ],
)
async def test_a_request_that_can_not_work_is_refused_before_a_job_is_made(
    engine: LocalEngine, changes: dict[str, Any], text: str
) -> None:
    async with engine.client() as client:
        file = await upload(client, "train.jsonl", example_rows(10))
        body = {"model": "fake", "training_file": file, **changes}
        with pytest.raises(openai.BadRequestError) as refusal:
            await client.post("/fine_tuning/jobs", body=body, cast_to=object)
        assert text in refusal.value.message
        assert [job async for job in client.fine_tuning.jobs.list()] == []


async def test_cancelling_ends_the_trainer_and_twice_is_no_error(engine: LocalEngine) -> None:
    script(engine, hold_at_step=2)
    async with engine.client() as client:
        job = await create(client, "stopped")
        started = engine.wait_for_event("stopped", "started")
        engine.wait_for_event("stopped", "metrics", step=2)

        assert (await client.fine_tuning.jobs.cancel(job.id)).status == "cancelled"
        assert (await client.fine_tuning.jobs.cancel(job.id)).status == "cancelled"

        assert not Path(f"/proc/{started['data']['pid']}").exists()
        assert [event["kind"] for event in engine.events("stopped")].count("cancelled") == 1


async def test_a_finished_job_can_not_be_cancelled_paused_or_resumed(engine: LocalEngine) -> None:
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "finished")).id)
        jobs = client.fine_tuning.jobs
        for action in (jobs.cancel, jobs.pause, jobs.resume):
            with pytest.raises(openai.BadRequestError) as refusal:
                await action(job.id)
            assert refusal.value.code == "job_already_finished"
        assert (await client.fine_tuning.jobs.retrieve(job.id)).status == "succeeded"


async def test_a_paused_job_goes_on_from_its_checkpoint(engine: LocalEngine) -> None:
    script(engine, hold_at_step=3)
    async with engine.client() as client:
        job = await create(client, "resting", steps=6)
        engine.wait_for_event("resting", "metrics", step=3)
        await client.fine_tuning.jobs.pause(job.id)
        engine.wait_for_event("resting", "paused")
        assert (await client.fine_tuning.jobs.retrieve(job.id)).status == "paused"

        script(engine)
        assert (await client.fine_tuning.jobs.resume(job.id)).status == "queued"
        job = await wait_for_end(client, job.id)

        assert job.status == "succeeded"
        steps = [event["data"]["step"] for event in engine.events("resting") if event["kind"] == "metrics"]
        assert steps == [0, 1, 2, 3, 4, 5, 6]


async def test_one_job_trains_at_a_time_and_the_next_waits_its_turn(engine: LocalEngine) -> None:
    script(engine, hold_at_step=1)
    async with engine.client() as client:
        first = await create(client, "first")
        engine.wait_for_event("first", "metrics", step=1)
        second = await create(client, "second")
        engine.wait_for_event("second", "validated")
        assert (await client.fine_tuning.jobs.retrieve(second.id)).status == "queued"
        assert (await client.fine_tuning.jobs.pause(second.id)).status == "paused"
        assert (await client.fine_tuning.jobs.resume(second.id)).status == "queued"

        (engine.jobs_dir / "second" / "go").touch()
        (engine.jobs_dir / "first" / "go").touch()

        assert (await wait_for_end(client, second.id)).status == "succeeded"
        ended = engine.wait_for_event("first", "succeeded")["at"]
        assert engine.wait_for_event("second", "started")["at"] >= ended
        assert (await client.fine_tuning.jobs.retrieve(first.id)).status == "succeeded"


async def test_a_killed_trainer_is_started_again_from_its_checkpoint(engine: LocalEngine) -> None:
    script(engine, die_at_step=4, deaths=1)
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "unlucky", steps=6)).id)
        assert job.status == "succeeded"
    interrupted = engine.wait_for_event("unlucky", "interrupted")
    assert "signal 9" in interrupted["message"]
    assert interrupted["data"]["step"] == 3
    assert len([event for event in engine.events("unlucky") if event["kind"] == "started"]) == 2


async def test_three_deaths_without_a_new_step_fail_the_job_with_the_last_log_lines(engine: LocalEngine) -> None:
    script(engine, die_at_step=4)
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "doomed", steps=6)).id)
        assert job.status == "failed"
        assert job.error is not None
        assert job.error.code == "trainer_died"
        assert "3 times without a new step (signal 9, SIGKILL, after step 3)" in job.error.message
        assert "the script says: die" in job.error.message


async def test_a_loss_that_is_not_a_number_is_reported_as_a_gap(engine: LocalEngine) -> None:
    script(engine, nan_at_step=2)
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "gap")).id)
        points = [e.data async for e in client.fine_tuning.jobs.list_events(job.id) if e.type == "metrics"]
        assert next(point for point in points if point["step"] == 2)["train_loss"] is None  # type: ignore[index]  # data is an object


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_a_trainer_outlives_the_server_and_the_next_server_finds_it(
    tmp_path: Path, models_dir: Path, how: signal.Signals
) -> None:
    engine = start_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED)
    script(engine, hold_at_step=2)
    async with engine.client() as client:
        api_id = (await create(client, "survivor")).id
        pid = engine.wait_for_event("survivor", "started")["data"]["pid"]
        engine.wait_for_event("survivor", "metrics", step=2)
    engine.process.send_signal(how)
    engine.process.wait(20)
    assert Path(f"/proc/{pid}").exists()
    assert (engine.jobs_dir / "server.json").exists() == (how is signal.SIGKILL)

    with run_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED) as following:
        async with following.client() as sdk:
            assert (await sdk.fine_tuning.jobs.retrieve(api_id)).status == "running"
            (engine.jobs_dir / "survivor" / "go").touch()
            assert (await wait_for_end(sdk, api_id)).status == "succeeded"
        starts = [event["data"]["pid"] for event in following.events("survivor") if event["kind"] == "started"]
        assert starts == [pid]


async def test_a_trainer_that_died_while_no_server_ran_goes_on_with_the_next_one(
    tmp_path: Path, models_dir: Path
) -> None:
    with run_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED) as engine:
        script(engine, hold_at_step=3)
        async with engine.client() as client:
            api_id = (await create(client, "orphan", steps=6)).id
            engine.wait_for_event("orphan", "metrics", step=3)
        engine.kill()
        kill_trainer(engine.jobs_dir / "orphan")
    with (engine.jobs_dir / "orphan" / "events.jsonl").open("ab") as handle:
        handle.write(b'{"kind": "metrics", "mess')
    script(engine)
    with run_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED) as engine:
        async with engine.client() as client:
            assert (await wait_for_end(client, api_id)).status == "succeeded"
        kinds = [event["kind"] for event in engine.events("orphan")]
        assert (kinds.count("interrupted"), kinds.count("succeeded")) == (1, 1)


def test_a_second_server_on_the_same_folder_ends_with_3(engine: LocalEngine, models_dir: Path) -> None:
    command = [sys.executable, "-m", "webtune_tui.local_server", "--jobs-dir", str(engine.jobs_dir)]
    second = subprocess.run(
        [*command, "--models-dir", str(models_dir)], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert second.returncode == 3
    assert f"(pid {engine.process.pid}) already serves" in second.stderr
    assert httpx.get(engine.base_url.removesuffix("/v1") + "/healthz").json() == {"status": "ok"}


def test_an_idle_server_ends_itself_and_takes_its_address_away(tmp_path: Path, models_dir: Path) -> None:
    engine = start_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED, "--idle-seconds", "0.4")
    assert engine.process.wait(30) == 0
    assert not (tmp_path / "jobs" / "server.json").exists()


async def test_a_server_with_a_waiting_trainer_is_not_idle(tmp_path: Path, models_dir: Path) -> None:
    with run_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED, "--idle-seconds", "0.4") as engine:
        script(engine, step_seconds=0.3)
        async with engine.client() as client:
            await create(client, "slow", steps=6)
        engine.wait_for_event("slow", "succeeded")
        assert engine.process.wait(30) == 0


async def test_nothing_readable_by_others_and_no_token_is_left_on_disk(engine: LocalEngine) -> None:
    async with engine.client() as client:
        await wait_for_end(client, (await create(client, "private")).id)
        await client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "x"}])
    scripted = {"results.csv", "script.json", "go"}
    for path in [engine.jobs_dir, *engine.jobs_dir.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        if path.name not in scripted:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, f"{path} is not {wanted:o}"
        if path.is_file() and path.name != "server.json":
            assert engine.token.encode() not in path.read_bytes(), path


def test_a_request_without_the_token_sees_nothing(engine: LocalEngine) -> None:
    answer = httpx.get(f"{engine.base_url}/models")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("path", ["/uploads", "/fine_tuning/checkpoints/ft:x/permissions", "/nothing"])
def test_unknown_paths_answer_404_in_the_shape_of_openai(engine: LocalEngine, path: str) -> None:
    answer = httpx.get(f"{engine.base_url}{path}", headers=engine.headers)
    assert answer.status_code == 404
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_broken_json_is_refused(engine: LocalEngine) -> None:
    for content in (b"{", b"[]", b"[" * 100_000, b"\xff"):
        answer = httpx.post(
            f"{engine.base_url}/chat/completions",
            headers={**engine.headers, "Content-Type": "application/json"},
            content=content,
        )
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_files_are_kept_listed_and_removed(engine: LocalEngine) -> None:
    async with engine.client() as client:
        first = await upload(client, "a.jsonl", example_rows(2))
        second = await upload(client, "b.jsonl", example_rows(3))
        listed = [file.id async for file in client.files.list(limit=1)]
        assert sorted(listed) == sorted([first, second])
        assert [file.id async for file in client.files.list(order="asc")] == listed[::-1]
        assert (await client.files.retrieve(first)).filename == "a.jsonl"
        assert len((await client.files.content(second)).text.splitlines()) == 3
        assert (await client.files.delete(first)).deleted
        with pytest.raises(openai.NotFoundError):
            await client.files.retrieve(first)


@pytest.mark.parametrize(
    ("name", "content", "purpose"),
    [("a.csv", b"x", "fine-tune"), ("a.jsonl", b"", "fine-tune"), ("a.jsonl", b"x", "assistants")],
)
async def test_uploads_that_can_not_be_used_are_refused(
    engine: LocalEngine, name: str, content: bytes, purpose: Any
) -> None:
    async with engine.client() as client:
        with pytest.raises(openai.BadRequestError):
            await client.files.create(file=(name, content), purpose=purpose)
        assert [file async for file in client.files.list()] == []


async def test_a_stream_has_text_a_reason_usage_and_an_end(engine: LocalEngine) -> None:
    async with engine.client() as client:
        stream = await client.chat.completions.create(
            model="fake",
            messages=[{"role": "user", "content": "one two three"}],
            stream=True,
            max_tokens=2,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "base: one"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"
    assert chunks[-1].usage is not None
    assert (chunks[-1].choices, chunks[-1].usage.completion_tokens) == ([], 2)
    assert len({chunk.id for chunk in chunks}) == 1
    raw = httpx.post(
        f"{engine.base_url}/chat/completions",
        headers=engine.headers,
        json={"model": "fake", "stream": True, "messages": [{"role": "user", "content": "x"}]},
    )
    assert raw.text.endswith("data: [DONE]\n\n")


async def test_a_model_given_by_its_folder_answers(engine: LocalEngine, models_dir: Path) -> None:
    async with engine.client() as client:
        name = str(models_dir / "fake")
        assert (await client.models.retrieve(name)).id == name
        answer = await client.chat.completions.create(model=name, messages=[{"role": "user", "content": "x"}])
        assert answer.choices[0].message.content == "base: x"


@pytest.mark.parametrize("model", ["none", "ft:fake:webtune::none", "ft:fake:webtune:x:none:ckpt-step-4", "/nowhere"])
async def test_an_unknown_model_is_not_found(engine: LocalEngine, model: str) -> None:
    async with engine.client() as client:
        with pytest.raises(openai.NotFoundError) as refusal:
            await client.chat.completions.create(model=model, messages=[{"role": "user", "content": "x"}])
        assert refusal.value.code == "model_not_found"
        with pytest.raises(openai.NotFoundError):
            await client.models.retrieve(model)


async def test_a_client_that_goes_away_stops_the_generation(engine: LocalEngine, tmp_path: Path) -> None:
    async with engine.client() as client:
        stream = await client.chat.completions.create(
            model="fake", messages=[{"role": "user", "content": "SLOWLY"}], stream=True
        )
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        await asyncio.to_thread(wait_until, (tmp_path / "cancelled").exists, "the generation was cancelled")
        answer = await client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "next"}])
        assert answer.choices[0].message.content == "base: next"


async def test_a_waiting_client_that_goes_away_stops_the_generation_too(engine: LocalEngine, tmp_path: Path) -> None:
    async with engine.client() as client:
        with pytest.raises(openai.APITimeoutError):
            await client.with_options(timeout=1).chat.completions.create(
                model="fake", messages=[{"role": "user", "content": "SLOWLY"}]
            )
        await asyncio.to_thread(wait_until, (tmp_path / "cancelled").exists, "the generation was cancelled")


async def test_a_dying_inference_process_is_told_and_the_next_request_gets_a_new_one(engine: LocalEngine) -> None:
    async with engine.client() as client:
        with pytest.raises(openai.InternalServerError, match="ended unexpectedly"):
            await client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "DIE"}])
        stream = await client.chat.completions.create(
            model="fake", messages=[{"role": "user", "content": "DIE"}], stream=True
        )
        text = ""
        with pytest.raises(openai.APIError, match="ended unexpectedly"):
            async for chunk in stream:
                text += chunk.choices[0].delta.content or ""
        assert text == "half an "
        answer = await client.chat.completions.create(model="fake", messages=[{"role": "user", "content": "new"}])
        assert answer.choices[0].message.content == "base: new"


async def test_losses_come_in_the_order_of_the_examples(engine: LocalEngine) -> None:
    async with engine.client() as client:
        reply: Any = await client.post(
            "/webtune/loss", body={"model": "fake", "examples": example_rows(3)}, cast_to=object
        )
        assert reply["data"] == [{"loss": 2.5, "tokens": 7}] * 3
        with pytest.raises(openai.BadRequestError):
            await client.post("/webtune/loss", body={"model": "fake", "examples": []}, cast_to=object)


def test_the_environment_of_the_trainer_holds_no_key(tmp_path: Path, models_dir: Path) -> None:
    canary = "canary-0123456789"
    os.environ["OPENAI_API_KEY"] = canary
    try:
        with run_local_engine(tmp_path / "jobs", models_dir, *SCRIPTED) as engine:
            script(engine, hold_at_step=1)

            async def make() -> None:
                async with engine.client() as client:
                    await create(client, "clean")

            asyncio.run(make())
            pid = engine.wait_for_event("clean", "started")["data"]["pid"]
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"PYTHONPATH" in environment
            assert canary.encode() not in environment
    finally:
        del os.environ["OPENAI_API_KEY"]
