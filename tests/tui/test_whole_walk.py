"""The whole workbench at 80x24 on a real workspace: once by keyboard alone, once by mouse alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tui import test_dataset_real as real
from tests.tui.test_dataset_real import open_dataset, screen_of, text_of
from tests.tui.test_table_tools_real import click_text, place_of, rows_of, table
from tests.unit.services.test_prepare import add_records, prepare, product
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from webtune_tui.services.curate import CurateService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.begin_review import BeginReview
from webtune_tui.tui.modals.bulk_form import BulkForm
from webtune_tui.tui.modals.bulk_menu import BulkMenu
from webtune_tui.tui.modals.facet_list import FacetList
from webtune_tui.tui.modals.message import Message
from webtune_tui.tui.modals.pick_format import PickFormat
from webtune_tui.tui.modals.reshape_menu import ReshapeMenu
from webtune_tui.tui.modals.version_changes import VersionChanges
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.bar_chart import BarChart
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.history_pane import HistoryPane, StepList, VersionList
from webtune_tui.tui.widgets.review_pane import ReviewPane
from webtune_tui.tui.widgets.statistics_view import MeasureList

pytestmark = pytest.mark.slow

SIZE = (80, 24)
COUNT = 40
_LAST_LINE = SIZE[1] - 1


@pytest.fixture
async def workspace(tmp_path: Path) -> Path:
    """Forty examples."""
    with Workspace.open(tmp_path / "shop", command="test") as opened:
        add_records(opened, [product(number) for number in range(COUNT)])
        await prepare(opened)
    return tmp_path / "shop"


async def until(app: WebtuneApp, pilot: Pilot[int], met: object) -> None:
    """Waits for something to be true; where it never is, says what the screen shows instead."""
    try:
        await real.until(app, pilot, met)
    except TimeoutError:
        pytest.fail("\n".join(strip.text for strip in app.screen._compositor.render_strips()))


def said(app: WebtuneApp) -> str:
    return text_of(app, "#dataset-status")


def is_front(app: WebtuneApp, kind: type) -> bool:
    return isinstance(app.screen, kind)


def view_of(app: WebtuneApp) -> str:
    return screen_of(app).view if is_front(app, DatasetScreen) else ""


def services(app: WebtuneApp) -> CurateService:
    assert app.services is not None
    return app.services.curate


async def listed(app: WebtuneApp, pilot: Pilot[int], count: int) -> None:
    await until(app, pilot, lambda: is_front(app, DatasetScreen) and table(app).row_count == count)
    await until(app, pilot, lambda: not count or table(app).current is not None)


async def test_the_workbench_by_keyboard_alone(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await open_dataset(app, pilot)
        await listed(app, pilot, COUNT)
        start = (await services(app).version()).content_hash

        await pilot.press("f", *"index<13", "enter")
        await listed(app, pilot, 12)
        assert place_of(app, "esc clears  12 of 40 where index<13", 0)
        await pilot.press("escape")
        await listed(app, pilot, COUNT)

        await pilot.press("enter", "e")
        await until(app, pilot, lambda: screen_of(app).is_editing)
        await pilot.press(*"Anew", "ctrl+s")
        await until(app, pilot, lambda: "Saved: 1 message changed" in said(app))
        await pilot.press("escape", "down", "space", "space", "d")
        await listed(app, pilot, COUNT - 2)
        await pilot.press("z")
        await listed(app, pilot, COUNT)

        await pilot.press("H")
        history = screen_of(app).query_one(HistoryPane)
        await until(app, pilot, lambda: history.steps.row_count == 3 and history.steps.present == 1)
        await pilot.press("end", "enter")
        await until(app, pilot, lambda: "now at the start" in said(app) and history.steps.present == 0)
        assert (await services(app).version()).content_hash == start
        await pilot.press("home", "enter")
        await until(app, pilot, lambda: "now at step 2" in said(app) and history.steps.present == 2)
        await pilot.press("tab", "end", "equals_sign")
        await until(app, pilot, lambda: is_front(app, VersionChanges) and place_of(app, "2 removed · 1 edited", 0))
        await pilot.press("escape", "z", "escape")
        await listed(app, pilot, COUNT)

        await pilot.press("F")
        await until(app, pilot, lambda: is_front(app, FacetList) and rows_of(app))
        await pilot.press("enter", "escape")
        train = (await services(app).version()).splits["train"]
        await listed(app, pilot, train)
        await pilot.press("escape", "S")
        await until(app, pilot, lambda: screen_of(app).query_one(BarChart).row_count > 0)
        await pilot.press("right", "left", "enter")
        await until(app, pilot, lambda: view_of(app) == "examples" and 0 < table(app).row_count < COUNT)
        await pilot.press("escape")
        await listed(app, pilot, COUNT)

        await pilot.press("w")
        await until(app, pilot, lambda: is_front(app, BeginReview))
        await pilot.press("enter")
        pane = screen_of(app).query_one(ReviewPane)
        await until(app, pilot, lambda: pane.example_id is not None)
        await pilot.press("k")
        await until(app, pilot, lambda: "1 kept" in text_of(app, "#review-progress"))
        await pilot.press("escape", "x")
        await until(app, pilot, lambda: is_front(app, PickFormat))
        await pilot.press("enter")
        await until(app, pilot, lambda: is_front(app, Message))
        await pilot.press("enter")
        await until(app, pilot, lambda: is_front(app, DatasetScreen))
        assert list((workspace / "exports").rglob("train.jsonl"))


async def click_key(app: WebtuneApp, pilot: Pilot[int], words: str) -> None:
    """Clicks on a key of the last line."""
    await until(app, pilot, lambda: place_of(app, words, _LAST_LINE))
    await pilot.click(offset=place_of(app, words, _LAST_LINE))


async def begin(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await until(app, pilot, lambda: app.services is not None)
    await click_text(app, pilot, "3 Dataset")
    await listed(app, pilot, COUNT)


async def test_the_workbench_by_mouse_alone(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await begin(app, pilot)
        start = await services(app).version()

        await click_text(app, pilot, "F facets")
        await until(app, pilot, lambda: is_front(app, FacetList) and rows_of(app))
        await click_text(app, pilot, "train ", app.screen.query_one(OptionList))
        await until(app, pilot, lambda: any("● train" in row for row in rows_of(app)))
        await pilot.click("#facet-close")
        await listed(app, pilot, start.splits["train"])
        await click_text(app, pilot, "esc clears")
        await listed(app, pilot, COUNT)
        await click_key(app, pilot, "/ Filter")
        await until(app, pilot, lambda: screen_of(app).query_one("#filter", Input).has_focus)
        await pilot.click(ExampleTable, offset=(8, 2))

        for row in (2, 3):  # the margin marks
            await pilot.click(ExampleTable, offset=(0, row))
        await until(app, pilot, lambda: len(table(app).marks) == 2)
        await click_key(app, pilot, "B Many")
        await until(app, pilot, lambda: is_front(app, BulkMenu))
        await click_text(app, pilot, "take them out")
        await until(app, pilot, lambda: is_front(app, BulkForm) or table(app).row_count == COUNT - 2)
        if is_front(app, BulkForm):
            await until(app, pilot, lambda: not app.screen.query_one("#bulk-apply").disabled)
            await pilot.click("#bulk-apply")
        await listed(app, pilot, COUNT - 2)
        await click_key(app, pilot, "z Undo")
        await listed(app, pilot, COUNT)
        assert (await services(app).version()).content_hash == start.content_hash

        await pilot.click(ExampleTable, offset=(8, 2), times=2)
        await until(app, pilot, lambda: screen_of(app).is_side_alone)
        await click_text(app, pilot, "R JSON")
        await until(app, pilot, lambda: screen_of(app).detail.is_json)
        await click_key(app, pilot, "e Edit")
        await until(app, pilot, lambda: screen_of(app).is_editing)
        await click_key(app, pilot, "f2 Change")
        await until(app, pilot, lambda: is_front(app, ReshapeMenu))
        await click_text(app, pilot, "Duplicate: a copy")
        await until(app, pilot, lambda: is_front(app, DatasetScreen) and "Duplicated 1 example" in said(app))
        await click_key(app, pilot, "esc Back")
        await until(app, pilot, lambda: not screen_of(app).is_editing)
        await until(app, pilot, lambda: table(app).row_count == COUNT + 1)
        await click_key(app, pilot, "esc Back")
        await until(app, pilot, lambda: not screen_of(app).is_side_alone)

        await click_text(app, pilot, "S charts")
        await until(app, pilot, lambda: screen_of(app).query_one(BarChart).row_count > 0)
        await click_text(app, pilot, "Splits", screen_of(app).query_one(MeasureList))
        await click_text(app, pilot, "train", screen_of(app).query_one(BarChart))
        await pilot.click(offset=place_of(app, "train", screen_of(app).query_one(BarChart).region.y), times=2)
        await until(app, pilot, lambda: view_of(app) == "examples" and 0 < table(app).row_count < COUNT)
        await click_text(app, pilot, "esc clears")
        await listed(app, pilot, COUNT + 1)

        await click_text(app, pilot, "w review")
        await until(app, pilot, lambda: is_front(app, BeginReview))
        await pilot.click("#review-begin")
        pane = screen_of(app).query_one(ReviewPane)
        await until(app, pilot, lambda: pane.example_id is not None)
        await click_text(app, pilot, "k keep", pane)
        await until(app, pilot, lambda: "1 kept" in text_of(app, "#review-progress"))
        for words in ("f fix", "d drop", "s skip", "u back", "a agreement", "n new"):
            assert place_of(app, words, _LAST_LINE - 3), words
        await click_key(app, pilot, "esc Leave")
        await until(app, pilot, lambda: view_of(app) == "examples")

        await click_key(app, pilot, "x Export")
        await until(app, pilot, lambda: is_front(app, PickFormat))
        await pilot.click("#format-choose")
        await until(app, pilot, lambda: is_front(app, Message))
        await pilot.click("#message-close")
        assert list((workspace / "exports").rglob("train.jsonl"))


async def test_the_history_by_mouse_alone(workspace: Path) -> None:
    with Workspace.open(workspace, command="test") as opened:
        curate = CurateService(opened)
        first, second = (await curate.page(limit=2)).examples
        start = await curate.version()
        await curate.drop([first.example_id])
        await curate.edit(second.example_id, {"assistant": "Much shorter."})
        newest = await curate.version()
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await until(app, pilot, lambda: app.services is not None)
        await click_text(app, pilot, "3 Dataset")
        await listed(app, pilot, COUNT - 1)
        await click_text(app, pilot, "H history")
        history = screen_of(app).query_one(HistoryPane)
        await until(app, pilot, lambda: history.steps.row_count == 3)
        await pilot.click(StepList, offset=(10, 3), times=2)
        await until(app, pilot, lambda: "now at the start" in said(app) and history.steps.present == 0)
        assert (await services(app).version()).content_hash == start.content_hash
        await pilot.click(StepList, offset=(10, 1), times=2)
        await until(app, pilot, lambda: "now at step 2" in said(app) and history.steps.present == 2)
        assert (await services(app).version()).content_hash == newest.content_hash

        rows = history.versions.row_count
        for row in (1, rows):  # the margin marks: the newest and the oldest
            await pilot.click(VersionList, offset=(0, row))
        await until(app, pilot, lambda: history.versions.pair is not None)
        await click_key(app, pilot, "= Compare")
        await until(app, pilot, lambda: is_front(app, VersionChanges) and place_of(app, "1 removed · 1 edited", 0))
        await click_text(app, pilot, "~")
        await until(app, pilot, lambda: place_of(app, "~ edited  ex-", 0))
        await pilot.click("#changes-close")
        await click_key(app, pilot, "n Name")
        await until(app, pilot, lambda: bool(app.screen.query("#name-typed")))
        await pilot.click("#name-cancel")
        await click_key(app, pilot, "z Undo")
        await until(app, pilot, lambda: history.steps.present == 1)
        await click_key(app, pilot, "esc Back")
        await listed(app, pilot, COUNT - 1)
