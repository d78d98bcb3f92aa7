"""An edit of many on fakes: what takes long is stopped, what is half looked at says so, hostile texts do nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from tests.tui.dataset_fakes import FakeCurate, dataset_app, make_example
from tests.tui.fake_services import AppOnFakes, until
from tests.tui.hostile import EVERYTHING, FORBIDDEN
from textual.pilot import Pilot
from textual.widgets import Button, Static

from webtune_tui.domain.edit_steps import Edited, EditPreview, EditResult, EditSample
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.examples import Message
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edits.base import Operation
from webtune_tui.tui.modals.bulk_form import BulkForm
from webtune_tui.tui.modals.bulk_menu import BulkMenu
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.styled_lines import StyledLines


class FakeEditing:
    """An edit that waits where it is told to; with ``stores`` it has stored all before it can be stopped."""

    def __init__(self, curate: FakeCurate, *, stores: bool = False) -> None:
        self.curate = curate
        self.stores = stores
        self.asked: list[Selection] = []
        self.was_closed = False
        before = make_example(0)
        after = replace(before, messages=(*before.messages[:-1], Message("assistant", EVERYTHING)))
        self.found = EditPreview("Trimmed", 240, 20, 12, 3, 40, (EditSample(before, (after,)), EditSample(before, ())))

    async def preview(self, operation: Operation, selection: Selection, *, samples: int = 5) -> EditPreview:
        return self.found

    async def run(self, operation: Operation, selection: Selection) -> AsyncGenerator[Progressed | Edited, None]:
        self.asked.append(selection)
        try:
            yield Progressed("editing", 20, 240, "examples")
            await asyncio.Event().wait()
        finally:
            self.was_closed = True
            if self.stores:
                self.curate.dropped.append("ex-0000000")
        yield Edited(EditResult(await self.curate.version(), ()))


async def started(app: AppOnFakes, pilot: Pilot[int]) -> FakeEditing:
    """Trims all that are listed, and is still at it."""
    await until(pilot, lambda: app.screen.query_one(ExampleTable).row_count > 0)
    await pilot.press("a", "B")
    await until(pilot, lambda: isinstance(app.screen, BulkMenu))
    await pilot.press("t")
    await until(pilot, lambda: not app.screen.query_one("#bulk-apply", Button).disabled)
    editing: FakeEditing = app._given.editing
    return editing


def said(app: AppOnFakes) -> str:
    return str(app.screen.query_one("#dataset-status", Static).content)


async def test_a_long_edit_says_how_little_was_looked_at_is_shown_harmless_and_is_stopped_by_esc(
    tmp_path: Path,
) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    app._given.editing = FakeEditing(curate)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        editing = await started(app, pilot)
        words = str(app.screen.query_one("#bulk-preview", Static).content)
        assert "12 would change among the first 20 of 240 examples in 3 s" in words
        assert "40 places" in words and "3 don't fit" in words
        samples = app.screen.query_one("#bulk-samples", StyledLines)
        await until(pilot, lambda: samples.plain_text)
        assert "goes" in samples.plain_text
        assert not any(one in samples.plain_text for one in FORBIDDEN)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, DatasetScreen) and editing.asked)
        assert editing.asked == [Selection.everything()]
        await pilot.press("B")
        assert isinstance(app.screen, DatasetScreen) and "is being made" in said(app)
        await pilot.press("escape")
        await until(pilot, lambda: "nothing was changed" in said(app))
        assert editing.was_closed and app.screen.query_one(ExampleTable).are_all_marked


async def test_what_was_stored_before_it_could_be_stopped_is_told_as_done(tmp_path: Path) -> None:
    curate = FakeCurate()
    app = dataset_app(tmp_path, curate=curate)
    app._given.editing = FakeEditing(curate, stores=True)
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await started(app, pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, DatasetScreen) and not isinstance(app.screen, BulkForm))
        await until(pilot, lambda: app._given.editing.asked)
        await pilot.press("escape")
        await until(pilot, lambda: "done before it could be stopped" in said(app))
        await until(pilot, lambda: app.screen.query_one(ExampleTable).row_count == 239)
