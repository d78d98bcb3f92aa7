"""Pausing the shown job after a checkpoint, and letting it go on."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.events import JobChanged
from webtune_tui.domain.jobs import Job, JobState
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.fine_tuning.watching import Watching


class Pausing(FineTunePart):
    """Does what ``p`` asks for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause_job", "Pause", tooltip="Pause the shown job after a checkpoint, or let it go on"),
    ]
    EDITING = frozenset({"pause_job"})

    def __init__(self, screen: FineTuneFrame, watching: Watching) -> None:
        super().__init__(screen)
        self._watching = watching

    def suits(self, job: Job) -> bool:
        """A job that runs or is paused, at a provider that can pause."""
        return job.state in (JobState.RUNNING, JobState.PAUSED) and any(
            one.name == job.provider and one.pause for one in self._screen.services.providers.capabilities()
        )

    def action_pause_job(self) -> None:
        """Pauses the shown job, or lets it go on."""
        self._screen.launch(self._pause_or_resume, "pause")

    async def _pause_or_resume(self) -> None:
        job = self._screen.shown_job
        if job is None or self._screen.refuses_editing():
            return
        is_paused = job.state is JobState.PAUSED
        service = self._screen.services.jobs
        await self._watching.show_event(JobChanged(await (service.resume if is_paused else service.pause)(job.job_id)))
        if is_paused:
            self._watching.watch(job.job_id)
