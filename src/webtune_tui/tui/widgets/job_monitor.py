"""One job, live: state, progress, the loss curve, checkpoints and events. Watching never changes the job."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from webtune_tui.domain import clock
from webtune_tui.domain.events import JobChanged, JobReported, Noted, Progressed, TrainEvent
from webtune_tui.domain.jobs import Checkpoint, Job, MetricPoint
from webtune_tui.domain.terminal_text import display
from webtune_tui.tui.presentation import figures, jobs
from webtune_tui.tui.presentation.loss_series import LossSeries
from webtune_tui.tui.presentation.states import job_look
from webtune_tui.tui.widgets.event_log import KEPT_EVENTS, EventLog
from webtune_tui.tui.widgets.loss_chart import LossChart

_REDRAWS_PER_SECOND = 8
_POINTS_AT_ONCE = 2000  # about 2 ms on the loop
_CHECKPOINT_LINES = 8
_NOTE_COLOURS = {"warn": "$warning", "error": "$warning"}


class ProgressLine(Widget):
    """One line: the step in words, a bar, the share that is done, the time that is left."""

    DEFAULT_CSS = """
    ProgressLine { height: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words = ("", "")
        self._share: float | None = None
        self._colour = "$primary"

    def show(self, before: str, share: float | None, after: str, *, colour: str = "$primary") -> None:
        """``share`` is 0 to 1; ``None`` draws no bar."""
        self._words, self._share, self._colour = (before, after), share, colour
        self.refresh()

    def render(self) -> Content:
        """The line in the width that there is."""
        before, after = self._words
        if self._share is None:
            return Content.styled("  ".join(part for part in (before, after) if part), "$text-muted")
        percent = f"{self._share * 100:3.0f} %"
        tail = f"{percent}  {after}" if after else percent
        room = max(self.size.width - len(before) - len(tail) - 4, 0)
        done = round(room * self._share)
        return Content.assemble(
            before, "  ", ("━" * done, self._colour), ("─" * (room - done), "$border-blurred"), "  ", tail
        )


class JobMonitor(Vertical):
    """Takes the events of ``JobsService.watch`` and redraws at most a few times a second."""

    DEFAULT_CSS = """
    JobMonitor {
        & > #job-title { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & > #job-facts { height: auto; max-height: 2; margin-top: 1; }
        & > #job-advice { height: auto; max-height: 5; margin-top: 1; }
        & > #job-losses { margin-top: 1; min-height: 5; }
        & > #job-below { height: 35%; min-height: 4; max-height: 14; margin-top: 1; }
        & #job-checkpoints-box { width: 25; margin-right: 2; }
        & .job-heading { height: 1; color: $text-muted; text-style: bold; }
        & EventLog { height: 1fr; }
    }
    JobMonitor.-short {
        & > #job-facts, & > #job-losses, & > #job-below, & > #job-advice { margin-top: 0; }
        & > #job-facts { max-height: 1; }
        & > #job-below { height: 30%; min-height: 3; }
    }
    JobMonitor.-tiny > #job-below { display: none; }
    JobMonitor.-slim #job-checkpoints-box { display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.job: Job | None = None
        self.train = LossSeries()
        self._valid = LossSeries()
        self._full_valid = LossSeries()
        self._checkpoints: dict[str, Checkpoint] = {}
        self._note = ""
        self._note_level = "info"
        self._verdict = ""
        self._is_stale = False

    def compose(self) -> ComposeResult:
        yield Static(id="job-title", markup=False)
        yield ProgressLine(id="job-progress")
        yield Static(id="job-facts", markup=False)
        yield Static(id="job-advice", markup=False)
        yield LossChart(id="job-losses")
        with Horizontal(id="job-below"):
            with Vertical(id="job-checkpoints-box"):
                yield Static("Checkpoints", classes="job-heading", markup=False)
                yield Static(id="job-checkpoints", markup=False)
            with Vertical():
                yield Static("Events", classes="job-heading", markup=False)
                yield EventLog(id="job-events")

    def on_mount(self) -> None:
        self.set_interval(1 / _REDRAWS_PER_SECOND, self._draw_if_stale)
        self.set_interval(1, self._tick)

    def on_resize(self) -> None:
        self.set_class(self.size.height < 26, "-short")
        self.set_class(self.size.height < 13, "-tiny")
        self.set_class(self.size.width < 75, "-slim")
        self._is_stale = True

    @property
    def valid(self) -> LossSeries:
        """The validation losses: the series with more points, the one over the whole set on a tie."""
        return self._valid if len(self._valid) > len(self._full_valid) else self._full_valid

    @property
    def checkpoints(self) -> Sequence[Checkpoint]:
        """The known checkpoints by step."""
        return sorted(self._checkpoints.values(), key=lambda one: one.step)

    def open(self, job: Job) -> None:
        """Starts anew with another job; what it reported comes with the events."""
        self.job = job
        self.train, self._valid, self._full_valid = LossSeries(), LossSeries(), LossSeries()
        self._checkpoints = {}
        self._note = self._verdict = ""
        self.query_one(EventLog).clear()
        self.redraw()

    def show_verdict(self, verdict: str) -> None:
        """The result of a held-out comparison of this job's model."""
        self._verdict = verdict
        self._is_stale = True

    def say(self, words: str, level: str = "info") -> None:
        """A passing line in the place of the advice; no words take it away."""
        self._note, self._note_level = display(words, limit=1000), level
        self._is_stale = True

    def redraw_with(self, job: Job) -> None:
        """The same job in another state, told from elsewhere."""
        self.job = job
        self.redraw()

    async def show(self, event: TrainEvent) -> None:
        """Takes one event; a long history is taken in slices, so that keys stay quick."""
        match event:
            case JobChanged(job):
                self.job = job
                self._note = ""
            case JobReported(events=events, points=points, checkpoints=checkpoints):
                self.query_one(EventLog).add(events[-KEPT_EVENTS:])
                self._checkpoints |= {one.checkpoint_id: one for one in checkpoints}
                await self._take_points(points)
            case Progressed(message=message, stage=stage, done=done, total=total):
                part = f" {done:,} of {total:,}" if total else ""
                self.say(f"{stage.capitalize()}{part} {message}")
            case Noted(message, level):
                self.say(message, level)
        self._is_stale = True

    async def _take_points(self, points: Sequence[MetricPoint]) -> None:
        series = {"train_loss": self.train, "valid_loss": self._valid, "full_valid_loss": self._full_valid}
        for start in range(0, len(points), _POINTS_AT_ONCE):
            for point in points[start : start + _POINTS_AT_ONCE]:
                if (home := series.get(point.name)) is not None:
                    home.add(point.step, point.value)
            await asyncio.sleep(0)

    def redraw(self) -> None:
        """Brings every part up to date."""
        self._is_stale = False
        if self.job is None or not self.is_mounted:
            return
        job, now = self.job, clock.now()
        width = max(self.size.width, 20)
        self.query_one("#job-title", Static).update(jobs.title_line(job))
        self._draw_progress(job, now)
        self.query_one("#job-facts", Static).update(
            jobs.facts_line(jobs.facts(job, self.train, self.valid, now), width)
        )
        words = jobs.advice(job, self._verdict)
        if self._note:
            words = Content.styled(self._note, _NOTE_COLOURS.get(self._note_level, "$text-muted"))
        advice = self.query_one("#job-advice", Static)
        advice.update(words)
        advice.display = bool(words)
        self.query_one(LossChart).show(
            self.train,
            self.valid,
            total_steps=None if job.state.is_final else job.total_steps,
            is_running=not job.state.is_final,
        )
        below = self.query_one("#job-below").size.height
        self.query_one("#job-checkpoints", Static).update(
            jobs.checkpoint_lines(
                self.checkpoints,
                count=max(min(_CHECKPOINT_LINES, below - 1), 2),
                best_step=self.valid.best_step,
            )
        )

    def _draw_progress(self, job: Job, now: str) -> None:
        left = jobs.seconds_left(job, now)
        after = f"about {figures.duration(left)} left" if left is not None else ""
        share = jobs.done_share(job)
        words = jobs.step_words(job) or ("" if job.state.is_final else "waiting for the first step")
        self.query_one(ProgressLine).show(words, share, after, colour=job_look(job.state).colour)

    def _draw_if_stale(self) -> None:
        if self._is_stale:
            self.redraw()

    def _tick(self) -> None:
        if self.job is not None and not self.job.state.is_final:
            self._is_stale = True
