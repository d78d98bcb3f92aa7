"""The screen Fine-tune: jobs, a new one, and watching one live."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, OptionList
from textual.widgets.option_list import Option

from webtune_tui.domain import clock
from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.errors import InternalFault, WebtuneError
from webtune_tui.domain.events import JobChanged, Noted, Progressed, TrainEvent
from webtune_tui.domain.jobs import Job, JobState
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.evaluate import Evaluation
from webtune_tui.tui import attention, error_display
from webtune_tui.tui.modals.add_base import AddBase
from webtune_tui.tui.presentation import figures, jobs
from webtune_tui.tui.screens.base import StageScreen
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.job_monitor import JobMonitor
from webtune_tui.tui.widgets.train_form import TrainForm, TrainRequest

_LIST_SECONDS = 5
_SUMMARISED_JOBS = 20
NEVER_SENT = "The start was interrupted before anything was sent or charged. w goes on with it, x drops it."


class FineTuneScreen(StageScreen):
    """Jobs at the left, the chosen one at the right; below 100 columns one of the two at a time."""

    TITLE = "Fine-tune"
    KEY = "4"
    ORDER = 4
    HELP = (
        "A job trains a base model on the examples of a dataset version, on this machine or at a provider. "
        "The estimate stands beside the form before anything starts. A job goes on when you leave the screen or "
        "the app; open it again and its whole history is here. The curve: the line is the smoothed train loss, "
        "single dots are measured values, diamonds are validation losses. When validation rises while training "
        "falls, the model learns by heart: fewer epochs or more examples help."
    )
    CSS_PATH = "fine_tune.tcss"
    EDITING: ClassVar[frozenset[str]] = frozenset({"new_job", "cancel_job", "retry", "pause_job", "evaluate"})
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new_job", "New job", tooltip="Fill in a new job; the estimate stands beside it"),
        Binding("x", "cancel_job", "Cancel job", tooltip="Stop the shown job; asks first"),
        Binding("r", "retry", "Retry", tooltip="A new job with the settings of the shown one"),
        Binding("p", "pause_job", "Pause", tooltip="Pause the shown job after a checkpoint, or let it go on"),
        Binding("v", "evaluate", "Held-out test", tooltip="Measure base and tuned on the frozen test examples"),
        Binding("w", "watch_again", "Look again", tooltip="Ask the provider how the shown job stands"),
    ]

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self._jobs: dict[str, Job] = {}
        self._losses: dict[str, float | None] = {}
        self._watched: str | None = None
        self._starting: str | None = None

    def compose_body(self) -> ComposeResult:
        with ContentSwitcher(initial="tune-empty", id="tune-views"):
            yield EmptyState("Fine-tune", "Reading the workspace.", id="tune-empty")
            with Horizontal(id="tune-jobs"):
                with Vertical(id="tune-list-panel", classes="panel") as panel:
                    panel.border_title = "Jobs"
                    yield OptionList(id="tune-list", markup=False)
                with Vertical(id="tune-monitor-panel", classes="panel"):
                    yield JobMonitor(id="tune-monitor")
            yield Vertical(id="tune-form")

    # Coming and going

    async def services_ready(self) -> None:
        self.set_interval(_LIST_SECONDS, self._refresh_list)

    async def shown(self) -> None:
        await self._read_jobs()
        if self._views.current == "tune-form":
            return
        if not self._jobs:
            await self._show_empty()
            return
        self._views.current = "tune-jobs"
        if self._watched is None or self._watched not in self._jobs:
            self._open_job(self._most_urgent())
        self._draw_list()
        self.focus_home()

    def focus_home(self) -> None:
        if self._views.current == "tune-jobs":
            self.query_one("#tune-list" if not self._hides_list else "#job-events").focus()

    def action_back(self) -> None:
        """Leaves the form, then the monitor of a narrow window."""
        if self._views.current == "tune-form":
            self._close_form()
        elif self.has_class("-monitoring"):
            self.remove_class("-monitoring")
            self.query_one("#tune-list").focus()
            self.call_after_refresh(self._draw_list)
        else:
            super().action_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Shows the keys that make sense for what is on the screen."""
        is_form = self.is_mounted and self._views.current == "tune-form"
        job = self._shown_job
        if action == "new_job" and is_form:
            return False
        if action == "cancel_job" and (is_form or job is None or job.state.is_final):
            return False
        if action == "retry" and (is_form or job is None or not job.state.is_final):
            return False
        if action == "pause_job" and (is_form or job is None or not self._can_pause(job)):
            return False
        if action == "evaluate" and (is_form or job is None or not self._can_measure(job)):
            return False
        if action == "watch_again" and (is_form or job is None or job.state.is_final):
            return False
        return super().check_action(action, parameters)

    def _can_pause(self, job: Job) -> bool:
        return job.state in (JobState.RUNNING, JobState.PAUSED) and any(
            one.name == job.provider and one.pause for one in self.services.providers.capabilities()
        )

    def _can_measure(self, job: Job) -> bool:
        return job.tuned_model is not None and any(
            one.name == job.provider and one.held_out_loss for one in self.services.providers.capabilities()
        )

    @property
    def _views(self) -> ContentSwitcher:
        return self.query_one("#tune-views", ContentSwitcher)

    @property
    def _monitor(self) -> JobMonitor:
        return self.query_one(JobMonitor)

    @property
    def _shown_job(self) -> Job | None:
        return self._jobs.get(self._watched) if self._watched else None

    @property
    def _hides_list(self) -> bool:
        return self.has_class("-narrow") and self.has_class("-monitoring")

    # The list

    @work(group="jobs-list", exclusive=True, exit_on_error=False)
    async def _refresh_list(self) -> None:
        if self.is_current and self._views.current == "tune-jobs":
            await self._read_jobs()

    async def _read_jobs(self) -> None:
        found = await self.services.train.jobs()
        self._jobs = {job.job_id: job for job in found}
        self._draw_list()
        self._summarise()

    @work(group="job-losses", exclusive=True, exit_on_error=False)
    async def _summarise(self) -> None:
        """Reads the losses of ended jobs once; those of the watched one come live."""
        for job in list(self._jobs.values())[:_SUMMARISED_JOBS]:
            if job.job_id in self._losses or not job.state.is_final:
                continue
            train, valid = await self.services.train.losses(job.job_id)
            self._losses[job.job_id] = train.last if valid.last is None else valid.last
            self._draw_list()

    def _draw_list(self) -> None:
        options = self.query_one("#tune-list", OptionList)
        now = clock.now()
        width = max(options.scrollable_content_region.width or 30, 20)
        entries = [
            Option(jobs.list_entry(job, self._loss(job), width=width, now=now), id=job.job_id)
            for job in self._jobs.values()
        ]
        with self.prevent(OptionList.OptionHighlighted):
            if [option.id for option in options.options] == [entry.id for entry in entries]:
                for index, entry in enumerate(entries):
                    options.replace_option_prompt_at_index(index, entry.prompt)
            else:
                options.set_options(entries)
            if options.highlighted is None and self._watched in self._jobs:
                options.highlighted = list(self._jobs).index(str(self._watched))

    def _loss(self, job: Job) -> float | None:
        if job.job_id == self._watched and self._monitor.train.last is not None:
            valid = self._monitor.valid.last
            return self._monitor.train.last if valid is None else valid
        return self._losses.get(job.job_id)

    def _most_urgent(self) -> Job:
        going = [job for job in self._jobs.values() if not job.state.is_final]
        return going[0] if going else next(iter(self._jobs.values()))

    def on_resize(self) -> None:
        """The entries of the list are as wide as the list."""
        if self._shown_job is not None:
            self._title_panel(self._shown_job)
        if self._jobs:
            self.call_after_refresh(self._draw_list)

    @on(OptionList.OptionHighlighted, "#tune-list")
    def job_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Shows the job under the cursor where both fit side by side."""
        if not self.has_class("-narrow"):
            self._open_by_id(event.option_id)

    @on(OptionList.OptionSelected, "#tune-list")
    def job_selected(self, event: OptionList.OptionSelected) -> None:
        """Opens the job; a narrow window then shows nothing else."""
        self._open_by_id(event.option_id)
        self.add_class("-monitoring")
        self.query_one("#job-events").focus()

    def _open_by_id(self, job_id: str | None) -> None:
        if job_id in self._jobs and job_id != self._watched:
            self._open_job(self._jobs[str(job_id)])

    async def _show_empty(self) -> None:
        versions = await self.services.curate.versions()
        empty = self.query_one("#tune-empty", EmptyState)
        self._views.current = "tune-empty"
        if versions:
            examples = figures.count(versions[0].examples, "example")
            empty.show(
                "No fine-tuning job yet",
                f"The dataset has {examples}. A job trains a base model on them and shows its loss live. "
                "On this machine it costs nothing.",
                [("n", "set up a job and see its estimate"), ("3", "look at the examples once more")],
            )
        else:
            empty.show(
                "Nothing to train on yet",
                "A job needs a dataset: collect or import records, then prepare them into examples.",
                [("3", "prepare a dataset"), ("2", "collect records or import a file")],
            )

    # Watching

    def _open_job(self, job: Job) -> None:
        self._watched = job.job_id
        self._monitor.open(job)
        self._title_panel(job)
        if not self.has_class("-narrow") or not job.state.is_final:
            self.add_class("-monitoring")
        if self._was_never_sent(job):
            self._monitor.say(NEVER_SENT)
        elif job.job_id != self._starting:
            self._watch(job.job_id)
        self._read_verdict(job)
        self.refresh_bindings()

    def _was_never_sent(self, job: Job) -> bool:
        """A start that was interrupted where money is at stake goes on only when the person says so."""
        is_before_sending = job.state in (JobState.DRAFT, JobState.UPLOADING) and job.provider_job_id is None
        return is_before_sending and job.provider != "local" and job.job_id != self._starting

    def _title_panel(self, job: Job) -> None:
        panel = self.query_one("#tune-monitor-panel")
        panel.border_title = Content(display_line(job.job_id, limit=40))
        panel.border_subtitle = self._place_words(job)

    def _place_words(self, job: Job) -> Content:
        if not self.has_class("-narrow") or len(self._jobs) < 2:
            return Content("")
        return Content(f"job {list(self._jobs).index(job.job_id) + 1} of {len(self._jobs)}, esc lists them")

    def _watch(self, job_id: str) -> None:
        self.follow(self._events_of(job_id), self._show_event, group="watch")

    async def _events_of(self, job_id: str) -> AsyncIterator[TrainEvent]:
        """What the job reports; a failure of the watching itself is a line of the monitor, not a dialogue."""
        try:
            async with aclosing(self.services.train.watch(job_id)) as events:  # closed when one leaves
                async for event in events:
                    yield event
        except InternalFault:
            raise
        except WebtuneError as error:
            yield Noted(error_display.words(error), "error")

    async def _show_event(self, event: TrainEvent) -> None:
        if isinstance(event, JobChanged) and event.job.job_id != self._watched:
            return
        await self._monitor.show(event)
        if isinstance(event, JobChanged):
            self._job_changed(event.job)

    def _job_changed(self, job: Job) -> None:
        before = self._jobs.get(job.job_id)
        self._jobs[job.job_id] = job
        self._draw_list()
        if before is None or before.state is not job.state:
            self.refresh_bindings()
            self.refresh_overview()
        if job.state.is_final:
            if before is not None and not before.state.is_final:
                attention.announce(self.webtune, f"job {job.state}", f"{job.suffix or job.job_id} on {job.base_model}")
            self._read_verdict(job)

    @work(group="verdict", exclusive=True, exit_on_error=False)
    async def _read_verdict(self, job: Job) -> None:
        """The newest held-out comparison of the job's model, where there is one."""
        if job.tuned_model is None:
            return
        for evaluation in await self.services.evaluate.evaluations():
            if evaluation.model in (job.tuned_model, job.job_id):
                self._monitor.show_verdict(jobs.verdict_words(evaluation))
                return

    @work(group="watch-again", exclusive=True, exit_on_error=False)
    async def action_watch_again(self) -> None:
        """Asks the provider again how the shown job stands; goes on with a start that was never sent."""
        job = self._shown_job
        if job is None or job.job_id == self._starting:
            return
        if self._was_never_sent(job) and (
            self.refuses_editing()
            or not await self.confirm("Go on with the start?", _go_on_words(job), yes="Start", no="Not yet")
        ):
            return
        self._watch(job.job_id)

    @work(group="pause", exclusive=True, exit_on_error=False)
    async def action_pause_job(self) -> None:
        """Pauses the shown job, or lets it go on."""
        job = self._shown_job
        if job is None or self.refuses_editing():
            return
        is_paused = job.state is JobState.PAUSED
        train = self.services.train
        await self._show_event(JobChanged(await (train.resume if is_paused else train.pause)(job.job_id)))
        if is_paused:
            self._watch(job.job_id)

    def action_evaluate(self) -> None:
        """Measures base and tuned model on the test split."""
        job = self._shown_job
        if job is None or job.tuned_model is None or self.refuses_editing():
            return
        self.follow(
            self.services.evaluate.run(model=job.tuned_model),
            self._show_evaluation,
            group="evaluate",
            label="The held-out test",
            survives=False,
            ended=self._evaluated,
        )

    def _show_evaluation(self, event: Progressed | Noted | Evaluation) -> None:
        match event:
            case Progressed(_, done, total):
                self._monitor.say(f"Held-out test: {done:,} of {total or 0:,} answers measured")
            case Noted(message, level):
                self._monitor.say(message, level)
            case Evaluation():
                self._monitor.show_verdict(jobs.verdict_words(event))
                self.refresh_overview()

    def _evaluated(self) -> None:
        self._monitor.say("")

    @work(group="cancel-job", exit_on_error=False)
    async def action_cancel_job(self) -> None:
        """Stops the shown job after a question."""
        job = self._shown_job
        if job is None or job.state.is_final or self.refuses_editing():
            return
        if await self.confirm(
            "Cancel this job?", _cancel_words(job), yes="Cancel the job", no="Let it run", danger=True
        ):
            stopped = await self.services.train.cancel(job.job_id)
            await self._show_event(JobChanged(stopped))
            self.notify(f"The job is {stopped.state.value}.")

    # A new job

    def action_new_job(self) -> None:
        """Opens the form."""
        self._open_form(None)

    def action_retry(self) -> None:
        """Opens the form with the settings of the shown job."""
        self._open_form(self._shown_job)

    @work(group="form", exclusive=True, exit_on_error=False)
    async def _open_form(self, preset: Job | None) -> None:
        if self.refuses_editing():
            return
        versions = await self.services.curate.versions()
        if not versions:
            self.notify("There is no dataset yet. Key 3 prepares one.", severity="warning")
            return
        holder = self.query_one("#tune-form", Vertical)
        await holder.remove_children()
        settings = self.services.settings
        await holder.mount(
            TrainForm(
                self.services.providers.capabilities(),
                versions,
                bases=self.services.train.bases,
                estimates=self._estimate,
                preset=preset,
                provider=settings.provider,
                base_model=settings.base_model,
            )
        )
        self._views.current = "tune-form"
        self.refresh_bindings()

    def _remove_form(self) -> None:
        """Its workers go first: they would look for fields that are already gone."""
        for form in self.query(TrainForm):
            self.workers.cancel_node(form)
        self.query_one("#tune-form").remove_children()

    async def _estimate(self, request: TrainRequest) -> Estimate:
        return await self.services.train.estimate(
            request.provider, request.base_model, request.hyperparameters, request.version
        )

    @on(TrainForm.Left)
    def _close_form(self) -> None:
        self._views.current = "tune-jobs" if self._jobs else "tune-empty"
        self._remove_form()
        self.refresh_bindings()
        self.focus_home()

    @on(TrainForm.Submitted)
    def start_wanted(self, event: TrainForm.Submitted) -> None:
        """Asks where money is at stake, then starts."""
        self._ask_and_start(event)

    @work(group="start", exclusive=True, exit_on_error=False)
    async def _ask_and_start(self, event: TrainForm.Submitted) -> None:
        if self.refuses_editing():
            return
        if not event.capabilities.is_local and not await self.confirm(
            "Start a paid job?", _start_words(event), yes="Start", no="Not yet"
        ):
            return
        request = event.request
        started = self.services.train.start(
            provider=request.provider,
            base_model=request.base_model,
            version=request.version,
            suffix=request.suffix,
            seed=request.seed,
            hyperparameters=request.hyperparameters,
        )
        self.follow(
            started, self._show_start, group="starting", label="Starting a job", survives=False, ended=self._started
        )

    async def _show_start(self, event: TrainEvent) -> None:
        match event:
            case JobChanged(job):
                self._starting = job.job_id
                is_new = job.job_id not in self._jobs
                self._jobs = {job.job_id: job, **{k: v for k, v in self._jobs.items() if k != job.job_id}}
                if is_new or job.job_id != self._watched:
                    self._show_new_job(job)
                await self._monitor.show(event)
            case Progressed() | Noted():
                if self._views.current == "tune-jobs":
                    await self._monitor.show(event)
                else:
                    self._form_progress(event)

    def _show_new_job(self, job: Job) -> None:
        self._watched = job.job_id
        self._monitor.open(job)
        self._title_panel(job)
        self._views.current = "tune-jobs"
        self._remove_form()
        self.add_class("-monitoring")
        self._draw_list()
        self.refresh_bindings()
        self.query_one("#job-events").focus()

    async def _started(self) -> None:
        """Watches what was started; a start that failed shows its error and leaves the form as it is."""
        started, self._starting = self._starting, None
        await self._read_jobs()
        self.refresh_overview()
        job = self._shown_job
        if job is None or job.job_id != started:
            return
        if job.state is JobState.UNKNOWN:
            self._monitor.redraw_with(job)
        else:
            self._watch(job.job_id)

    # A new base

    @on(TrainForm.AddBaseWanted)
    def add_base_wanted(self, event: TrainForm.AddBaseWanted) -> None:
        """Asks which model, then downloads it with a progress bar in the form."""
        self._ask_and_add(event)

    @work(group="ask-base", exclusive=True, exit_on_error=False)
    async def _ask_and_add(self, event: TrainForm.AddBaseWanted) -> None:
        model = await self.app.push_screen_wait(AddBase(event.proposal))
        if not model:
            return

        def finished() -> None:
            for form in self.query(TrainForm):
                form.show_progress("", None, None)
                form.load_bases(choose=model)

        self.follow(
            self.services.train.add_base(model),
            self._form_progress,
            group="add-base",
            label=f"Adding {display_line(model, limit=40)}",
            survives=False,
            ended=finished,
        )

    def _form_progress(self, event: TrainEvent) -> None:
        for form in self.query(TrainForm):
            match event:
                case Progressed(stage, done, total, _, message):
                    form.show_progress(message or stage, done, total)
                case Noted(message):
                    self.notify(message)


def _go_on_words(job: Job) -> str:
    provider = display_line(job.provider, limit=30)
    price = f" It costs about {figures.money(job.estimated_cost)}." if job.estimated_cost else ""
    return f"The start of this job was interrupted before {provider} got it. Going on uploads and creates it.{price}"


def _cancel_words(job: Job) -> str:
    where = "on this machine" if job.provider == "local" else f"at {display_line(job.provider, limit=30)}"
    lost = "Its whole checkpoints stay, the model itself is not finished."
    money = "" if job.provider == "local" else " Work that is done may be charged."
    step = f" It stands at {jobs.step_words(job)}." if job.step else ""
    return f"The training {where} stops for good.{step} {lost}{money} Leaving the screen or the app does not stop it."


def _start_words(event: TrainForm.Submitted) -> str:
    title = display_line(event.capabilities.title, limit=40)
    estimate = event.estimate
    if estimate is None or estimate.cost is None:
        return f"{title} charges for tuning. What it will cost can't be known beforehand."
    return (
        f"{title} charges for tuning: about {figures.money(estimate.cost)} for {estimate.tokens:,} tokens. "
        f"{jobs.estimate_basis(estimate)} The job is sent once."
    )


SCREEN = FineTuneScreen
