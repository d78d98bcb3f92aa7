"""Stopping the shown job for good, after a question."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.events import JobChanged
from webtune_tui.domain.jobs import Job
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.fine_tuning.watching import Watching
from webtune_tui.tui.presentation import jobs


class Cancelling(FineTunePart):
    """Does what ``x`` asks for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "cancel_job", "Cancel job", tooltip="Stop the shown job; asks first"),
    ]
    EDITING = frozenset({"cancel_job"})

    def __init__(self, screen: FineTuneFrame, watching: Watching) -> None:
        super().__init__(screen)
        self._watching = watching

    def suits(self, job: Job) -> bool:
        """A job that goes on."""
        return not job.state.is_final

    def action_cancel_job(self) -> None:
        """Stops the shown job after a question."""
        self._screen.queue(self._cancel, "cancel-job")

    async def _cancel(self) -> None:
        screen = self._screen
        job = screen.shown_job
        if job is None or job.state.is_final or screen.refuses_editing():
            return
        if await screen.confirm(
            "Cancel this job?", _cancel_words(job), yes="Cancel the job", no="Let it run", danger=True
        ):
            stopped = await screen.services.jobs.cancel(job.job_id)
            await self._watching.show_event(JobChanged(stopped))
            screen.notify(f"The job is {stopped.state.value}.")


def _cancel_words(job: Job) -> str:
    where = "on this machine" if job.provider == "local" else f"at {display_line(job.provider, limit=30)}"
    lost = "Its whole checkpoints stay, the model itself is not finished."
    money = "" if job.provider == "local" else " Work that is done may be charged."
    step = f" It stands at {jobs.step_words(job)}." if job.step else ""
    return f"The training {where} stops for good.{step} {lost}{money} Leaving the screen or the app does not stop it."
