"""The job in sight: opened from the list, followed live, looked at again, and its verdict."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from webtune_tui.domain.errors import InternalFault, WebtuneError
from webtune_tui.domain.events import JobChanged, Noted, TrainEvent
from webtune_tui.domain.jobs import Job, JobState
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui import attention, error_display
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.listing import Listing
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation import figures, jobs

NEVER_SENT = "The start was interrupted before anything was sent or charged. w goes on with it, x drops it."


class Watching(FineTunePart):
    """Shows what a job reports."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "watch_again", "Look again", tooltip="Ask the provider how the shown job stands"),
    ]

    def __init__(self, screen: FineTuneFrame, listing: Listing) -> None:
        super().__init__(screen)
        self._listing = listing

    def suits(self, job: Job) -> bool:
        """A job that goes on."""
        return not job.state.is_final

    # Opening

    @heard(OptionList.OptionHighlighted, "#tune-list")
    def _job_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Shows the job under the cursor where both fit side by side."""
        if not self._screen.has_class("-narrow"):
            self._open_by_id(event.option_id)

    @heard(OptionList.OptionSelected, "#tune-list")
    def _job_selected(self, event: OptionList.OptionSelected) -> None:
        """Opens the job; a narrow window then shows nothing else."""
        self._open_by_id(event.option_id)
        self._screen.add_class("-monitoring")
        self._screen.query_one("#job-events").focus()

    def _open_by_id(self, job_id: str | None) -> None:
        if job_id in self._screen.jobs and job_id != self._screen.watched:
            self.open(self._screen.jobs[str(job_id)])

    def open(self, job: Job) -> None:
        """Shows a job and follows it, unless going on with it wants a word of the person."""
        screen = self._screen
        self.put_in_sight(job)
        if not screen.has_class("-narrow") or not job.state.is_final:
            screen.add_class("-monitoring")
        if self._was_never_sent(job):
            screen.monitor.say(NEVER_SENT)
        elif job.job_id != screen.starting:
            self.watch(job.job_id)
        self._show_verdict(job)
        screen.refresh_bindings()

    def put_in_sight(self, job: Job) -> None:
        """Shows a job in the monitor as it is known."""
        self._screen.watched = job.job_id
        self._screen.monitor.open(job)
        self.title_panel(job)

    def title_panel(self, job: Job) -> None:
        """Writes the job and its place in the list on the frame of the monitor."""
        panel = self._screen.query_one("#tune-monitor-panel")
        panel.border_title = Content(display_line(job.job_id, limit=40))
        panel.border_subtitle = self._place_words(job)

    def _place_words(self, job: Job) -> Content:
        known = self._screen.jobs
        if not self._screen.has_class("-narrow") or len(known) < 2:
            return Content("")
        return Content(f"job {list(known).index(job.job_id) + 1} of {len(known)}, esc lists them")

    def _was_never_sent(self, job: Job) -> bool:
        """A start that was interrupted where money is at stake goes on only when the person says so."""
        is_before_sending = job.state in (JobState.DRAFT, JobState.UPLOADING) and job.provider_job_id is None
        return is_before_sending and job.provider != "local" and job.job_id != self._screen.starting

    # Following

    def watch(self, job_id: str) -> None:
        """Follows a job in the place of the one before."""
        self._screen.follow(self._events_of(job_id), self.show_event, group="watch")

    async def _events_of(self, job_id: str) -> AsyncIterator[TrainEvent]:
        """What the job reports; a failure of the watching itself is a line of the monitor, not a dialogue."""
        try:
            async with aclosing(self._screen.services.jobs.watch(job_id)) as events:  # closed when one leaves
                async for event in events:
                    yield event
        except InternalFault:
            raise
        except WebtuneError as error:
            yield Noted(error_display.words(error), "error")

    async def show_event(self, event: TrainEvent) -> None:
        """Shows what a job reports where it is the one in sight."""
        if isinstance(event, JobChanged) and event.job.job_id != self._screen.watched:
            return
        await self._screen.monitor.show(event)
        if isinstance(event, JobChanged):
            self._job_changed(event.job)

    def _job_changed(self, job: Job) -> None:
        screen = self._screen
        before = screen.jobs.get(job.job_id)
        screen.jobs[job.job_id] = job
        self._listing.draw()
        if before is None or before.state is not job.state:
            screen.refresh_bindings()
            screen.refresh_overview()
        if job.state.is_final:
            if before is not None and not before.state.is_final:
                what = f"{job.suffix or job.job_id} on {job.base_model}"
                attention.announce(screen.webtune, f"job {job.state}", what)
            self._show_verdict(job)

    def _show_verdict(self, job: Job) -> None:
        self._screen.launch(partial(self._read_verdict, job), "verdict")

    async def _read_verdict(self, job: Job) -> None:
        """The newest held-out comparison of the job's model, where there is one."""
        if job.tuned_model is None:
            return
        for evaluation in await self._screen.services.evaluate.evaluations():
            if evaluation.model in (job.tuned_model, job.job_id):
                self._screen.monitor.show_verdict(jobs.verdict_words(evaluation))
                return

    # Looking again

    def action_watch_again(self) -> None:
        """Asks the provider again how the shown job stands; goes on with a start that was never sent."""
        self._screen.launch(self._watch_again, "watch-again")

    async def _watch_again(self) -> None:
        screen = self._screen
        job = screen.shown_job
        if job is None or job.job_id == screen.starting:
            return
        if self._was_never_sent(job) and (
            screen.refuses_editing()
            or not await screen.confirm("Go on with the start?", _go_on_words(job), yes="Start", no="Not yet")
        ):
            return
        self.watch(job.job_id)


def _go_on_words(job: Job) -> str:
    provider = display_line(job.provider, limit=30)
    price = f" It costs about {figures.money(job.estimated_cost)}." if job.estimated_cost else ""
    return f"The start of this job was interrupted before {provider} got it. Going on uploads and creates it.{price}"
