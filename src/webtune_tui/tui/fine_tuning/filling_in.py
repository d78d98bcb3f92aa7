"""A new job filled in: the form with its estimate, opened empty or with the settings of a job, and left again."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical

from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.events import Noted, Progressed, TrainEvent
from webtune_tui.domain.jobs import Job
from webtune_tui.tui.fine_tuning.part import FineTunePart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.widgets.train_form import TrainForm, TrainRequest


class FillingIn(FineTunePart):
    """Does what ``n`` asks for, and holds the form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new_job", "New job", tooltip="Fill in a new job; the estimate stands beside it"),
    ]
    EDITING = frozenset({"new_job"})

    def offers(self) -> bool:
        """Everywhere but in the form."""
        return not self._screen.is_form_open

    def action_new_job(self) -> None:
        """Opens the form."""
        self.open(None)

    def open(self, preset: Job | None) -> None:
        """Opens the form, with the settings of a job where one is given."""
        self._screen.launch(partial(self._open, preset), "form")

    async def _open(self, preset: Job | None) -> None:
        screen = self._screen
        if screen.refuses_editing():
            return
        versions = await screen.services.curate.versions()
        if not versions:
            screen.notify("There is no dataset yet. Key 3 prepares one.", severity="warning")
            return
        holder = screen.query_one("#tune-form", Vertical)
        await holder.remove_children()
        settings = screen.services.settings
        await holder.mount(
            TrainForm(
                screen.services.providers.capabilities(),
                versions,
                bases=screen.services.train.bases,
                estimates=self._estimate,
                preset=preset,
                provider=settings.provider,
                base_model=settings.base_model,
            )
        )
        screen.show_view("tune-form")
        screen.refresh_bindings()

    async def _estimate(self, request: TrainRequest) -> Estimate:
        return await self._screen.services.estimates.estimate(
            request.provider, request.base_model, request.hyperparameters, request.version
        )

    def show_progress(self, event: TrainEvent) -> None:
        """Shows in the form how far work for it is."""
        for form in self._screen.query(TrainForm):
            match event:
                case Progressed(stage, done, total, _, message):
                    form.show_progress(message or stage, done, total)
                case Noted(message):
                    self._screen.notify(message)

    @heard(TrainForm.Left)
    def close(self) -> None:
        """Goes back to the jobs."""
        screen = self._screen
        screen.show_view("tune-jobs" if screen.jobs else "tune-empty")
        self.remove()
        screen.refresh_bindings()
        screen.focus_home()

    def remove(self) -> None:
        """Takes the form away. Its workers go first: they would look for fields that are already gone."""
        for form in self._screen.query(TrainForm):
            self._screen.workers.cancel_node(form)
        self._screen.query_one("#tune-form").remove_children()
