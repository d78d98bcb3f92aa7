"""Real training, real chat and real losses on a tiny random Llama."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.fine_tuning import FineTuningJob
from tests.servers.local_engine import (
    LocalEngine,
    example_rows,
    kill_trainer,
    run_local_engine,
    start_local_engine,
    upload,
    wait_for_end,
    wait_until,
)

pytestmark = [pytest.mark.training, pytest.mark.timeout(300)]

ROWS = example_rows(52)


@pytest.fixture
def engine(tmp_path: Path, tiny_models_dir: Path) -> Iterator[LocalEngine]:
    with run_local_engine(tmp_path / "jobs", tiny_models_dir) as running:
        yield running


async def create(client: AsyncOpenAI, job_id: str, rows: list[dict[str, Any]] = ROWS, **values: Any) -> FineTuningJob:
    """Start a job on 40 rows with 12 for validation, at a learning rate that moves a random model."""
    chosen = {"max_steps": 30, "learning_rate": 0.02, "save_steps": 10, "eval_steps": 10, **values}
    return await client.fine_tuning.jobs.create(
        model="tiny",
        training_file=await upload(client, "train.jsonl", rows[:40]),
        validation_file=await upload(client, "validation.jsonl", rows[40:]),
        suffix="shop",
        metadata={"webtune_job": job_id},
        method={"type": "supervised", "supervised": {"hyperparameters": chosen}},  # type: ignore[typeddict-item]  # our own keys
    )


def metrics(engine: LocalEngine, job_id: str, name: str) -> dict[int, float]:
    """Return a metric by step; a step reported again counts as reported last."""
    events = [event["data"] for event in engine.events(job_id) if event["kind"] == "metrics"]
    return {data["step"]: data[name] for data in events if data.get(name) is not None}


async def test_a_tuned_model_predicts_held_out_answers_better_and_chat_and_loss_agree(engine: LocalEngine) -> None:
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "real")).id)
        assert job.error is None
        assert job.status == "succeeded"
        assert job.fine_tuned_model is not None

        whole = metrics(engine, "real", "full_valid_loss")
        assert list(whole) == [0, 30]
        assert whole[30] < 0.7 * whole[0]
        assert list(metrics(engine, "real", "train_loss")) == list(range(1, 31))
        assert list(metrics(engine, "real", "valid_loss")) == [0, 10, 20, 30]

        for model, expected in (("tiny", whole[0]), (job.fine_tuned_model, whole[30])):
            reply: Any = await client.post(
                "/webtune/loss", body={"model": model, "examples": ROWS[40:]}, cast_to=object
            )
            tokens = sum(row["tokens"] for row in reply["data"])
            mean = sum(row["loss"] * row["tokens"] for row in reply["data"]) / tokens
            assert mean == pytest.approx(expected, abs=0.02)

        names = [model.id async for model in client.models.list()]
        steps = [point.step_number async for point in client.fine_tuning.jobs.checkpoints.list(job.id)]
        assert steps == [30, 20, 10]
        assert f"{job.fine_tuned_model}:ckpt-step-10" in names
        answers = {}
        for model in ("tiny", f"{job.fine_tuned_model}:ckpt-step-10", job.fine_tuned_model):
            reply = await client.chat.completions.create(
                model=model, messages=ROWS[41]["messages"][:2], max_tokens=12, seed=1
            )
            answers[model] = reply.choices[0].message.content
            assert reply.usage.completion_tokens <= 12
        assert answers["tiny"] != answers[job.fine_tuned_model]

    folder = engine.jobs_dir / "real"
    spec = json.loads((folder / "spec.json").read_text())
    assert spec["system_prompt"] == "You write product lines."
    assert "<|im_start|>" in spec["chat_template"]
    assert spec["versions"].keys() >= {"torch", "transformers", "trl", "peft"}
    assert spec["files"]["train.jsonl"]["sha256"]
    adapter = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    assert (adapter["r"], adapter["lora_alpha"]) == (16, 32)
    assert Path(adapter["base_model_name_or_path"]).name == "tiny"
    assert (folder / "adapter" / "adapter_model.safetensors").exists()
    assert not list(folder.glob("adapter/*.bin"))
    lines = (folder / "results.csv").read_text().splitlines()
    assert lines[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    assert len(lines) == 32


async def test_a_run_that_was_killed_ends_with_the_losses_of_one_that_was_not(
    tmp_path: Path, tiny_models_dir: Path
) -> None:
    with run_local_engine(tmp_path / "jobs", tiny_models_dir) as engine:
        async with engine.client() as client:
            whole = await wait_for_end(client, (await create(client, "whole")).id)
            killed = await create(client, "killed")
        engine.wait_for_event("killed", "checkpoint", step=10)
        engine.kill()
        kill_trainer(engine.jobs_dir / "killed")
    with run_local_engine(tmp_path / "jobs", tiny_models_dir) as engine:
        async with engine.client() as client:
            again = await wait_for_end(client, killed.id)
        assert (whole.status, again.status) == ("succeeded", "succeeded")
        assert [event["message"] for event in engine.events("killed") if "Going on from" in event["message"]]
        for name in ("train_loss", "valid_loss", "full_valid_loss"):
            expected, found = metrics(engine, "whole", name), metrics(engine, "killed", name)
            assert found.keys() == expected.keys()
            assert found == pytest.approx(expected, abs=5e-4)


async def test_a_paused_run_ends_with_the_losses_of_one_that_was_not(engine: LocalEngine) -> None:
    async with engine.client() as client:
        await wait_for_end(client, (await create(client, "whole", max_steps=60)).id)
        job = await create(client, "paused", max_steps=60)
        engine.wait_for_event("paused", "metrics", step=1)
        await client.fine_tuning.jobs.pause(job.id)
        paused = engine.wait_for_event("paused", "paused")
        assert paused["message"].startswith("Paused after step")
        await client.fine_tuning.jobs.resume(job.id)
        assert (await wait_for_end(client, job.id)).status == "succeeded"
    assert metrics(engine, "paused", "train_loss") == pytest.approx(metrics(engine, "whole", "train_loss"), abs=5e-4)


async def test_a_broken_checkpoint_is_said_and_kept_and_the_one_before_is_used(
    tmp_path: Path, tiny_models_dir: Path
) -> None:
    with run_local_engine(tmp_path / "jobs", tiny_models_dir) as engine:
        async with engine.client() as client:
            job = await create(client, "hurt", max_steps=400)
        engine.wait_for_event("hurt", "checkpoint", step=20)
        engine.kill()
        kill_trainer(engine.jobs_dir / "hurt")
        steps = sorted(
            int(path.name.rpartition("-")[2]) for path in (engine.jobs_dir / "hurt/checkpoints").glob("checkpoint-*")
        )
        newest = engine.jobs_dir / "hurt" / "checkpoints" / f"checkpoint-{steps[-1]}" / "optimizer.pt"
        newest.write_bytes(newest.read_bytes()[:1_000] if newest.exists() else b"")
    with run_local_engine(tmp_path / "jobs", tiny_models_dir) as engine:
        async with engine.client() as client:
            expected = f"checkpoint-{steps[-1]} is not whole (optimizer.pt"
            wait_until(lambda: [e for e in engine.events("hurt") if e["message"].startswith(expected)], expected)
            wait_until(lambda: [e for e in engine.events("hurt") if "Going on from" in e["message"]], "it goes on")
            await client.fine_tuning.jobs.cancel(job.id)
    assert [e["message"] for e in engine.events("hurt") if "Going on" in e["message"]] == [
        f"Going on from checkpoint-{steps[-2]}"
    ]
    assert list((engine.jobs_dir / "hurt" / "checkpoints").glob(f"broken-checkpoint-{steps[-1]}-*"))


async def test_cancelling_a_real_run_ends_its_process(engine: LocalEngine) -> None:
    async with engine.client() as client:
        job = await create(client, "ended", max_steps=5_000)
        pid = engine.wait_for_event("ended", "started")["data"]["pid"]
        engine.wait_for_event("ended", "metrics", step=1)
        assert (await client.fine_tuning.jobs.cancel(job.id)).status == "cancelled"
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the process is gone")


async def test_weight_zero_rows_and_rows_without_room_for_an_answer_are_left_out_by_line(engine: LocalEngine) -> None:
    rows = json.loads(json.dumps(ROWS))
    rows[2]["messages"][-1]["weight"] = 0
    rows[4]["messages"][1]["content"] = "word " * 600
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "gaps", rows, max_steps=2)).id)
    assert job.status == "succeeded"
    messages = [event["message"] for event in engine.events("gaps")]
    assert any("2 examples are left out" in message and "lines 3, 5" in message for message in messages)
    assert any(message.startswith("Training on 38 examples") for message in messages)


async def test_too_few_rows_with_an_answer_fail_the_job(engine: LocalEngine) -> None:
    async with engine.client() as client:
        job = await wait_for_end(client, (await create(client, "short", sequence_length=16)).id)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error.code == "invalid_training_file"
    assert "within 16 tokens" in job.error.message


async def test_losses_that_explode_are_named_and_end_in_no_broken_file(engine: LocalEngine) -> None:
    async with engine.client() as client:
        await wait_for_end(client, (await create(client, "wild", learning_rate=1.0, max_steps=6)).id)
    for event in engine.events("wild"):
        numbers = [value for value in event["data"].values() if isinstance(value, float)]
        assert all(math.isfinite(number) for number in numbers)


async def test_a_full_disk_pauses_the_run_and_keeps_the_older_checkpoint(tmp_path: Path, tiny_models_dir: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk can't be mounted here (needs the right to mount)")
    try:
        with run_local_engine(small / "jobs", tiny_models_dir) as engine:
            async with engine.client() as client:
                job = await create(client, "full", max_steps=300, save_steps=5)
                engine.wait_for_event("full", "checkpoint", step=5)
                filler = small / "filler"
                with filler.open("wb") as handle:
                    handle.write(b"\0" * max(0, shutil.disk_usage(small).free - 2_000_000))
                paused = engine.wait_for_event("full", "paused")
                assert paused["data"]["reason"] == "disk_full"
                assert "is whole and kept" in paused["message"]
                assert (await client.fine_tuning.jobs.retrieve(job.id)).status == "paused"
                filler.unlink()
                await client.fine_tuning.jobs.resume(job.id)
                wait_until(lambda: [e for e in engine.events("full") if "Going on from" in e["message"]], "it goes on")
                await client.fine_tuning.jobs.cancel(job.id)
    finally:
        subprocess.run(["umount", str(small)], check=True)


async def test_a_long_answer_stops_soon_after_its_client_left(engine: LocalEngine) -> None:
    async with engine.client() as client:
        stream = await client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "go"}], stream=True, max_tokens=450, temperature=1.0
        )
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.close()
        answer = await client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "next"}], max_tokens=1
        )
        assert answer.choices[0].finish_reason in ("length", "stop")


async def test_a_prompt_longer_than_the_context_is_refused(engine: LocalEngine) -> None:
    async with engine.client() as client:
        with pytest.raises(openai.BadRequestError) as refusal:
            await client.chat.completions.create(
                model="tiny", messages=[{"role": "user", "content": "many words " * 600}]
            )
        assert refusal.value.code == "context_length_exceeded"


async def test_the_same_seed_gives_the_same_answer(engine: LocalEngine) -> None:
    async with engine.client() as client:
        texts = []
        for seed in (5, 5, 6):
            answer = await client.chat.completions.create(
                model="tiny", messages=ROWS[0]["messages"][:2], temperature=1.0, seed=seed, max_tokens=16
            )
            texts.append(answer.choices[0].message.content)
        assert texts[0] == texts[1] != texts[2]


async def test_models_are_unloaded_when_nobody_chats(tmp_path: Path, tiny_models_dir: Path) -> None:
    engine = start_local_engine(tmp_path / "jobs", tiny_models_dir, "--inference-idle-seconds", "0.2")
    children = Path(f"/proc/{engine.process.pid}/task/{engine.process.pid}/children")
    try:
        async with engine.client() as client:
            for _ in range(2):
                await client.chat.completions.create(
                    model="tiny", messages=[{"role": "user", "content": "x"}], max_tokens=1
                )
                await asyncio.to_thread(wait_until, lambda: not children.read_text().strip(), "the process ended")
    finally:
        engine.stop()


def test_a_trainer_whose_folder_is_being_trained_in_leaves_it_alone(engine: LocalEngine) -> None:
    async def start() -> None:
        async with engine.client() as client:
            await create(client, "taken", max_steps=5_000)

    asyncio.run(start())
    engine.wait_for_event("taken", "metrics", step=1)
    second = subprocess.run(
        [sys.executable, "-m", "webtune_tui.local_server.trainer", str(engine.jobs_dir / "taken")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert second.returncode == 3
    assert "Another trainer" in second.stderr
