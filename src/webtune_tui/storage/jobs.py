"""Fine-tuning jobs with their events, metric points and checkpoints."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.jobs import Checkpoint, Job, JobEvent, JobState, MetricPoint
from webtune_tui.storage.database import Database

_COLUMNS = (
    "job_id", "provider", "provider_job_id", "state", "raw_state", "base_model", "tuned_model", "dataset_version",
    "suffix", "seed", "hyperparameters", "system_prompt", "operation_id", "files", "created_at", "started_at",
    "finished_at", "estimated_finish", "trained_tokens", "step", "total_steps", "cost", "estimated_cost", "message",
)  # fmt: skip
_JSON_COLUMNS = ("hyperparameters", "files")


class JobRepository:
    """Jobs of the workspace. Every method blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, job: Job) -> None:
        """Inserts or replaces a job."""
        values = [_to_column(name, getattr(job, name)) for name in _COLUMNS]
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
        with self._database.write() as connection:
            connection.execute(
                f"INSERT INTO jobs ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
                f"ON CONFLICT (job_id) DO UPDATE SET {updates}",
                values,
            )

    def get(self, job_id: str) -> Job:
        """One job by its id, its provider's id, or an unambiguous head of it. Raises NotFound."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM jobs WHERE job_id = ?1 OR provider_job_id = ?1 OR job_id LIKE ?2 "
                "ORDER BY (job_id = ?1) DESC, created_at DESC LIMIT 2",
                (job_id, job_id.replace("%", "").replace("_", "") + "%"),
            ).fetchall()
        if not rows or (len(rows) > 1 and job_id not in (rows[0]["job_id"], rows[0]["provider_job_id"])):
            raise NotFound(f"There is no job {job_id!r}", hint="See: webtune jobs list")
        return _to_job(rows[0])

    def all(self) -> list[Job]:
        """Every job, newest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM jobs ORDER BY created_at DESC, job_id").fetchall()
        return [_to_job(row) for row in rows]

    def report(
        self,
        job_id: str,
        events: Sequence[JobEvent],
        points: Sequence[MetricPoint],
        checkpoints: Sequence[Checkpoint],
    ) -> None:
        """Stores what a job reported; what is known already is left as it is."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO job_events (job_id, event_id, time, level, message, data) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                [(job_id, e.event_id, e.time, e.level, e.message, json.dumps(dict(e.data))) for e in events],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO metrics (job_id, name, step, value) VALUES (?, ?, ?, ?)",
                [(job_id, point.name, point.step, point.value) for point in points],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO checkpoints (job_id, checkpoint_id, step, model, metrics) "
                "VALUES (?, ?, ?, ?, ?)",
                [(job_id, c.checkpoint_id, c.step, c.model, json.dumps(dict(c.metrics))) for c in checkpoints],
            )

    def events(self, job_id: str) -> list[JobEvent]:
        """A job's events, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM job_events WHERE job_id = ? ORDER BY time, sequence", (job_id,)
            ).fetchall()
        return [
            JobEvent(row["event_id"], row["time"], row["level"], row["message"], json.loads(row["data"]))
            for row in rows
        ]

    def points(self, job_id: str) -> list[MetricPoint]:
        """A job's metric points by step."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT step, name, value FROM metrics WHERE job_id = ? ORDER BY step, name", (job_id,)
            ).fetchall()
        return [MetricPoint(row["step"], row["name"], row["value"]) for row in rows]

    def checkpoints(self, job_id: str) -> list[Checkpoint]:
        """A job's checkpoints by step."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM checkpoints WHERE job_id = ? ORDER BY step", (job_id,)).fetchall()
        return [Checkpoint(row["checkpoint_id"], row["step"], row["model"], json.loads(row["metrics"])) for row in rows]


def _to_column(name: str, value: Any) -> Any:
    if name in _JSON_COLUMNS:
        return json.dumps(dict(value), sort_keys=True)
    return value.value if isinstance(value, JobState) else value


def _to_job(row: sqlite3.Row) -> Job:
    values = {name: row[name] for name in _COLUMNS}
    for name in _JSON_COLUMNS:
        values[name] = json.loads(values[name])
    values["state"] = JobState(values["state"])
    return Job(**values)
