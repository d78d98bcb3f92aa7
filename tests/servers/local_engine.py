"""Starts the local engine as the program that it is, and talks to it as any client does."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI
from openai.types.fine_tuning import FineTuningJob

ROOT = Path(__file__).parents[2]
SCRIPTED_TRAINER = "tests.servers.scripted_trainer"
SCRIPTED_INFERENCE = "tests.servers.scripted_inference"
OVER = frozenset({"succeeded", "failed", "cancelled"})


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Return the first true value of `condition`; the deadline is for broken programs only."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(0.02)


@dataclass
class LocalEngine:
    """A running server on `jobs_dir`."""

    process: subprocess.Popen[bytes]
    jobs_dir: Path
    note: dict[str, Any]

    @property
    def base_url(self) -> str:
        """The address that clients use."""
        return str(self.note["base_url"])

    @property
    def token(self) -> str:
        """The bearer token."""
        return str(self.note["token"])

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries the token."""
        return {"Authorization": f"Bearer {self.token}"}

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[AsyncOpenAI]:
        """Give the real SDK, pointed at this server."""
        async with AsyncOpenAI(api_key=self.token, base_url=self.base_url, max_retries=0, timeout=120) as client:
            yield client

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """Read the whole lines of a job's event file, oldest first."""
        path = self.jobs_dir / job_id / "events.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for_event(self, job_id: str, kind: str, seconds: float = 60, **data: Any) -> dict[str, Any]:
        """Wait for an event of that kind whose data holds `data`."""

        def find() -> dict[str, Any] | None:
            matching = (event for event in self.events(job_id) if event["kind"] == kind)
            return next((event for event in matching if data.items() <= event["data"].items()), None)

        found: dict[str, Any] = wait_until(find, f"job {job_id} has an event {kind} {data}", seconds)
        return found

    def kill(self) -> None:
        """End the server without a chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the server as a person's system would."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


@contextlib.contextmanager
def run_local_engine(jobs_dir: Path, models_dir: Path, *options: str) -> Iterator[LocalEngine]:
    """Start the server and end it (and every trainer that it started) afterwards."""
    engine = start_local_engine(jobs_dir, models_dir, *options)
    try:
        yield engine
    finally:
        if engine.process.poll() is None:
            engine.stop()
        end_trainers(jobs_dir)


def start_local_engine(jobs_dir: Path, models_dir: Path, *options: str) -> LocalEngine:
    """Start the server and wait until it has written its address."""
    errors_path = jobs_dir.with_name(f"{jobs_dir.name}-stderr")
    with errors_path.open("w") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "webtune_tui.local_server"),
                *("--jobs-dir", str(jobs_dir), "--models-dir", str(models_dir), "--threads", "2", *options),
            ],
            cwd=ROOT,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def announced() -> dict[str, Any] | None:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode}: {errors_path.read_text()}")
        with contextlib.suppress(OSError, ValueError):
            note: dict[str, Any] = json.loads((jobs_dir / "server.json").read_text())
            return note if note["pid"] == process.pid else None
        return None

    return LocalEngine(process, jobs_dir, wait_until(announced, "server.json is there"))


def end_trainers(jobs_dir: Path) -> None:
    """End trainers that tests left running."""
    for path in jobs_dir.glob("*/trainer.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            kill_trainer(path.parent)


def kill_trainer(job_folder: Path) -> None:
    """Kill -9 the trainer of a job, if it is the very process that was started."""
    note = json.loads((job_folder / "trainer.json").read_text())
    stat = Path(f"/proc/{note['pid']}/stat").read_text()
    if stat.rpartition(")")[2].split()[19] == note["pid_started"]:
        os.kill(note["pid"], signal.SIGKILL)


async def upload(client: AsyncOpenAI, name: str, rows: list[dict[str, Any]]) -> str:
    """Upload rows as JSONL; return the file's id."""
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return (await client.files.create(file=(name, content), purpose="fine-tune")).id


async def wait_for_end(client: AsyncOpenAI, api_id: str, seconds: float = 120) -> FineTuningJob:
    """Poll a job until it is over."""
    import asyncio

    async with asyncio.timeout(seconds):
        while True:
            job = await client.fine_tuning.jobs.retrieve(api_id)
            if job.status in OVER:
                return job
            await asyncio.sleep(0.05)


def example_rows(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Return chat examples with a regular house style."""
    colours = ("red", "green", "blue", "black", "white")
    things = ("lamp", "chair", "table", "shelf", "clock", "mug", "rug")
    rows = []
    for number in range(start, start + count):
        thing, colour = things[number % len(things)], colours[number % len(colours)]
        messages = [
            {"role": "system", "content": "You write product lines."},
            {"role": "user", "content": f"Describe the {colour} {thing} number {number}."},
            {"role": "assistant", "content": f"{thing.upper()} | {colour} | item {number} | made to last."},
        ]
        rows.append({"messages": messages})
    return rows
