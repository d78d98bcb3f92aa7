"""The jobs of a workspace as they are stored: each with its events, its curve and its checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from webtune_tui.domain.events import JobReported
from webtune_tui.domain.jobs import Checkpoint, Job, JobEvent, LossSummary, MetricPoint
from webtune_tui.storage.jobs import JobRepository
from webtune_tui.storage.workspace import Workspace


class JobBook:
    """Reads and keeps jobs off the event loop. A read-only workspace keeps nothing."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._jobs = JobRepository(workspace.database)

    @property
    def is_read_only(self) -> bool:
        """Whether nothing is kept."""
        return self._workspace.read_only

    async def all(self) -> Sequence[Job]:
        """Every job, newest first."""
        return await asyncio.to_thread(self._jobs.all)

    async def get(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        return await asyncio.to_thread(self._jobs.get, job_id)

    async def events(self, job_id: str) -> Sequence[JobEvent]:
        """A job's stored events, oldest first."""
        job = await self.get(job_id)
        return await asyncio.to_thread(self._jobs.events, job.job_id)

    async def points(self, job_id: str) -> Sequence[MetricPoint]:
        """A job's stored metric points by step."""
        job = await self.get(job_id)
        return await asyncio.to_thread(self._jobs.points, job.job_id)

    async def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """A job's checkpoints by step."""
        job = await self.get(job_id)
        return await asyncio.to_thread(self._jobs.checkpoints, job.job_id)

    async def losses(self, job_id: str) -> tuple[LossSummary, LossSummary]:
        """The summaries of the training and of the validation loss."""
        points = await self.points(job_id)
        named: dict[str, list[MetricPoint]] = {}
        for point in points:
            named.setdefault(point.name, []).append(point)
        # the series with more points says more of the curve; the one on the whole split wins a tie
        valid = max(named.get("full_valid_loss", []), named.get("valid_loss", []), key=len)
        return LossSummary.of(named.get("train_loss", [])), LossSummary.of(valid)

    async def stored_report(self, job_id: str) -> JobReported:
        """All that is stored of a job's history, curve and checkpoints."""
        return await asyncio.to_thread(self._read_report, job_id)

    def _read_report(self, job_id: str) -> JobReported:
        return JobReported(
            job_id,
            tuple(self._jobs.events(job_id)),
            tuple(self._jobs.points(job_id)),
            tuple(self._jobs.checkpoints(job_id)),
        )

    async def save(self, job: Job) -> Job:
        """Keeps the job and gives it back."""
        if not self.is_read_only:
            await asyncio.to_thread(self._jobs.save, job)
        return job

    async def keep(self, report: JobReported) -> None:
        """Keeps what a provider newly reported."""
        if not self.is_read_only:
            await asyncio.to_thread(self._jobs.report, report.job_id, report.events, report.points, report.checkpoints)
