"""Starting what was filled in: asked first where money is at stake, sent once, then watched."""

from __future__ import annotations

from functools import partial

from webtune_tui.domain.events import JobChanged, Noted, Progressed, TrainEvent
from webtune_tui.domain.jobs import Job, JobState
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.fine_tuning.filling_in import FillingIn
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.listing import Listing
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.fine_tuning.watching import Watching
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation import figures, jobs
from webtune_tui.tui.widgets.train_form import TrainForm


class Starting(FineTunePart):
    """Does what the form asks for."""

    def __init__(self, screen: FineTuneFrame, filling_in: FillingIn, listing: Listing, watching: Watching) -> None:
        super().__init__(screen)
        self._filling_in = filling_in
        self._listing = listing
        self._watching = watching

    @heard(TrainForm.Submitted)
    def _start_wanted(self, event: TrainForm.Submitted) -> None:
        """Asks where money is at stake, then starts."""
        self._screen.launch(partial(self._ask_and_start, event), "start")

    async def _ask_and_start(self, event: TrainForm.Submitted) -> None:
        screen = self._screen
        if screen.refuses_editing():
            return
        if not event.capabilities.is_local and not await screen.confirm(
            "Start a paid job?", _start_words(event), yes="Start", no="Not yet"
        ):
            return
        request = event.request
        started = screen.services.train.start(
            provider=request.provider,
            base_model=request.base_model,
            version=request.version,
            suffix=request.suffix,
            seed=request.seed,
            hyperparameters=request.hyperparameters,
        )
        screen.follow(
            started, self._show, group="starting", label="Starting a job", survives=False, ended=self._started
        )

    async def _show(self, event: TrainEvent) -> None:
        screen = self._screen
        match event:
            case JobChanged(job):
                screen.starting = job.job_id
                is_new = job.job_id not in screen.jobs
                screen.jobs = {job.job_id: job, **{k: v for k, v in screen.jobs.items() if k != job.job_id}}
                if is_new or job.job_id != screen.watched:
                    self._show_new(job)
                await screen.monitor.show(event)
            case Progressed() | Noted():
                if screen.view == "tune-jobs":
                    await screen.monitor.show(event)
                else:
                    self._filling_in.show_progress(event)

    def _show_new(self, job: Job) -> None:
        screen = self._screen
        self._watching.put_in_sight(job)
        screen.show_view("tune-jobs")
        self._filling_in.remove()
        screen.add_class("-monitoring")
        self._listing.draw()
        screen.refresh_bindings()
        screen.query_one("#job-events").focus()

    async def _started(self) -> None:
        """Watches what was started; a start that failed shows its error and leaves the form as it is."""
        screen = self._screen
        started, screen.starting = screen.starting, None
        await self._listing.read()
        screen.refresh_overview()
        job = screen.shown_job
        if job is None or job.job_id != started:
            return
        if job.state is JobState.UNKNOWN:
            screen.monitor.redraw_with(job)
        else:
            self._watching.watch(job.job_id)


def _start_words(event: TrainForm.Submitted) -> str:
    title = display_line(event.capabilities.title, limit=40)
    estimate = event.estimate
    if estimate is None or estimate.cost is None:
        return f"{title} charges for tuning. What it will cost can't be known beforehand."
    return (
        f"{title} charges for tuning: about {figures.money(estimate.cost)} for {estimate.tokens:,} tokens. "
        f"{jobs.estimate_basis(estimate)} The job is sent once."
    )
