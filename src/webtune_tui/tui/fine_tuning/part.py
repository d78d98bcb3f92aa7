"""What every part of the Fine-tune screen has: the frame, and where its keys are offered."""

from __future__ import annotations

from webtune_tui.domain.jobs import Job
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.parts import Part


class FineTunePart(Part):
    """A capability of the screen. Its keys mean something where they suit the shown job."""

    def __init__(self, screen: FineTuneFrame) -> None:
        self._screen = screen

    def offers(self) -> bool:
        """Whether its keys mean something now."""
        job = self._screen.shown_job
        return not self._screen.is_form_open and job is not None and self.suits(job)

    def suits(self, job: Job) -> bool:
        """Whether its keys mean something for a job."""
        return True
