"""The list of jobs: read again and again, drawn as wide as its panel, with the last loss of each."""

from __future__ import annotations

from functools import partial

from textual.widgets import OptionList
from textual.widgets.option_list import Option

from webtune_tui.domain import clock
from webtune_tui.domain.jobs import Job
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.presentation import jobs

_LIST_SECONDS = 5
_SUMMARISED_JOBS = 20


class Listing(FineTunePart):
    """Keeps the jobs of the screen and their list."""

    def __init__(self, screen: FineTuneFrame) -> None:
        super().__init__(screen)
        self._losses: dict[str, float | None] = {}

    def keep_fresh(self) -> None:
        """Reads the jobs every few seconds while they are in sight."""
        self._screen.set_interval(_LIST_SECONDS, partial(self._screen.launch, self._refresh, "jobs-list"))

    async def _refresh(self) -> None:
        if self._screen.is_current and self._screen.view == "tune-jobs":
            await self.read()

    async def read(self) -> None:
        """Reads the jobs and lists them."""
        found = await self._screen.services.job_book.all()
        self._screen.jobs = {job.job_id: job for job in found}
        self.draw()
        self._screen.launch(self._summarise, "job-losses")

    async def _summarise(self) -> None:
        """Reads the losses of ended jobs once; those of the watched one come live."""
        for job in list(self._screen.jobs.values())[:_SUMMARISED_JOBS]:
            if job.job_id in self._losses or not job.state.is_final:
                continue
            train, valid = await self._screen.services.job_book.losses(job.job_id)
            self._losses[job.job_id] = train.last if valid.last is None else valid.last
            self.draw()

    def draw(self) -> None:
        """Draws the list anew; the cursor stays."""
        screen = self._screen
        options = screen.query_one("#tune-list", OptionList)
        now = clock.now()
        width = max(options.scrollable_content_region.width or 30, 20)
        entries = [
            Option(jobs.list_entry(job, self._loss(job), width=width, now=now), id=job.job_id)
            for job in screen.jobs.values()
        ]
        with screen.prevent(OptionList.OptionHighlighted):
            if [option.id for option in options.options] == [entry.id for entry in entries]:
                for index, entry in enumerate(entries):
                    options.replace_option_prompt_at_index(index, entry.prompt)
            else:
                options.set_options(entries)
            if options.highlighted is None and screen.watched in screen.jobs:
                options.highlighted = list(screen.jobs).index(str(screen.watched))

    def _loss(self, job: Job) -> float | None:
        monitor = self._screen.monitor
        if job.job_id == self._screen.watched and monitor.train.last is not None:
            valid = monitor.valid.last
            return monitor.train.last if valid is None else valid
        return self._losses.get(job.job_id)

    def most_urgent(self) -> Job:
        """The newest job that goes on, else the newest of all."""
        going = [job for job in self._screen.jobs.values() if not job.state.is_final]
        return going[0] if going else next(iter(self._screen.jobs.values()))
