"""Makes the pictures in ``screenshots/`` from the real app on a real workspace.

``python -m tests.pictures [WORKSPACE] [STAGE ...]`` draws every screen at 120x40 and 80x24, or those of some
stages (``dataset``; ``workbench`` is the table with all its tools, on a copy since it edits). Without a workspace it
takes the demo's own, which ``webtune demo --headless`` fills.
Needs ``rsvg-convert`` and two fonts (Debian: librsvg2-bin, fonts-dejavu, fonts-freefont-ttf for the dots of the
curves).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot
from textual.screen import Screen

from tests import picture_workbench as workbench
from tests.picture_saving import save, until
from webtune_tui import settings as settings_module
from webtune_tui.services.notice import Notice
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.presentation.stages import stages
from webtune_tui.tui.widgets.bar_chart import BarChart
from webtune_tui.tui.widgets.dropped_records import ReasonList
from webtune_tui.tui.widgets.recipe_parts import RecipeParts
from webtune_tui.tui.widgets.styled_lines import StyledLines
from webtune_tui.tui.widgets.template_studio import StudioRows
from webtune_tui.tui.widgets.triage_board import HarmedRows

SIZES = ((120, 40), (80, 24))


async def main(workspace: Path, wanted: Sequence[str] = ()) -> None:
    """Draws all pictures, or those of the stages that are wanted; an app of its own for each size."""
    Notice().acknowledge()  # it would stand before the first form
    for size in SIZES:
        app = WebtuneApp(workspace, settings_module.load(workspace))
        async with app.run_test(size=size, notifications=False) as pilot:
            await app.settled()
            for stage in stages():
                if wanted and stage.name not in wanted:
                    continue
                await pilot.press(stage.key)
                await app.settled()
                await _arrange(pilot, stage.name)
                save(app, f"{stage.name.replace('_', '-')}-{size[0]}x{size[1]}")
                if stage.name == "collect":
                    await _show_new_collection(pilot)
                    save(app, f"new-collection-{size[0]}x{size[1]}")
                    await pilot.press("escape", "escape")
                    await app.settled()
                if stage.name == "dataset":
                    await _show_parts_of_dataset(pilot, f"{size[0]}x{size[1]}")
    if not wanted or "workbench" in wanted:
        for size in SIZES:
            await workbench.draw(workspace, size)


async def _arrange(pilot: Pilot[int], stage: str) -> None:
    """Opens what makes the screen worth looking at: an example, the job, the kept conversation."""
    app = pilot.app
    assert isinstance(app, WebtuneApp)
    keys = {"dataset": ["down", "down"]}
    if app.size.width < 100:  # small windows show the list first
        keys |= {"fine_tune": ["enter"], "collect": ["enter"]}
    for key in keys.get(stage, []):
        await pilot.press(key)
        await app.settled()
    await pilot.pause()


async def _show_new_collection(pilot: Pilot[int]) -> None:
    """Opens the form of a scraper and waits for its price."""
    app = pilot.app
    assert isinstance(app, WebtuneApp)
    await pilot.press("n", "1")
    for _ in range(3):  # the form is mounted, its inputs are, then the price is asked for
        await app.settled()
        await pilot.pause(0.3)


async def _show_parts_of_dataset(pilot: Pilot[int], size: str) -> None:
    """Statistics, triage on what it still finds, a step on the sample, the studio, a duplicate beside its twin."""
    app = pilot.app
    assert isinstance(app, WebtuneApp)

    def screen() -> Screen[object]:
        return app.screen

    await pilot.press("S")
    await until(pilot, lambda: screen().query_one(BarChart).row_count > 0)
    await pilot.press("down", "down")
    await until(pilot, lambda: "Half of" in screen().query_one("#statistics-words", StyledLines).plain_text)
    save(app, f"statistics-{size}")
    await pilot.press("escape", "t")
    await until(pilot, lambda: screen().query_one(HarmedRows).row_count > 0)
    await pilot.press("down")
    await until(pilot, lambda: "Cut answers" in screen().query_one("#triage-tile", StyledLines).plain_text)
    save(app, f"triage-{size}")
    await pilot.press("escape", "p")
    parts = screen().query_one(RecipeParts)
    await until(pilot, lambda: parts.row_count > 0)
    while parts.part is None or parts.part.name != "normalise_text":
        await pilot.press("down")
    await until(pilot, lambda: "CHANGED" in screen().query_one("#recipe-preview", StyledLines).plain_text)
    save(app, f"recipe-{size}")
    await pilot.press("escape", "T")
    rows = screen().query_one(StudioRows)
    await until(pilot, lambda: "token" in rows.plain_text)
    await pilot.press("ctrl+t")
    await until(pilot, lambda: "Write about" in rows.plain_text)
    save(app, f"studio-{size}")
    await pilot.press("escape")
    await app.settled()
    await pilot.press("right", "enter")  # what was typed is discarded
    await app.settled()
    await pilot.press("escape", "D")
    reasons = screen().query_one(ReasonList)
    while reasons.reason != "near_duplicate":
        await pilot.press("down")
    await pilot.press("enter")
    await until(pilot, lambda: "only in this row" in screen().query_one("#dropped-pair", StyledLines).plain_text)
    save(app, f"dropped-{size}")
    await pilot.press("escape", "escape")
    await app.settled()


if __name__ == "__main__":
    place, *asked = sys.argv[1:] or [str(settings_module.demo_workspace())]
    asyncio.run(main(Path(place), asked))
