"""Pictures of the workbench: the table and its tools, on a copy of a workspace, since some of them need edits."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.picture_saving import save, until
from webtune_tui import settings as settings_module
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.bulk_form import BulkForm
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.viewing.app import ViewingApp
from webtune_tui.tui.viewing.file_table import ViewTable
from webtune_tui.tui.widgets.example_editor import MessageField
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.history_pane import StepList
from webtune_tui.tui.widgets.review_pane import ReviewPane
from webtune_tui.tui.widgets.styled_lines import StyledLines


async def draw(workspace: Path, size: tuple[int, int]) -> None:
    """Draws all of them at one size; the workspace itself is only read."""
    name = f"{size[0]}x{size[1]}"
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / workspace.name
        shutil.copytree(workspace, copied, ignore=shutil.ignore_patterns("jobs", "*.lock"))
        app = WebtuneApp(copied, settings_module.load(copied))
        app.is_notice_hidden = True
        async with app.run_test(size=size, notifications=False) as pilot:
            await app.settled()
            await pilot.press("3")
            await until(pilot, lambda: _table(app) is not None and _table(app).current is not None)
            await _table_and_facets(pilot, name)
            await _example_and_editor(pilot, name)
            await _bulk(pilot, name)
            await _clusters(pilot, name)
            await _review(pilot, name)
            await _history(pilot, name)
        file = next(iter(sorted((workspace / "exports").glob("*/train.jsonl"))), None)
        if file is not None:
            shutil.copy(file, Path(folder) / "train.jsonl")
            await _view(Path(folder) / "train.jsonl", size, name)


def _screen(app: WebtuneApp) -> DatasetScreen | None:
    return next((one for one in app.screen_stack if isinstance(one, DatasetScreen)), None)


def _table(app: WebtuneApp) -> ExampleTable:
    screen = _screen(app)
    return screen.query_one(ExampleTable) if screen else ExampleTable()


def _app(pilot: Pilot[int]) -> WebtuneApp:
    assert isinstance(pilot.app, WebtuneApp)
    return pilot.app


async def _table_and_facets(pilot: Pilot[int], size: str) -> None:
    app, table = _app(pilot), _table(_app(pilot))
    every = table.row_count
    await pilot.press("f", *"tokens>215", "enter", "slash", *"headphones", "enter")
    await until(pilot, lambda: 0 < table.row_count < every and table.current is not None)
    await pilot.press("space", "down", "space")
    await app.settled()
    save(app, f"table-{size}")
    await pilot.press("escape", "escape", "F")
    await until(pilot, lambda: bool(app.screen.query(OptionList)) and app.screen.query_one(OptionList).option_count > 0)
    await pilot.press("down", "down", "down", "down")
    save(app, f"facets-{size}")
    await pilot.press("escape")
    await until(pilot, lambda: table.row_count == every)


async def _example_and_editor(pilot: Pilot[int], size: str) -> None:
    app, screen = _app(pilot), _screen(_app(pilot))
    assert screen is not None
    await pilot.press("enter")
    await until(pilot, lambda: " of " in screen.detail.plain_text and "FROM" in screen.detail.plain_text)
    await pilot.press("pagedown")
    await pilot.pause(0.3)
    save(app, f"example-{size}")
    await pilot.press("e")
    await until(pilot, lambda: isinstance(app.focused, MessageField))
    assert isinstance(app.focused, MessageField)
    app.focused.insert("See \u200bthe photo above. ")
    await until(
        pilot, lambda: bool(screen.editor.query("#remarks-2")) and screen.editor.query_one("#remarks-2").display
    )
    save(app, f"editor-{size}")
    await pilot.press("escape")
    await app.settled()
    await pilot.press("right", "enter")  # what was typed is discarded
    await until(pilot, lambda: not screen.is_editing)
    await pilot.press("escape")
    await app.settled()


async def _bulk(pilot: Pilot[int], size: str) -> None:
    app = _app(pilot)
    await pilot.press("a", "B")
    await app.settled()
    await pilot.press("r")
    await until(pilot, lambda: isinstance(app.screen, BulkForm))
    app.screen.query(Input).first().value = "in the box"
    app.screen.query(Input)[1].value = "in the parcel"
    shown = app.screen.query_one("#bulk-samples", StyledLines)
    await until(pilot, lambda: "parcel" in shown.plain_text)
    save(app, f"bulk-{size}")
    await pilot.press("escape")
    await app.settled()
    await pilot.press("a")
    await app.settled()


async def _clusters(pilot: Pilot[int], size: str) -> None:
    app = _app(pilot)
    await pilot.press("C")
    await until(pilot, lambda: bool(app.screen.query("#clusters")))
    listed = app.screen.query_one("#clusters", OptionList)
    rows = [str(listed.get_option_at_index(place).prompt) for place in range(listed.option_count)]
    listed.highlighted = next((place for place, row in enumerate(rows) if "near-duplicate" in row), 0)
    await pilot.press("enter")
    await until(
        pilot,
        lambda: (
            bool(app.screen.query("#cluster-text"))
            and bool(app.screen.query_one("#cluster-text", StyledLines).plain_text.strip())
        ),
    )
    save(app, f"cluster-{size}")
    await pilot.press("escape")
    await app.settled()


async def _review(pilot: Pilot[int], size: str) -> None:
    app, screen = _app(pilot), _screen(_app(pilot))
    assert screen is not None
    pane = screen.query_one(ReviewPane)
    await pilot.press("w")
    await until(pilot, lambda: bool(app.screen.query("#review-which")))
    await pilot.press("down", "enter")  # the worst first
    for key in "kks":
        await until(pilot, lambda: pane.example_id is not None)
        before = pane.example_id
        await pilot.press(key)
        await until(pilot, lambda before=before: pane.example_id != before)  # type: ignore[misc]
    save(app, f"review-{size}")
    await pilot.press("escape")
    await app.settled()


async def _history(pilot: Pilot[int], size: str) -> None:
    app = _app(pilot)
    assert app.services is not None
    curate = app.services.curate
    first, second, third, fourth = (await curate.page(limit=4)).examples
    await curate.edit(first.example_id, {"assistant": f"{first.answer} It comes in one box."})
    await curate.drop([second.example_id, third.example_id])
    await app.services.editing.name_version("first-look", (await curate.version()).content_hash)
    await curate.drop([fourth.example_id])
    await pilot.press("H")
    await until(pilot, lambda: app.screen.query_one(StepList).row_count > 3)
    await pilot.press("z")
    await until(pilot, lambda: app.screen.query_one(StepList).present == app.screen.query_one(StepList).row_count - 2)
    save(app, f"history-{size}")


async def _view(file: Path, size: tuple[int, int], name: str) -> None:
    app = ViewingApp(file.parent / "unused", settings_module.load(file.parent / "unused"), file)
    async with app.run_test(size=size, notifications=False) as pilot:
        await app.settled()
        await pilot.press("slash", *"headphones", "enter")
        await until(pilot, lambda: app.screen.query_one(ViewTable).current is not None)
        save(app, f"view-{name}")
