"""Starts trainers one at a time, notices when they die, and re-attaches to those of an earlier server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui.local_server.checkpoints import newest_whole_checkpoint
from webtune_tui.local_server.child_environment import child_environment, missing_modules, missing_text
from webtune_tui.local_server.events_log import Event, Kind, last_of
from webtune_tui.local_server.hyperparameters import Hyperparameters, resolve
from webtune_tui.local_server.jobs import CANCEL_FLAG, PAUSE_FLAG, Job, JobStore
from webtune_tui.local_server.openai_objects import ApiError, invalid
from webtune_tui.local_server.private_files import append_private, tail_of
from webtune_tui.local_server.processes import (
    ProcessIdentity,
    memory_limit_bytes,
    peak_memory_bytes,
    start_time,
)
from webtune_tui.local_server.training_rows import MINIMUM_EXAMPLES, Findings, check_file

DEATHS_ALLOWED = 3
"""Deaths with no new step in between after which a job has failed."""

_SECONDS_BETWEEN_LOOKS = 0.25
_SECONDS_TO_END = 5.0
_HIGH_SHARE_OF_MEMORY = 0.6

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainerCommand:
    """The module that trains (tests have a scripted one), and its threads unless a job says otherwise."""

    module: str
    threads: int

    def start(self, job: Job) -> subprocess.Popen[bytes]:
        """Start a trainer in a session of its own, so that it outlives this server."""
        log = append_private(job.folder / "trainer.log")
        threads = (job.spec.get("hyperparameters") or {}).get("threads", self.threads)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", self.module, str(job.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=child_environment(threads),
            )
        finally:
            os.close(log)


class Supervisor:
    """Moves every job on towards its end; all its decisions follow from the job folders."""

    def __init__(self, store: JobStore, command: TrainerCommand) -> None:
        self._store = store
        self._command = command
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._handles: dict[str, subprocess.Popen[bytes]] = {}
        self._exit_codes: dict[str, int] = {}
        self._peaks: dict[str, int] = {}
        self._trainers = {job.id: child for job in store.all() if (child := job.living_child()) is not None}

    def wake(self) -> None:
        """Look at the jobs soon."""
        self._wake.set()

    def is_busy(self) -> bool:
        """Say whether a trainer runs or a job waits for one."""
        self._watch_trainers()
        return bool(self._trainers) or any(_wants_work(job) for job in self._store.all())

    async def run(self) -> None:
        """Look after the jobs until cancelled."""
        while True:
            self._wake.clear()
            async with self._turn:
                busy = await self._look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _SECONDS_BETWEEN_LOOKS if busy else None)

    async def cancel(self, job: Job) -> None:
        """End a job for good; a second time is no error.

        Raises:
            ApiError: the job has ended in another way.
        """
        if job.status() == "cancelled":
            return
        self._refuse_when_over(job)
        job.set_flag(CANCEL_FLAG, True)
        async with self._turn:
            await self._end_trainer(job)
            self._conclude_cancel(job)
        if job.status() != "cancelled":
            self._refuse_when_over(job)

    async def pause(self, job: Job) -> None:
        """Ask the trainer to save and stop after its current step; a waiting job stops waiting.

        Raises:
            ApiError: the job has ended.
        """
        self._refuse_when_over(job)
        async with self._turn:
            if job.status() == "paused":
                return
            if job.living_child() is None:
                job.log.append(Event(Kind.PAUSED, "Paused before it was running", data={"reason": "requested"}))
                return
            job.set_flag(PAUSE_FLAG, True)
            job.log.append(Event(Kind.MESSAGE, "Pausing: a checkpoint is saved after the current step"))

    async def resume(self, job: Job) -> None:
        """Let a paused job go on; a pause that was only asked for is taken back.

        Raises:
            ApiError: the job has ended.
        """
        self._refuse_when_over(job)
        async with self._turn:
            was_asked_to_pause = job.has_flag(PAUSE_FLAG)
            job.set_flag(PAUSE_FLAG, False)
            if job.status() == "paused":
                validated = last_of(job.log.read(), Kind.VALIDATED) is not None
                kind = Kind.RESUMED if validated else Kind.CREATED
                job.log.append(Event(kind, "Resumed; waiting for its turn"))
            elif was_asked_to_pause:
                job.log.append(Event(Kind.MESSAGE, "The pause was taken back; training goes on"))
        self.wake()

    def _refuse_when_over(self, job: Job) -> None:
        if job.is_over():
            raise invalid(
                f"The job {job.api_id} has ended ({job.status()}), so that can't be done any more.",
                code="job_already_finished",
                param="fine_tuning_job_id",
            )

    async def _look(self) -> bool:
        """Do what can be done for every job now; return whether to look again soon."""
        self._watch_trainers()
        unfinished = [job for job in reversed(self._store.all()) if not job.is_over()]
        for job in unfinished:
            if job.id in self._trainers:
                self._note_adopted_start(job)
                continue
            if job.has_flag(CANCEL_FLAG):
                self._conclude_cancel(job)
            elif job.status() == "validating_files":
                await asyncio.to_thread(validate, job, self._command.threads)
            elif last_of(job.log.read(), Kind.STARTED, Kind.INTERRUPTED, Kind.PAUSED, Kind.RESUMED) is not None:
                self._settle_death(job)
        if not self._trainers:
            self._start_next(unfinished)
        return bool(self._trainers) or any(_wants_work(job) for job in unfinished)

    def _watch_trainers(self) -> None:
        for job_id, handle in list(self._handles.items()):
            if handle.poll() is not None:
                self._exit_codes[job_id] = handle.returncode
                del self._handles[job_id]
        for job_id, trainer in list(self._trainers.items()):
            if not trainer.is_alive():
                del self._trainers[job_id]
                continue
            peak = peak_memory_bytes(trainer.pid)
            if peak is not None:
                self._peaks[job_id] = max(peak, self._peaks.get(job_id, 0))

    def _start_next(self, unfinished: list[Job]) -> None:
        waiting = [job for job in unfinished if _wants_work(job) and job.status() in ("queued", "running")]
        waiting.sort(key=lambda job: job.status() != "running")
        if not waiting:
            return
        job = waiting[0]
        absent = missing_modules(self._command.module)
        if absent:
            job.log.append(Event(Kind.FAILED, missing_text(absent), "error", {"code": "missing_dependency"}))
            return
        job.set_flag(PAUSE_FLAG, False)
        handle = self._command.start(job)
        trainer = ProcessIdentity(handle.pid, start_time(handle.pid) or "")
        job.set_child(trainer)
        self._handles[job.id] = handle
        self._trainers[job.id] = trainer
        self._peaks.pop(job.id, None)
        self._exit_codes.pop(job.id, None)
        job.log.append(Event(Kind.STARTED, "Fine-tuning job started", data={"pid": handle.pid}))
        _logger.info("job %s: trainer %d started", job.id, handle.pid)

    def _note_adopted_start(self, job: Job) -> None:
        """Write the start that a server killed right after starting a trainer could not write."""
        if job.status() == "queued":
            pid = self._trainers[job.id].pid
            job.log.append(Event(Kind.STARTED, "Fine-tuning job started", data={"pid": pid}))

    def _settle_death(self, job: Job) -> None:
        """Write down that the trainer of a running job has gone without a last word."""
        events = job.log.read()
        newest = last_of(events, Kind.STARTED, Kind.INTERRUPTED, Kind.PAUSED, Kind.RESUMED)
        if newest is None or newest.kind is not Kind.STARTED:
            return
        if job.has_flag(PAUSE_FLAG):
            job.set_flag(PAUSE_FLAG, False)
            job.log.append(Event(Kind.PAUSED, "Paused (the trainer had ended)", "warn", {"reason": "requested"}))
            return
        data = self._death_data(job)
        if deaths_without_progress(events) + 1 >= DEATHS_ALLOWED:
            job.log.append(Event(Kind.FAILED, _failure_text(job, data), "error", data))
            return
        checkpoint = newest_whole_checkpoint(job.folder / "checkpoints")
        goes_on = f"from {checkpoint.name}" if checkpoint else "from the beginning"
        message = f"The trainer ended unexpectedly ({data['how']}) after step {data['step']}"
        message += f"; it starts again {goes_on}"
        job.log.append(Event(Kind.INTERRUPTED, message, "warn", data))
        _logger.warning("job %s: %s", job.id, message)

    def _death_data(self, job: Job) -> dict[str, Any]:
        exit_code = self._exit_codes.get(job.id)
        peak, limit = self._peaks.get(job.id), memory_limit_bytes()
        memory_was_high = peak is not None and limit is not None and peak > _HIGH_SHARE_OF_MEMORY * limit
        out_of_memory = memory_was_high and exit_code in (None, -signal.SIGKILL)
        return {
            "step": reached_step(job.log.read()),
            "exit_code": exit_code,
            "how": _how_it_ended(exit_code),
            "peak_memory_bytes": peak,
            "memory_bytes": limit,
            "code": "out_of_memory" if out_of_memory else "trainer_died",
        }

    async def _end_trainer(self, job: Job) -> None:
        trainer = job.living_child()
        if trainer is None:
            return
        trainer.send(signal.SIGTERM)
        deadline = asyncio.get_running_loop().time() + _SECONDS_TO_END
        while self._still_runs(trainer):
            if asyncio.get_running_loop().time() > deadline:
                trainer.kill()
            await asyncio.sleep(0.02)

    def _still_runs(self, trainer: ProcessIdentity) -> bool:
        self._watch_trainers()
        return trainer.is_alive()

    def _conclude_cancel(self, job: Job) -> None:
        if not job.is_over():
            job.log.append(Event(Kind.CANCELLED, "Cancelled", data={"step": reached_step(job.log.read())}))


def validate(job: Job, threads: int) -> None:
    """Check the files of a new job line by line and settle its hyperparameters; or fail it, naming lines."""
    training = check_file(job.folder / "train.jsonl")
    validation_path = job.folder / "validation.jsonl"
    validation = check_file(validation_path) if validation_path.exists() else None
    problem = _file_problem(training, validation)
    if problem is not None:
        job.log.append(Event(Kind.FAILED, problem.message, "error", {"code": problem.code, "param": problem.param}))
        return
    try:
        resolved = resolve(job.spec["requested_hyperparameters"], training.rows, threads)
    except ApiError as error:
        job.log.append(Event(Kind.FAILED, error.message, "error", {"code": error.code, "param": error.param}))
        return
    job.update_spec(hyperparameters=resolved.as_json(), system_prompt=training.first_system_prompt)
    counts = f"{training.rows} training examples" + (f", {validation.rows} validation examples" if validation else "")
    job.log.append(Event(Kind.VALIDATED, f"Files validated: {counts}; job queued"))


def deaths_without_progress(events: list[Event]) -> int:
    """Count the trainer's deaths since it last reached a new step, or since a person resumed it."""
    furthest, deaths = 0, 0
    for event in events:
        if event.kind is Kind.RESUMED:
            deaths = 0
        elif event.kind is Kind.INTERRUPTED:
            deaths += 1
        elif event.kind is Kind.METRICS and event.data.get("step", 0) > furthest:
            furthest, deaths = event.data["step"], 0
    return deaths


def reached_step(events: list[Event]) -> int:
    """Return the highest step that has been reported."""
    return max((int(event.data.get("step", 0)) for event in events if event.kind is Kind.METRICS), default=0)


def _wants_work(job: Job) -> bool:
    return not job.is_over() and job.status() != "paused"


def _file_problem(training: Findings, validation: Findings | None) -> ApiError | None:
    for findings, param in ((training, "training_file"), (validation, "validation_file")):
        if findings is not None and findings.bad_lines:
            shown = "; ".join(findings.messages)
            more = findings.bad_lines - len(findings.messages)
            message = f"The {param.replace('_', ' ')} has {findings.bad_lines} bad lines: {shown}" + (
                f"; and {more} more" if more else ""
            )
            return invalid(message, code="invalid_training_file", param=param)
    if training.rows < MINIMUM_EXAMPLES:
        message = f"The training file has {training.rows} examples, but at least {MINIMUM_EXAMPLES} are needed."
        return invalid(message, code="invalid_training_file", param="training_file")
    if validation is not None and validation.rows == 0:
        return invalid("The validation file has no example.", code="invalid_training_file", param="validation_file")
    return None


def _how_it_ended(exit_code: int | None) -> str:
    if exit_code is None:
        return "reason unknown"
    if exit_code < 0:
        with contextlib.suppress(ValueError):
            return f"signal {-exit_code}, {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"


def _failure_text(job: Job, data: dict[str, Any]) -> str:
    log_path: Path = job.folder / "trainer.log"
    start = f"The trainer ended {DEATHS_ALLOWED} times without a new step "
    start += f"({data['how']}, after step {data['step']})."
    if data["code"] == "out_of_memory":
        hyperparameters = Hyperparameters(**job.spec["hyperparameters"])
        used, limit = data["peak_memory_bytes"] / 1e9, data["memory_bytes"] / 1e9
        start += f" It had used {used:.1f} GB of {limit:.1f} GB, so memory ran out."
        start += f" Use less: {hyperparameters.smaller()}."
    return f"{start} Last lines of {log_path.name}:\n{tail_of(log_path)}"
