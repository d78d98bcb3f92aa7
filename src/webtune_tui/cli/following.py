"""Following a job on the command line: the same words for ``train``, ``jobs watch`` and ``demo``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from webtune_tui.cli.diagnostics import Progress
from webtune_tui.cli.presentation import job_fields, job_report
from webtune_tui.domain.events import JobChanged, JobReported, Noted, Progressed, TrainEvent
from webtune_tui.domain.jobs import Job

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services


async def follow(
    events: AsyncIterator[TrainEvent], progress: Progress, known: dict[str, Any] | None = None
) -> Job | None:
    """Tells a job's events on stderr and answers its last state; ``None`` where none came.

    ``known`` receives the job's fields, for a command that is interrupted or fails.
    """
    job: Job | None = None
    state = ""
    async for event in events:
        match event:
            case JobChanged(job=changed):
                job = changed
                if known is not None:
                    known.update(job_fields(job))
                if job.state.value != state:
                    state = job.state.value
                    progress.say(f"{job.job_id}: {state}")
                elif job.total_steps:
                    progress.update(f"{job.job_id}: {state}, step {job.step} of {job.total_steps}")
            case JobReported(events=lines):
                for line in lines:
                    progress.detail(f"{line.time}  {line.message}")
            case Progressed():
                progress.update(f"{event.stage} {event.message}")
            case Noted():
                progress.say(event.message)
    return job


async def full_report(services: Services, job_id: str) -> dict[str, Any]:
    """The JSON object of a job with its losses and best checkpoint."""
    job = await services.job_book.get(job_id)
    train, valid = await services.job_book.losses(job.job_id)
    return job_report(job, train, valid, list(await services.job_book.checkpoints(job.job_id)))
