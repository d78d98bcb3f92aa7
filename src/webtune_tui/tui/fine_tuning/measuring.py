"""The held-out test: base and tuned model measured on the frozen test examples."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.domain.jobs import Job
from webtune_tui.services.evaluate import Evaluation
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.presentation import jobs


class Measuring(FineTunePart):
    """Does what ``v`` asks for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "evaluate", "Held-out test", tooltip="Measure base and tuned on the frozen test examples"),
    ]
    EDITING = frozenset({"evaluate"})

    def suits(self, job: Job) -> bool:
        """A job that made a model, at a provider that tells the loss of held-out examples."""
        return job.tuned_model is not None and any(
            one.name == job.provider and one.held_out_loss for one in self._screen.services.providers.capabilities()
        )

    def action_evaluate(self) -> None:
        """Measures base and tuned model on the test split."""
        screen = self._screen
        job = screen.shown_job
        if job is None or job.tuned_model is None or screen.refuses_editing():
            return
        screen.follow(
            screen.services.evaluate.run(model=job.tuned_model),
            self._show,
            group="evaluate",
            label="The held-out test",
            survives=False,
            ended=self._ended,
        )

    def _show(self, event: Progressed | Noted | Evaluation) -> None:
        monitor = self._screen.monitor
        match event:
            case Progressed(_, done, total):
                monitor.say(f"Held-out test: {done:,} of {total or 0:,} answers measured")
            case Noted(message, level):
                monitor.say(message, level)
            case Evaluation():
                monitor.show_verdict(jobs.verdict_words(event))
                self._screen.refresh_overview()

    def _ended(self) -> None:
        self._screen.monitor.say("")
