"""One example on a real workspace with the real services: its shape, its edits, its cluster; each step undone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.tui.fake_services import DEADLINE_SECONDS
from tests.tui.test_dataset_real import open_dataset, rows, screen_of, text_of, until
from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_curate import prepared_hash
from textual.pilot import Pilot
from textual.widgets import OptionList

from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.modals.cluster import ClusterDiff
from webtune_tui.tui.modals.reshape_menu import ReshapeMenu
from webtune_tui.tui.widgets.example_detail import ExampleDetail

pytestmark = pytest.mark.slow

TALK = {
    "messages": [
        {"role": "user", "content": "What is the tallest tree of the forest called?"},
        {"role": "assistant", "content": "The tallest one is a sequoia, a conifer with red bark."},
        {"role": "user", "content": "And which flower opens at night?"},
        {"role": "assistant", "content": "The evening primrose opens its yellow flowers after sunset."},
    ]
}


@pytest.fixture
async def workspace(tmp_path: Path) -> Path:
    """Thirty products, one of them twice, and a talk of two exchanges."""
    with Workspace.open(tmp_path / "shop", command="test") as opened:
        copied = product(3, asin="COPY", title=f"{product(3)['title']} again")
        add_records(opened, [*[product(number) for number in range(30)], copied, TALK])
        await prepared_hash(opened)
    return tmp_path / "shop"


def detail(app: WebtuneApp) -> str:
    return " ".join(screen_of(app).query_one(ExampleDetail).plain_text.split())


async def change(app: WebtuneApp, pilot: Pilot[int], words: str, key: str = "m") -> None:
    await pilot.press(key)
    await until(app, pilot, lambda: isinstance(app.screen, ReshapeMenu))
    options = app.screen.query_one("#reshapes", OptionList)
    [place] = [n for n in range(options.option_count) if words in str(options.get_option_at_index(n).prompt)]
    options.highlighted = place
    await pilot.press("enter")
    await until(app, pilot, lambda: not isinstance(app.screen, ReshapeMenu))


async def test_the_shape_of_an_example_is_changed_and_every_step_undone(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=(120, 50), notifications=True, tooltips=True) as pilot:
        await open_dataset(app, pilot)
        await until(app, pilot, lambda: rows(app) == 31)
        assert app.services is not None
        curate = app.services.curate
        start = (await curate.version()).content_hash
        talk = next(
            one for one in (await curate.page(limit=40)).examples if one.prompt.startswith("And which flower opens")
        )
        await app.screen.reveal(talk.example_id)  # type: ignore[attr-defined]
        await until(app, pilot, lambda: "Hosted providers learn 2 answers" in detail(app))
        await change(app, pilot, "Message 2 (assistant): weight 0")
        await until(app, pilot, lambda: "weight 0" in detail(app))
        await until(app, pilot, lambda: "weight none is now 0" in detail(app))
        await change(app, pilot, "Message 3 (user): make it the assistant's")
        await until(app, pilot, lambda: "role user is now assistant" in detail(app))
        await pilot.press("z")
        await until(app, pilot, lambda: "undone" in detail(app))
        await pilot.press("z")
        await until(app, pilot, lambda: detail(app).count("undone") == 2)
        await change(app, pilot, "begin a new example here")
        await until(app, pilot, lambda: rows(app) == 32)
        await change(app, pilot, "Duplicate")
        await until(app, pilot, lambda: rows(app) == 33)
        for _ in range(2):
            await pilot.press("z")
        await until(app, pilot, lambda: rows(app) == 31)
        await until(
            app, pilot, lambda: (screen_of(app).version or start) and screen_of(app).version.content_hash == start
        )  # type: ignore[union-attr]


async def test_a_duplicate_is_kept_beside_the_one_that_stays(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_dataset(app, pilot)
        await until(app, pilot, lambda: rows(app) == 31)
        await pilot.press("C")
        await until(app, pilot, lambda: bool(app.screen.query("#clusters")))
        await pilot.press("enter")
        await until(app, pilot, lambda: isinstance(app.screen, ClusterDiff))
        async with asyncio.timeout(DEADLINE_SECONDS):
            while "again" not in app.screen.query_one("#cluster-text").plain_text:  # type: ignore[attr-defined]
                await pilot.pause(0.01)
        await pilot.press("b")
        await until(app, pilot, lambda: "keep = [" in (workspace / "recipe.toml").read_text())
        await pilot.press("escape")
        assert app.services is not None
        async for _ in app.services.prepare.run():
            pass
        assert (await app.services.curate.version()).examples == 32
        assert text_of(app, "#dataset-status")
