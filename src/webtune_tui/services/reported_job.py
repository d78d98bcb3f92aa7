"""A job as its provider reports it, laid over what is known of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from webtune_tui.domain.jobs import Job, JobEvent, MetricPoint
from webtune_tui.providers.base import RemoteJob


def as_reported(job: Job, remote: RemoteJob) -> Job:
    """The job in the provider's state; what the provider does not tell stays."""
    return dataclasses.replace(
        job,
        provider_job_id=remote.provider_job_id,
        state=remote.state,
        raw_state=remote.raw_state,
        tuned_model=remote.tuned_model or job.tuned_model,
        trained_tokens=remote.trained_tokens if remote.trained_tokens is not None else job.trained_tokens,
        hyperparameters={**job.hyperparameters, **remote.hyperparameters},
        system_prompt=str(remote.hyperparameters.get("system_prompt") or job.system_prompt),
        estimated_finish=remote.estimated_finish,
        started_at=remote.started_at or job.started_at,
        finished_at=remote.finished_at,
        message=remote.message or ("" if not job.state.is_final else job.message),
    )


def as_far_as(job: Job, points: Sequence[MetricPoint], events: Sequence[JobEvent]) -> Job:
    """The job at the last step that its points and events tell; it never goes back."""
    step = max((point.step for point in points), default=job.step)
    totals = [event.data.get("total_steps") for event in events]
    total = next((t for t in reversed(totals) if isinstance(t, int)), job.total_steps)
    return dataclasses.replace(job, step=max(step, job.step), total_steps=total)
