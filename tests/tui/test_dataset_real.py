"""The screen on a real workspace with the real services: what is done here is in the recipe and can be undone."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from pathlib import Path

import pytest
from tests.tui.fake_services import DEADLINE_SECONDS
from textual.pilot import Pilot
from textual.widgets import Static

from webtune_tui.bootstrap import open_services
from webtune_tui.settings import Settings
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.screens.dataset import DatasetScreen
from webtune_tui.tui.widgets.example_detail import ExampleDetail
from webtune_tui.tui.widgets.example_editor import MessageField
from webtune_tui.tui.widgets.example_table import ExampleTable
from webtune_tui.tui.widgets.prepare_panel import PreparePanel
from webtune_tui.tui.widgets.styled_lines import StyledLines

ADJECTIVES = ("Quiet", "Sturdy", "Folding", "Bright", "Soft", "Heavy", "Narrow", "Round", "Clever", "Plain")
THINGS = ("Kettle", "Lamp", "Chair", "Rucksack", "Radio")
SENTENCES = (
    "It boils a litre in two minutes and switches itself off.",
    "The shade turns, so that the light falls where you read.",
    "Oak legs and a woven seat carry a hundred and fifty kilos.",
    "Two straps, four pockets and a cover for the rain.",
    "A loudspeaker of ten centimetres fills a kitchen with speech and music.",
)


def write_products(path: Path) -> None:
    """Fifty distinct products, two of them twice, one without a description."""
    rows = []
    for number, adjective in enumerate(ADJECTIVES):
        for place, thing in enumerate(THINGS):
            words = " ".join(f"{adjective.lower()}{number}{place}{n}" for n in range(12))
            text = f"{SENTENCES[place]} The {adjective.lower()} one: {words}. Made in lot {number * 7 + place}."
            rows.append({"title": f"{adjective} {thing}", "brand": f"Brand {number}", "description": text})
    rows += [dict(rows[0]), {"title": "Bare Shelf", "brand": "B", "description": ""}]
    rows[-2]["title"] = "Quiet Kettle, again"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")


@pytest.fixture
async def workspace(tmp_path: Path) -> Path:
    """A workspace with imported records and no dataset yet."""
    root, file = tmp_path / "shop", tmp_path / "products.jsonl"
    write_products(file)
    async with (
        open_services(root, Settings(), command="test") as services,
        aclosing(services.imports.run([file])) as events,
    ):
        async for _ in events:
            pass
    return root


def screen_of(app: WebtuneApp) -> DatasetScreen:
    assert isinstance(app.screen, DatasetScreen)
    return app.screen


def keys(text: str) -> list[str]:
    """A text as key presses."""
    return ["space" if character == " " else character for character in text]


def rows(app: WebtuneApp) -> int:
    return screen_of(app).query_one(ExampleTable).row_count


def text_of(app: WebtuneApp, selector: str) -> str:
    return str(screen_of(app).query_one(selector, Static).content)


async def until(app: WebtuneApp, pilot: Pilot[int], met: object) -> None:
    assert callable(met)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            await app.settled()
            await pilot.pause()
            if met():
                return
            await asyncio.sleep(0.005)


async def open_dataset(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await until(app, pilot, lambda: app.services is not None)
    await pilot.press("3")
    await until(app, pilot, lambda: isinstance(app.screen, DatasetScreen))


async def prepare(app: WebtuneApp, pilot: Pilot[int]) -> None:
    await pilot.press("p")
    await until(app, pilot, lambda: "would make an example" in text_of(app, "#preview-title"))
    await pilot.press("r")
    await until(app, pilot, lambda: "Last run" in text_of(app, "#prepare-state"))
    await pilot.press("escape")
    await until(app, pilot, lambda: rows(app) > 0)


async def test_from_records_to_edited_examples_and_back(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await open_dataset(app, pilot)
        await prepare(app, pilot)
        assert app.services is not None
        curate = app.services.curate
        start = await curate.version()
        assert rows(app) == start.examples == 50
        assert start.dataset_version in text_of(app, "#version-line")
        await until(app, pilot, lambda: "record" in screen_of(app).query_one(ExampleDetail).plain_text)

        await pilot.press("space", "down", "space", "d")
        await until(app, pilot, lambda: rows(app) == 48)
        dropped = await curate.version()
        assert dropped.content_hash != start.content_hash
        await pilot.press("e")
        await until(app, pilot, lambda: isinstance(app.focused, MessageField))
        await pilot.press("H", "e", "y", "space", "ctrl+s")
        await until(app, pilot, lambda: "Saved" in text_of(app, "#dataset-status"))
        edited = await curate.version()
        assert len({start.content_hash, dropped.content_hash, edited.content_hash}) == 3
        assert (await curate.page(text="Hey ")).total == 1
        assert "Hey " in (workspace / "recipe.toml").read_text(encoding="utf-8")

        await pilot.press("z")
        await until(app, pilot, lambda: "the edit of 1 example is taken back" in text_of(app, "#dataset-status"))
        assert (await curate.version()).content_hash == dropped.content_hash
        await pilot.press("z")
        await until(app, pilot, lambda: rows(app) == 50)
        assert "2 examples came back" in text_of(app, "#dataset-status")
        assert (await curate.version()).content_hash == start.content_hash
        await pilot.press("Z", "Z")
        await until(app, pilot, lambda: "edited 1 example again" in text_of(app, "#dataset-status"))
        assert (await curate.version()).content_hash == edited.content_hash and rows(app) == 48


async def test_undo_survives_a_restart_and_the_recipe_replays_the_edits(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_dataset(app, pilot)
        await prepare(app, pilot)
        await pilot.press("d")
        await until(app, pilot, lambda: rows(app) == 49)
        assert app.services is not None
        after_drop = (await app.services.curate.version()).content_hash
    again = WebtuneApp(workspace, Settings())
    async with again.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_dataset(again, pilot)
        await until(again, pilot, lambda: rows(again) == 49)
        await prepare(again, pilot)
        assert again.services is not None
        assert (await again.services.curate.version()).content_hash == after_drop
        await pilot.press("z")
        await until(again, pilot, lambda: rows(again) == 50)


async def test_a_changed_recipe_is_saved_and_makes_another_version(workspace: Path) -> None:
    app = WebtuneApp(workspace, Settings())
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await open_dataset(app, pilot)
        await prepare(app, pilot)
        assert app.services is not None
        before = (await app.services.curate.version()).content_hash
        await pilot.press("p")
        await until(app, pilot, lambda: screen_of(app).query_one("#recipe-parts").has_focus)
        await pilot.press("down", "enter")
        await until(app, pilot, lambda: getattr(app.focused, "name", "") == "template.system")
        await pilot.press(*keys("Sell it"), "tab", *keys("Describe {title}"), "tab", *keys("{description}"))
        preview = screen_of(app).query_one("#recipe-preview", StyledLines)
        await until(app, pilot, lambda: "U Describe " in preview.plain_text)
        await pilot.press("ctrl+r")
        await until(app, pilot, lambda: "Prepared" in text_of(app, "#dataset-status"))
        assert screen_of(app).query_one(PreparePanel).pending == {}
        assert (await app.services.curate.version()).content_hash != before
        example = (await app.services.curate.page(limit=1)).examples[0]
        assert example.system == "Sell it" and example.prompt.startswith("Describe ")
        assert "Describe {title}" in (workspace / "recipe.toml").read_text(encoding="utf-8")


async def test_a_second_app_looks_on_and_says_who_writes(workspace: Path) -> None:
    async with open_services(workspace, Settings(), command="webtune train") as services:
        async with aclosing(services.prepare.run()) as events:
            async for _ in events:
                pass
        app = WebtuneApp(workspace, Settings())
        async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
            await open_dataset(app, pilot)
            await until(app, pilot, lambda: rows(app) == 50)
            before = (await services.curate.version()).content_hash
            await pilot.press("d", "e", "z", "Z", "x")
            await pilot.press("p")
            await until(app, pilot, lambda: "would make" in text_of(app, "#preview-title"))
            await pilot.press("r")
            assert "webtune train" in text_of(app, "#prepare-state")
            assert (await services.curate.version()).content_hash == before
