"""A new job with the settings of an ended one."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.jobs import Job
from webtune_tui.tui.fine_tuning.filling_in import FillingIn
from webtune_tui.tui.fine_tuning.frame import FineTuneFrame
from webtune_tui.tui.fine_tuning.part import FineTunePart


class Retrying(FineTunePart):
    """Does what ``r`` asks for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Retry", tooltip="A new job with the settings of the shown one"),
    ]
    EDITING = frozenset({"retry"})

    def __init__(self, screen: FineTuneFrame, filling_in: FillingIn) -> None:
        super().__init__(screen)
        self._filling_in = filling_in

    def suits(self, job: Job) -> bool:
        """A job that has ended."""
        return job.state.is_final

    def action_retry(self) -> None:
        """Opens the form with the settings of the shown job."""
        self._filling_in.open(self._screen.shown_job)
