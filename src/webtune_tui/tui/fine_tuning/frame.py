"""What every part of the Fine-tune screen shares: the jobs, the one in sight, and the view in front."""

from __future__ import annotations

from textual.widgets import ContentSwitcher

from webtune_tui.domain.jobs import Job
from webtune_tui.tui.parts import PartedScreen
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.widgets.empty_state import EmptyState
from webtune_tui.tui.widgets.job_monitor import JobMonitor


class FineTuneFrame(PartedScreen):
    """The frame of the screen; its parts work on it."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.jobs: dict[str, Job] = {}
        """By id, as they are listed: the newest first."""
        self.watched: str | None = None
        """The id of the job in the monitor."""
        self.starting: str | None = None
        """The id of the job whose start is under way."""

    @property
    def view(self) -> str:
        """The view in front: tune-empty, tune-jobs or tune-form."""
        return self.query_one("#tune-views", ContentSwitcher).current or ""

    def show_view(self, view: str) -> None:
        """Brings a view to the front."""
        self.query_one("#tune-views", ContentSwitcher).current = view

    @property
    def is_form_open(self) -> bool:
        """Whether a new job is being filled in."""
        return self.is_mounted and self.view == "tune-form"

    @property
    def monitor(self) -> JobMonitor:
        """The job at the right."""
        return self.query_one(JobMonitor)

    @property
    def shown_job(self) -> Job | None:
        """The job in the monitor."""
        return self.jobs.get(self.watched) if self.watched else None

    @property
    def hides_list(self) -> bool:
        """Whether the monitor stands in the place of the list."""
        return self.has_class("-narrow") and self.has_class("-monitoring")

    async def show_nothing(self) -> None:
        """Says what is missing to have a job."""
        versions = await self.services.curate.versions()
        empty = self.query_one("#tune-empty", EmptyState)
        self.show_view("tune-empty")
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
