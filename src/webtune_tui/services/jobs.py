"""Jobs that were begun: followed until they end, stopped, paused and gone on with; they outlive the program."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator

from webtune_tui.domain import clock
from webtune_tui.domain.errors import Offline, RateLimited, ServiceUnavailable, UsageError
from webtune_tui.domain.events import JobChanged, JobReported, Noted, TrainEvent
from webtune_tui.domain.jobs import Job, JobState
from webtune_tui.services.job_book import JobBook
from webtune_tui.services.money import MoneyService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.services.reported_job import as_far_as, as_reported
from webtune_tui.services.submission import Submission
from webtune_tui.settings import Settings

_LOCAL_POLL_SECONDS = 1.0
_HOSTED_POLL_SECONDS = 10.0
_LONGEST_WAIT = 60.0


class JobsService:
    """Follows and steers the jobs of a workspace."""

    def __init__(
        self,
        settings: Settings,
        providers: ProviderCatalogue,
        money: MoneyService,
        book: JobBook,
        submission: Submission,
    ) -> None:
        self._settings = settings
        self._providers = providers
        self._money = money
        self._book = book
        self._submission = submission

    async def watch(self, job_id: str) -> AsyncGenerator[TrainEvent]:
        """First what is stored, then live until the job is final; an unknown job is looked up first.

        Leaving the iteration leaves the job running. Network faults are told and waited out.
        """
        job = await self._book.get(job_id)
        yield JobChanged(job)
        stored = await self._book.stored_report(job.job_id)
        if stored.events or stored.points or stored.checkpoints:
            yield stored
        if job.provider_job_id is None and not job.state.is_final:
            if await self._submission.was_sent(job):
                job = await self._submission.look_up(job)
                yield JobChanged(job)
            else:
                async for event in self._submission.send(job.job_id):
                    if isinstance(event, JobChanged):
                        job = event.job
                    yield event
        known = {event.event_id for event in stored.events}
        # a job can end before it is polled for the first time; its report is fetched all the same
        is_reported = bool(known) or job.provider_job_id is None
        failures = 0
        while not (job.state.is_final and is_reported):
            try:
                job, fresh = await self._poll(job, frozenset(known))
            except (Offline, ServiceUnavailable, RateLimited) as error:
                failures += 1
                yield Noted(f"{error.message}. The job goes on; trying again.", "warn")
                wait = getattr(error, "retry_after", None) or min(_LONGEST_WAIT, 2.0**failures)
                await asyncio.sleep(min(wait, _LONGEST_WAIT))
                continue
            failures, is_reported = 0, True
            known.update(event.event_id for event in fresh.events)
            if fresh.events or fresh.points or fresh.checkpoints:
                yield fresh
            yield JobChanged(job)
            if not job.state.is_final:
                await asyncio.sleep(self._poll_seconds(job.provider))
        if job.cost is None:
            job = await self._settle(job)
            yield JobChanged(job)

    async def _poll(self, job: Job, known: frozenset[str]) -> tuple[Job, JobReported]:
        provider = await self._providers.get(job.provider)
        remote = await provider.retrieve(str(job.provider_job_id))
        events = await provider.events(str(job.provider_job_id), known=known)
        points = await provider.metrics(str(job.provider_job_id), events)
        checkpoints = await provider.checkpoints(str(job.provider_job_id))
        merged = as_far_as(as_reported(job, remote), points, events)
        fresh = JobReported(job.job_id, tuple(events), tuple(points), tuple(checkpoints))
        await self._book.keep(fresh)
        return await self._book.save(merged), fresh

    async def _settle(self, job: Job) -> Job:
        """Records what the finished job cost."""
        if self._book.is_read_only or job.trained_tokens is None:
            return job
        price = self._providers.training_price(job.provider, job.base_model)
        if price is None:
            return job
        cost = job.trained_tokens / 1e6 * price.per_million_tokens
        await self._money.charge(job.job_id, cost, f"trained tokens at {price.source}", job.operation_id)
        return await self._book.save(dataclasses.replace(job, cost=cost))

    def _poll_seconds(self, provider: str) -> float:
        if self._settings.poll_seconds is not None:
            return self._settings.poll_seconds
        return _LOCAL_POLL_SECONDS if self._providers.describe(provider).is_local else _HOSTED_POLL_SECONDS

    async def cancel(self, job_id: str) -> Job:
        """Stops a job at its provider; answers its true state."""
        job = await self._book.get(job_id)
        if job.state.is_final:
            return job
        if job.provider_job_id is None:
            if await self._submission.was_sent(job):
                job = await self._submission.look_up(job)
            else:
                return await self._book.save(
                    dataclasses.replace(
                        job, state=JobState.CANCELLED, finished_at=clock.now(), message="Cancelled before it was sent"
                    )
                )
        provider = await self._providers.get(job.provider)
        remote = await provider.cancel(str(job.provider_job_id))
        return await self._book.save(as_reported(job, remote))

    async def pause(self, job_id: str) -> Job:
        """Asks the provider to save a checkpoint and stop. Raises UsageError where it can't."""
        return await self._switch(job_id, "pause")

    async def resume(self, job_id: str) -> Job:
        """Goes on with a paused job, or with an interrupted start; one that was sent is looked up, never sent again."""
        job = await self._book.get(job_id)
        if job.provider_job_id is None and not job.state.is_final:
            if await self._submission.was_sent(job):
                return await self._submission.look_up(job)
            async for event in self._submission.send(job_id):
                if isinstance(event, JobChanged):
                    job = event.job
            return job
        return await self._switch(job_id, "resume")

    async def _switch(self, job_id: str, verb: str) -> Job:
        job = await self._book.get(job_id)
        capabilities = self._providers.describe(job.provider)
        if not capabilities.pause:
            raise UsageError(f"{capabilities.title} can't {verb} jobs", hint="Cancel it, or let it run.")
        if job.provider_job_id is None or job.state.is_final:
            raise UsageError(f"{job.job_id} is {job.state.value}", hint="Only a running or paused job can do this.")
        provider = await self._providers.get(job.provider)
        remote = await (provider.pause if verb == "pause" else provider.resume)(job.provider_job_id)
        return await self._book.save(as_reported(job, remote))
