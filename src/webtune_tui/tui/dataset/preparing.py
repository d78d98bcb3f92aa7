"""The recipe on the screen: shown, previewed on real records, saved, and replayed on all of them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Prepared, PrepareEvent, Progressed
from webtune_tui.domain.records import RecordKind
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.widgets.prepare_panel import PreparePanel

_DRAW_SECONDS = 0.1
_PREVIEW_RECORDS = 20
_FIELDS_SHOWN = 60
_SEQUENCE_LENGTH, _SEQUENCES_A_STEP = 1024, 4  # as webtune dataset packing


class Preparing:
    """Does what the recipe's panel asks for; ``prepared`` is called when there is a new version."""

    def __init__(self, screen: DatasetFrame, prepared: Callable[[], Awaitable[None]]) -> None:
        self._screen = screen
        self._prepared = prepared
        self._run: Worker[None] | None = None
        self._run_words = ""
        self._drawn_at = 0.0
        self._then: Callable[[], None] | None = None

    @property
    def panel(self) -> PreparePanel:
        """The recipe's panel."""
        return self._screen.query_one(PreparePanel)

    # The recipe

    def load(self) -> None:
        """Shows the workspace's recipe and what it would make of some records."""
        self._screen.launch(self._load, "recipe")

    async def _load(self) -> None:
        prepare, panel = self._screen.services.prepare, self.panel
        panel.focus_parts()
        try:
            recipe, steps = await prepare.recipe(), await prepare.steps()
        except WebtuneError as error:
            panel.show_failure(error_display.words(error))
            return
        panel.show_recipe(recipe, steps, self._screen.report, record_fields=await self._record_fields())
        self.preview(panel.pending)
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

    def preview(self, assignments: Mapping[str, str]) -> None:
        """Shows what the recipe with these changes would make of some records."""
        self._screen.launch(partial(self._preview, assignments), "preview")

    async def _preview(self, assignments: Mapping[str, str]) -> None:
        try:
            rows = await self._screen.services.prepare.preview(assignments, limit=_PREVIEW_RECORDS)
        except WebtuneError as error:  # a half-typed value; the words stand where the preview would
            self.panel.show_preview_failure(error_display.words(error))
            return
        self.panel.show_preview(rows)

    def preview_step(self, assignments: Mapping[str, str], step: str) -> None:
        """Shows what one step does to a sample."""
        self._screen.launch(partial(self._preview_step, assignments, step), "preview")

    async def _preview_step(self, assignments: Mapping[str, str], step: str) -> None:
        try:
            found = await self._screen.services.studio.step(assignments, step)
        except WebtuneError as error:
            self.panel.show_preview_failure(error_display.words(error))
            return
        if found is not None:
            self.panel.show_step(found)

    def save(self, assignments: Mapping[str, str]) -> None:
        """Writes changes to the recipe."""
        self._screen.queue(partial(self._save, assignments), "recipe")

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
            await self._prepared()
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

    def cancel(self) -> None:
        """Stops a run; the version before stays."""
        if self._run is not None and not self._run.is_finished:
            self._run.cancel()
            self._screen.is_ending("prepare")
            self._screen.say("Stopped; the version before stays as it was", "-care")
