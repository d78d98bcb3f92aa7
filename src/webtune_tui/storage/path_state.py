"""What the workspace holds at each stage of the path, counted in one short read."""

from __future__ import annotations

from dataclasses import dataclass

from webtune_tui.storage.database import Database


@dataclass(frozen=True, slots=True)
class OpenCollection:
    """A collection that can go on."""

    collection_id: str
    label: str
    state: str


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that is not final."""

    job_id: str
    base_model: str
    state: str
    step: int
    total_steps: int | None


@dataclass(frozen=True, slots=True)
class PathState:
    """Counts per stage. ``last_collected`` and ``prepared_at`` are RFC 3339 UTC; ``last_job_state`` a job state."""

    records: int
    open_collections: tuple[OpenCollection, ...]
    last_collected: str | None
    examples: int | None
    prepared_at: str | None
    open_jobs: tuple[OpenJob, ...]
    last_job_state: str | None
    tuned_models: int
    answers: int
    evaluations: int
    confirmed_operations: int


class PathStateReader:
    """Blocking; reads sums that other tables keep, never whole tables of records or examples."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> PathState:
        """The state of this moment."""
        with self._database.read() as connection:
            records, last_collected = connection.execute(
                "SELECT coalesce(sum(new + changed), 0), max(finished_at) FROM collections"
            ).fetchone()
            collections = connection.execute(
                "SELECT collection_id, label, state FROM collections WHERE state IN ('running', 'unknown')"
                " ORDER BY created_at DESC"
            ).fetchall()
            revision = connection.execute(
                "SELECT r.examples, b.created_at FROM revisions r JOIN builds b USING (build) WHERE b.is_whole = 1"
                " ORDER BY r.build DESC, r.revision DESC LIMIT 1"
            ).fetchone()
            jobs = connection.execute(
                "SELECT job_id, base_model, state, step, total_steps FROM jobs"
                " WHERE state NOT IN ('draft', 'succeeded', 'failed', 'cancelled') ORDER BY created_at DESC"
            ).fetchall()
            last_job = connection.execute(
                "SELECT state FROM jobs WHERE state <> 'draft' ORDER BY created_at DESC LIMIT 1"
            ).fetchone()
            counts = connection.execute(
                "SELECT (SELECT count(*) FROM jobs WHERE state = 'succeeded'),"
                " (SELECT count(*) FROM chat_turns WHERE role = 'assistant'),"
                " (SELECT count(*) FROM evaluations),"
                " (SELECT count(*) FROM operations WHERE state = 'confirmed')"
            ).fetchone()
        return PathState(
            records=records,
            open_collections=tuple(OpenCollection(*row) for row in collections),
            last_collected=last_collected,
            examples=revision[0] if revision else None,
            prepared_at=revision[1] if revision else None,
            open_jobs=tuple(OpenJob(*row) for row in jobs),
            last_job_state=last_job[0] if last_job else None,
            tuned_models=counts[0],
            answers=counts[1],
            evaluations=counts[2],
            confirmed_operations=counts[3],
        )
