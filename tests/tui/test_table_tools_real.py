"""The tools around the table on a real workspace, by keyboard alone and by mouse alone, at 80x24."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.tui.test_dataset_real import open_dataset, screen_of, until
from tests.unit.services.test_prepare import add_records, prepare, product
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static

from webtune_tui.domain.example_fields import EDITED
from webtune_tui.services.curate import CurateService
from webtune_tui.settings import Settings
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.facet_list import FacetList
from webtune_tui.tui.modals.pick_columns import PickColumns
from webtune_tui.tui.modals.pick_sort import PickSort
from webtune_tui.tui.modals.saved_views import SavedViews
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.example_table import ExampleTable

pytestmark = pytest.mark.slow

SIZE = (80, 24)


@pytest.fixture
async def workspace(tmp_path: Path) -> Path:
    """Forty examples, one of them edited."""
    with Workspace.open(tmp_path / "shop", command="test") as opened:
        add_records(opened, [product(number) for number in range(40)])
        await prepare(opened)
        curate = CurateService(opened)
        one = (await curate.page(limit=8)).examples[7]
        await curate.edit(one.example_id, {"assistant": "Much shorter."})
    return tmp_path / "shop"


def table(app: WebtuneApp) -> ExampleTable:
    return screen_of(app).query_one(ExampleTable)


def is_front(app: WebtuneApp, kind: type) -> Callable[[], bool]:
    return lambda: isinstance(app.screen, kind)


def rows_of(app: WebtuneApp) -> list[str]:
    found = app.screen.query_one(OptionList)
    return [str(found.get_option_at_index(number).prompt) for number in range(found.option_count)]


async def start(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await open_dataset(app, pilot)
    await until(app, pilot, lambda: table(app).row_count == 40 and table(app).current)


async def test_languages_are_counted_and_their_examples_listed_with_one_key(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await start(app, pilot)
        await pilot.press("F")
        await until(app, pilot, lambda: isinstance(app.screen, FacetList) and "Language" in "".join(rows_of(app)))
        await until(app, pilot, lambda: any(row.strip().startswith("en ") for row in rows_of(app)))
        assert not any("counting" in row for row in rows_of(app))
        place = next(number for number, row in enumerate(rows_of(app)) if row.strip().startswith("en "))
        app.screen.query_one(OptionList).highlighted = place
        (count,) = re.findall(r"en\s+\S*\s+(\d+)", rows_of(app)[place])
        await pilot.press("enter", "escape")
        await until(app, pilot, lambda: table(app).row_count == int(count))
        assert app.screen.query_one("#where", Input).value == "language = en"


async def test_the_table_by_keyboard_alone_and_again_after_a_restart(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await start(app, pilot)
        await pilot.press("F")
        await until(app, pilot, lambda: isinstance(app.screen, FacetList) and "edited" in "".join(rows_of(app)))
        down = next(n for n, row in enumerate(rows_of(app)) if row.strip().startswith("edited")) - 1
        while app.screen.query_one(OptionList).highlighted != down + 1:
            await pilot.press("down")
        await pilot.press("space", "escape")
        await until(app, pilot, lambda: table(app).row_count == 39)
        await pilot.press("O", "down", "down", "down", "enter")
        await until(app, pilot, lambda: table(app).sorted_by == ("tokens", True) and table(app).current)
        await pilot.press("L", "end", "space", "escape")
        await until(app, pilot, lambda: table(app).layout_wanted.columns[-1] == "id")
        await pilot.press("V")
        await until(app, pilot, is_front(app, SavedViews))
        await pilot.press("s", *"mine", "enter")
        await until(app, pilot, lambda: any("mine" in row for row in rows_of(app)))
        await pilot.press("escape", "colon", *"12", "enter")
        await until(app, pilot, lambda: table(app).cursor == 11)
        here = table(app).current
        await pilot.press("5")
        await until(app, pilot, lambda: not isinstance(app.screen, DatasetScreen))
        await pilot.press("3")
        await until(app, pilot, is_front(app, DatasetScreen))
        assert table(app).current == here and table(app).row_count == 39
        await pilot.press("escape", "escape")
        await until(app, pilot, lambda: table(app).row_count == 40)

    again = WebtuneApp(workspace, Settings())
    async with again.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await start(again, pilot)
        assert table(again).layout_wanted.columns[-1] == "id"
        await pilot.press("V")
        await until(again, pilot, lambda: isinstance(again.screen, SavedViews) and rows_of(again))
        await pilot.press("enter")
        await until(again, pilot, lambda: table(again).row_count == 39)
        assert screen_of(again).query_one("#where", Input).value == f"not flag:{EDITED}"
        assert table(again).sorted_by == ("tokens", True)


def place_of(app: WebtuneApp, words: str, top: int) -> tuple[int, int] | None:
    """Where words stand on the screen, from a line on."""
    for y, strip in enumerate(app.screen._compositor.render_strips()[top:], start=top):
        if (x := strip.text.find(words)) >= 0:
            return x + 1, y
    return None


async def click_text(app: WebtuneApp, pilot: Pilot[int], words: str, within: Widget | None = None) -> None:
    """Clicks on words as soon as they stand on the screen."""
    top = within.region.y if within else 0
    await until(app, pilot, lambda: place_of(app, words, top))
    await pilot.click(offset=place_of(app, words, top))


async def test_the_table_by_mouse_alone(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=SIZE, notifications=True, tooltips=True) as pilot:
        await start(app, pilot)
        await click_text(app, pilot, "O sort")
        await until(app, pilot, is_front(app, PickSort))
        await click_text(app, pilot, "of the whole example")
        await until(app, pilot, lambda: table(app).sorted_by == ("tokens", True))
        await click_text(app, pilot, "tokens ↓")
        await until(app, pilot, lambda: table(app).sorted_by == ("tokens", False))
        await click_text(app, pilot, "L columns")
        await until(app, pilot, is_front(app, PickColumns))
        await click_text(app, pilot, "last user message")
        for button in ("#columns-toggle", "#columns-up", "#columns-widen", "#columns-done"):
            await pilot.click(button)
        await until(app, pilot, is_front(app, DatasetScreen))
        wide = table(app).layout_wanted
        assert "prompt" in wide.columns and wide.widths.keys() == {"prompt"}
        await click_text(app, pilot, "F facets")
        await until(app, pilot, lambda: isinstance(app.screen, FacetList) and rows_of(app))
        await click_text(app, pilot, "test ", app.screen.query_one(OptionList))
        await until(app, pilot, lambda: any("● test" in row for row in rows_of(app)))
        await pilot.click("#facet-not")
        await until(app, pilot, lambda: any("✗ test" in row for row in rows_of(app)))
        await pilot.click("#facet-close")
        await until(app, pilot, lambda: 0 < table(app).row_count < 40)
        await click_text(app, pilot, "V views")
        await until(app, pilot, is_front(app, SavedViews))
        assert "None yet" in str(app.screen.query_one("#views-state", Static).content)
        assert all(app.screen.region.contains_region(one.region) for one in app.screen.query(Button))
        await pilot.click("#views-close")
        await until(app, pilot, is_front(app, DatasetScreen))
    with Workspace.open(workspace, command="test", write=False) as opened:
        assert '"prompt"' in (DatasetStore(opened.database).meta("view:columns") or "")
