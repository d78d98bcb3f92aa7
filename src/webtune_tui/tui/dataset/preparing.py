"""The recipe on the screen: shown, previewed on real records, saved, and replayed on all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Prepared, PrepareEvent, Progressed
from webtune_tui.domain.records import RecordKind
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.looking_at_dropped import LookingAtDropped
from webtune_tui.tui.dataset.part import ViewPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.widgets.prepare_panel import PreparePanel

_DRAW_SECONDS = 0.1
_PREVIEW_RECORDS = 20
_FIELDS_SHOWN = 60
_SEQUENCE_LENGTH, _SEQUENCES_A_STEP = 1024, 4  # as webtune dataset packing


class Preparing(ViewPart):
    """Does what the recipe's panel asks for."""

    VIEW = "prepare"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "prepare", "Prepare", tooltip="The recipe: change it, preview it, run it"),
    ]

    def __init__(self, screen: DatasetFrame, listing: Listing, dropped: LookingAtDropped) -> None:
        super().__init__(screen)
        self._listing = listing
        self._dropped = dropped
        self._run: Worker[None] | None = None
        self._run_words = ""
        self._drawn_at = 0.0
        self._then: Callable[[], None] | None = None

    @property
    def panel(self) -> PreparePanel:
        """The recipe's panel."""
        return self._screen.query_one(PreparePanel)

    # The recipe

    def compose(self) -> PreparePanel:
        """The recipe's panel."""
        panel = PreparePanel(id=self.VIEW, classes="panel")
        panel.border_title = "Recipe"
        return panel

    def focus(self) -> None:
        """Puts the keys into the list of steps."""
        self.panel.focus_parts()

    async def services_ready(self) -> None:
        """Says why nothing can be changed in a read-only workspace."""
        if self._screen.is_read_only:
            self.panel.refusal = self._screen.webtune.place.read_only_reason

    def action_prepare(self) -> None:
        """Shows the workspace's recipe and what it would make of some records."""
        if self._screen.are_services_open and not self._screen.is_editing:
            self._screen.show_view("prepare")
            self._screen.launch(self._load, "recipe")

    def leave(self) -> None:
        """Goes back to the list of steps, then to the table; says what is not saved."""
        if not self.panel.is_list_focused:
            self.panel.focus_parts()
            return
        super().leave()
        if self.panel.pending:
            changes = figures.count(len(self.panel.pending), "change")
            self._screen.say(f"{changes} of the recipe not saved: p goes back, ctrl+s there saves", "-care")

    async def _load(self) -> None:
        prepare, panel = self._screen.services.prepare, self.panel
        panel.focus_parts()
        try:
            recipe, steps = await prepare.recipe(), await prepare.steps()
        except WebtuneError as error:
            panel.show_failure(error_display.words(error))
            return
        panel.show_recipe(recipe, steps, self._screen.report, record_fields=await self._record_fields())
        self._preview_soon(panel.pending)
        await self._show_packing()

    async def _show_packing(self) -> None:
        """With the newest run, what packing would save in a training here with the usual options."""
        if self._screen.report is not None:
            plan = await self._screen.services.curate.packing(
                sequence_length=_SEQUENCE_LENGTH, batch_size=_SEQUENCES_A_STEP
            )
            self.panel.show_packing(plan)

    async def _record_fields(self) -> Sequence[str]:
        """The field names of a record, for the template."""
        collect = self._screen.services.collect
        for collection in await collect.collections():
            for record in await collect.records_of(collection.collection_id, limit=20):
                if record.kind is RecordKind.DATA:
                    return list(record.fields)[:_FIELDS_SHOWN]
        return []

    @heard(PreparePanel.PreviewWanted)
    def _preview_wanted(self, event: PreparePanel.PreviewWanted) -> None:
        if type(event) is PreparePanel.PreviewWanted:
            self._preview_soon(event.assignments)

    def _preview_soon(self, assignments: Mapping[str, str]) -> None:
        """Shows what the recipe with these changes would make of some records."""
        self._screen.launch(partial(self._preview, assignments), "preview")

    async def _preview(self, assignments: Mapping[str, str]) -> None:
        try:
            rows = await self._screen.services.prepare.preview(assignments, limit=_PREVIEW_RECORDS)
        except WebtuneError as error:  # a half-typed value; the words stand where the preview would
            self.panel.show_preview_failure(error_display.words(error))
            return
        self.panel.show_preview(rows)

    @heard(PreparePanel.StepPreviewWanted)
    def _step_preview_wanted(self, event: PreparePanel.StepPreviewWanted) -> None:
        """Shows what one step does to a sample."""
        self._screen.launch(partial(self._preview_step, event.assignments, event.step), "preview")

    async def _preview_step(self, assignments: Mapping[str, str], step: str) -> None:
        try:
            found = await self._screen.services.studio.step(assignments, step)
        except WebtuneError as error:
            self.panel.show_preview_failure(error_display.words(error))
            return
        if found is not None:
            self.panel.show_step(found)

    @heard(PreparePanel.SaveWanted)
    def _save_wanted(self, event: PreparePanel.SaveWanted) -> None:
        """Writes changes to the recipe."""
        self._screen.queue(partial(self._save, event.assignments), "recipe")

    async def _save(self, assignments: Mapping[str, str]) -> None:
        await self._write(assignments)
        self._screen.say("The recipe is saved; run it to make a new version", "-good")

    async def _write(self, assignments: Mapping[str, str]) -> None:
        if not assignments:
            return
        prepare, panel = self._screen.services.prepare, self.panel
        await prepare.set_option(assignments)
        panel.saved()
        panel.show_recipe(await prepare.recipe(), await prepare.steps(), self._screen.report)

    # A run

    @property
    def is_running(self) -> bool:
        """Whether the recipe is being replayed."""
        return self._run is not None and not self._run.is_finished

    @heard(PreparePanel.RunWanted)
    def _run_wanted(self, event: PreparePanel.RunWanted) -> None:
        self.run(event.assignments)

    def run(self, assignments: Mapping[str, str], then: Callable[[], None] | None = None) -> None:
        """Writes changes to the recipe and replays it on all records; ``then`` is called when there is a version."""
        if not self.is_running:
            self._then = then
            self._screen.queue(partial(self._start, assignments), "recipe")

    async def _start(self, assignments: Mapping[str, str]) -> None:
        await self._write(assignments)
        self.panel.run_started()
        self._run_words = ""
        self._run = self._screen.follow(
            self._screen.services.prepare.run(),
            self._show_event,
            group="prepare",
            label="Preparing the dataset",
            survives=False,
            ended=self._ended,
        )

    async def _show_event(self, event: PrepareEvent) -> None:
        if isinstance(event, Progressed):
            now = time.monotonic()
            if now - self._drawn_at < _DRAW_SECONDS:
                return
            self._drawn_at = now
        if isinstance(event, Prepared):
            self._dropped.prepared()
            await self._listing.open_version()
            self._screen.refresh_overview()
            self._run_words = f"Prepared {figures.count(event.report.examples, 'example')}"
            if not self._screen.is_current:
                self._screen.app.notify(self._run_words)
        self.panel.show_event(event)
        if isinstance(event, Prepared):
            await self._show_packing()

    def _ended(self) -> None:
        self.panel.run_ended()
        if not self._run_words:
            return
        if self._then is not None:
            self._then()
        self._screen.say(f"{self._run_words}  ·  esc shows them", "-good")

    @heard(PreparePanel.CancelWanted)
    def _cancel(self) -> None:
        """Stops a run; the version before stays."""
        if self._run is not None and not self._run.is_finished:
            self._run.cancel()
            self._screen.is_ending("prepare")
            self._screen.say("Stopped; the version before stays as it was", "-care")
