"""The guided demo in the app: steps that one can take, see and skip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from webtune_tui.settings import Settings
from webtune_tui.tui.guide import GuidedApp, Phase
from webtune_tui.tui.widgets.guide_bar import GuideBar


async def until(pilot: Pilot[int], condition: Callable[[], bool], what: str) -> None:
    for _ in range(3000):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"waited in vain until {what}")


async def test_the_guide_collects_prepares_and_lets_the_rest_be_skipped(tmp_path: Path) -> None:
    app = GuidedApp(tmp_path / "demo", Settings())
    async with app.run_test(size=(120, 40), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: app.guide.phase is Phase.WAITING, "the first step waits")
        assert (app.guide.title, app.current_mode) == ("Collect", "collect")
        assert app.place.is_sandbox
        bar = app.screen.query_one(GuideBar)
        assert "F5" in str(bar.render())

        await pilot.press("f5")
        await until(pilot, lambda: app.guide.title == "Prepare", "the records are there")
        assert app.current_mode == "dataset"
        await pilot.press("f5")
        await until(pilot, lambda: app.guide.number == 3, "the dataset is prepared")
        assert app.services is not None
        assert (await app.services.curate.version()).examples > 200

        for _ in range(4):
            phase = app.guide
            await pilot.press("f6")
            await until(pilot, lambda before=phase: app.guide != before, "the next step shows")  # type: ignore[misc]
        assert app.guide.phase is Phase.OVER


async def test_a_failed_step_says_why_and_can_be_tried_again(tmp_path: Path) -> None:
    app = GuidedApp(tmp_path / "demo", Settings())
    async with app.run_test(size=(80, 24), notifications=True, tooltips=True) as pilot:
        await until(pilot, lambda: app.guide.phase is Phase.WAITING, "the first step waits")
        await pilot.press("f6")
        await until(pilot, lambda: app.guide.title == "Prepare", "the second step waits")
        await pilot.press("f5")
        await until(pilot, lambda: app.guide.phase is Phase.FAILED, "preparing nothing fails")
        assert "record" in app.guide.news
        await pilot.press("escape", "f6")
        await until(pilot, lambda: app.guide.number == 3, "the next step waits")
