"""Job folders: everything a fine-tuning job is lies in its folder, and its state is read from there."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui.local_server.events_log import FINAL_KINDS, Event, EventLog, Kind, last_of
from webtune_tui.local_server.files import StoredFile
from webtune_tui.local_server.models import TunedName
from webtune_tui.local_server.openai_objects import ApiError, Json
from webtune_tui.local_server.private_files import (
    link_or_copy,
    make_private_folder,
    read_json,
    remove_unfinished,
    sha256_of,
    sync_folder,
    write_json,
)
from webtune_tui.local_server.processes import ProcessIdentity

JOB_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")
PAUSE_FLAG = "pause.request"
CANCEL_FLAG = "cancel.request"
_API_PREFIX = "ftjob-"
_RECENT_STEPS = 5

_STATUS_AFTER = {
    Kind.CREATED: "validating_files",
    Kind.VALIDATED: "queued",
    Kind.RESUMED: "queued",
    Kind.STARTED: "running",
    Kind.INTERRUPTED: "running",
    Kind.PAUSED: "paused",
    Kind.CANCELLED: "cancelled",
    Kind.FAILED: "failed",
    Kind.SUCCEEDED: "succeeded",
}
"""`paused` is our extension of OpenAI's statuses; the others are theirs."""


@dataclass(frozen=True)
class NewJob:
    """A checked request for a job."""

    job_id: str
    body: Json
    base_name: str
    base_folder: Path
    training_file: StoredFile
    validation_file: StoredFile | None
    requested_hyperparameters: dict[str, Any]
    seed: int


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is on disk and whole enough to chat with."""

    step: int
    folder: Path
    event: Event


class Job:
    """One job folder. Nothing is cached but parsed events, so any process may have written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.log = EventLog(folder / "events.jsonl")

    @property
    def api_id(self) -> str:
        """Return the id that OpenAI's API shows."""
        return _API_PREFIX + self.id

    @property
    def spec(self) -> Json:
        """Return what the job was made with; see `JobStore.create`."""
        return read_json(self.folder / "spec.json") or {}

    def update_spec(self, **changes: Any) -> None:
        """Write down more of what is really used."""
        write_json(self.folder / "spec.json", {**self.spec, **changes})

    def status(self) -> str:
        """Return the status, from the newest event that sets one."""
        event = last_of(self.log.read(), *_STATUS_AFTER)
        return _STATUS_AFTER[event.kind] if event else "validating_files"

    def is_over(self) -> bool:
        """Say whether the job succeeded, failed or was cancelled."""
        return self.final_event() is not None

    def final_event(self) -> Event | None:
        """Return the event that ended the job."""
        return last_of(self.log.read(), *FINAL_KINDS)

    def child(self) -> ProcessIdentity | None:
        """Return the trainer that was started last, living or not."""
        note = read_json(self.folder / "trainer.json")
        if note is None:
            return None
        return ProcessIdentity(int(note.get("pid", 0)), str(note.get("pid_started", "")))

    def set_child(self, child: ProcessIdentity) -> None:
        """Remember the trainer of this job."""
        write_json(self.folder / "trainer.json", {"pid": child.pid, "pid_started": child.started})

    def living_child(self) -> ProcessIdentity | None:
        """Return the trainer when it runs."""
        child = self.child()
        return child if child is not None and child.is_alive() else None

    def has_flag(self, name: str) -> bool:
        """Say whether a request (pause, cancel) lies in the folder."""
        return (self.folder / name).exists()

    def set_flag(self, name: str, wanted: bool) -> None:
        """Lay down or take away a request."""
        if wanted:
            (self.folder / name).touch(mode=0o600)
        else:
            (self.folder / name).unlink(missing_ok=True)

    def tuned_name(self, step: int | None = None) -> str:
        """Return the name of the tuned model, or of one of its checkpoints."""
        spec = self.spec
        return str(TunedName(spec["base_model"]["name"], spec.get("suffix") or "", self.id, step))

    def adapter_folder(self) -> Path:
        """Return where the finished adapter lies."""
        return self.folder / "adapter"

    def checkpoints(self) -> list[Checkpoint]:
        """Return the checkpoints that are still on disk, newest first."""
        by_step = {event.data["step"]: event for event in self.log.read() if event.kind is Kind.CHECKPOINT}
        found = [
            Checkpoint(step, self.folder / "checkpoints" / f"checkpoint-{step}", event)
            for step, event in sorted(by_step.items(), reverse=True)
        ]
        return [checkpoint for checkpoint in found if checkpoint.folder.is_dir()]

    def result_file(self) -> StoredFile | None:
        """Return the table of metrics that a finished job leaves."""
        end = self.final_event()
        path = self.folder / "results.csv"
        if end is None or end.kind is not Kind.SUCCEEDED or not path.is_file():
            return None
        return StoredFile(f"file-results-{self.id}", path, "step_metrics.csv", "fine-tune-results", int(end.at))

    def as_json(self) -> Json:
        """Return the job as OpenAI's object, with every required key."""
        spec, events = self.spec, self.log.read()
        status = self.status()
        end = last_of(events, *FINAL_KINDS)
        result = self.result_file()
        hyperparameters = spec.get("hyperparameters") or {
            "n_epochs": "auto",
            "batch_size": "auto",
            "learning_rate_multiplier": "auto",
            **spec["requested_hyperparameters"],
        }
        succeeded = end is not None and end.kind is Kind.SUCCEEDED
        return {
            "id": self.api_id,
            "object": "fine_tuning.job",
            "created_at": spec["created_at"],
            "error": _error_of(end),
            "estimated_finish": _estimated_finish(events) if status == "running" else None,
            "fine_tuned_model": self.tuned_name() if succeeded else None,
            "finished_at": int(end.at) if end else None,
            "hyperparameters": hyperparameters,
            "integrations": [],
            "metadata": spec["metadata"],
            "method": {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}},
            "model": spec["base_model"]["name"],
            "organization_id": "org-local",
            "result_files": [result.id] if result else [],
            "seed": spec["seed"],
            "status": status,
            "trained_tokens": end.data.get("trained_tokens") if end and succeeded else None,
            "training_file": spec["training_file"],
            "user_provided_suffix": spec.get("suffix"),
            "validation_file": spec["validation_file"],
        }

    def events_as_json(self) -> list[Json]:
        """Return the events as OpenAI's objects, newest first."""
        return [
            {
                "id": event.id,
                "object": "fine_tuning.job.event",
                "created_at": int(event.at),
                "level": event.level,
                "message": event.message,
                "type": "metrics" if event.kind is Kind.METRICS else "message",
                "data": event.data,
            }
            for event in reversed(self.log.read())
        ]

    def checkpoints_as_json(self) -> list[Json]:
        """Return the checkpoints as OpenAI's objects, newest first."""
        return [
            {
                "id": f"ftckpt_{self.id}-{checkpoint.step}",
                "object": "fine_tuning.job.checkpoint",
                "created_at": int(checkpoint.event.at),
                "fine_tuned_model_checkpoint": self.tuned_name(checkpoint.step),
                "fine_tuning_job_id": self.api_id,
                "metrics": checkpoint.event.data.get("metrics", {"step": checkpoint.step}),
                "step_number": checkpoint.step,
            }
            for checkpoint in self.checkpoints()
        ]


class JobStore:
    """All job folders below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_private_folder(folder)
        remove_unfinished(self.folder)
        self._jobs: dict[str, Job] = {}

    def all(self) -> list[Job]:
        """Return every job whose spec can be read, newest first."""
        names = [path.parent.name for path in self.folder.glob("*/spec.json") if JOB_ID.fullmatch(path.parent.name)]
        jobs = [job for job in map(self._job, names) if job.spec]
        return sorted(jobs, key=lambda job: (job.spec.get("created_at", 0), job.id), reverse=True)

    def get(self, job_id: str) -> Job | None:
        """Return the job whose folder has that name."""
        if not JOB_ID.fullmatch(job_id) or read_json(self.folder / job_id / "spec.json") is None:
            return None
        return self._job(job_id)

    def find(self, api_id: str) -> Job:
        """Return the job of an API id.

        Raises:
            ApiError: there is none.
        """
        job = self.get(api_id.removeprefix(_API_PREFIX)) if api_id.startswith(_API_PREFIX) else None
        if job is None:
            raise ApiError(
                404,
                f"Could not find fine tune: {api_id[:120]}",
                code="fine_tune_not_found",
                param="fine_tune_id",
            )
        return job

    def existing(self, job_id: str, body: Json) -> Job | None:
        """Return the job that the same request made before.

        Raises:
            ApiError: the id is taken by a job with another request.
        """
        job = self.get(job_id)
        if job is not None and job.spec.get("request") != body:
            raise ApiError(
                409,
                f"The job '{job_id}' was made before with another request. Choose another webtune_job.",
                code="job_exists",
                param="metadata.webtune_job",
            )
        return job

    def create(self, new: NewJob) -> Job:
        """Make the folder of a job; it is there whole or not at all."""
        unfinished = make_private_folder(self.folder / f".new-{new.job_id}-{secrets.token_hex(4)}")
        try:
            files = _take_files(new, unfinished)
            metadata = new.body.get("metadata") or {}
            write_json(
                unfinished / "spec.json",
                {
                    "job": new.job_id,
                    "created_at": int(time.time()),
                    "request": new.body,
                    "base_model": {"name": new.base_name, "folder": str(new.base_folder)},
                    "training_file": new.training_file.id,
                    "validation_file": new.validation_file.id if new.validation_file else None,
                    "files": files,
                    "suffix": new.body.get("suffix"),
                    "metadata": metadata,
                    "seed": new.seed,
                    "requested_hyperparameters": new.requested_hyperparameters,
                    "hyperparameters": None,
                    "system_prompt": None,
                    "chat_template": None,
                    "versions": None,
                },
            )
            EventLog(unfinished / "events.jsonl").append(Event(Kind.CREATED, "Created fine-tuning job"))
            unfinished.rename(self.folder / new.job_id)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        sync_folder(self.folder)
        return self._job(new.job_id)

    def result_files(self) -> Iterable[StoredFile]:
        """Return the tables of metrics of all finished jobs."""
        return [file for file in (job.result_file() for job in self.all()) if file is not None]

    def _job(self, job_id: str) -> Job:
        return self._jobs.setdefault(job_id, Job(self.folder / job_id))


def new_job_id() -> str:
    """Return a fresh id for a job whose client names none."""
    return secrets.token_hex(10)


def _take_files(new: NewJob, folder: Path) -> Json:
    described: Json = {}
    for name, file in (("train.jsonl", new.training_file), ("validation.jsonl", new.validation_file)):
        if file is not None:
            link_or_copy(file.path, folder / name)
            described[name] = {"id": file.id, "filename": file.filename, "sha256": sha256_of(folder / name)}
    return described


def _error_of(end: Event | None) -> Json | None:
    if end is None or end.kind is not Kind.FAILED:
        return None
    return {
        "code": end.data.get("code", "server_error"),
        "message": end.message,
        "param": end.data.get("param"),
    }


def _estimated_finish(events: list[Event]) -> int | None:
    steps = [event for event in events if event.kind is Kind.METRICS and event.data.get("step_seconds")]
    if not steps:
        return None
    recent = [float(event.data["step_seconds"]) for event in steps[-_RECENT_STEPS:]]
    remaining = steps[-1].data["total_steps"] - steps[-1].data["step"]
    return int(steps[-1].at + remaining * sum(recent) / len(recent))
