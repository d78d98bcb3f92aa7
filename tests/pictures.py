"""Makes the pictures in ``screenshots/`` from the real app on a real workspace.

``python -m tests.pictures [WORKSPACE]`` draws every screen at 120x40 and 80x24. Without a workspace it takes the
demo's own, which ``webtune demo --headless`` fills. Needs ``rsvg-convert`` and two fonts (Debian: librsvg2-bin,
fonts-dejavu, fonts-freefont-ttf for the dots of the curves).
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from textual.pilot import Pilot

from webtune_tui import settings as settings_module
from webtune_tui.services.notice import Notice
from webtune_tui.tui.app import WebtuneApp
from webtune_tui.tui.presentation.stages import stages

FOLDER = Path(__file__).parents[1] / "screenshots"
SIZES = ((120, 40), (80, 24))


async def main(workspace: Path) -> None:
    """Draws all pictures; an app of its own for each size."""
    Notice().acknowledge()  # it would stand before the first form
    for size in SIZES:
        app = WebtuneApp(workspace, settings_module.load(workspace))
        async with app.run_test(size=size, notifications=False) as pilot:
            await app.settled()
            for stage in stages():
                await pilot.press(stage.key)
                await app.settled()
                await _arrange(pilot, stage.name)
                _save(app, f"{stage.name.replace('_', '-')}-{size[0]}x{size[1]}")
                if stage.name == "collect":
                    await _show_new_collection(pilot)
                    _save(app, f"new-collection-{size[0]}x{size[1]}")
                    await pilot.press("escape", "escape")
                    await app.settled()


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


def _save(app: WebtuneApp, name: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    drawing = FOLDER / f"{name}.svg"
    # librsvg drops leading spaces unless it is told to keep them
    svg = app.export_screenshot(title="webtune").replace("<text ", '<text xml:space="preserve" ')
    svg = svg.replace("font-family: Fira Code", "font-family: DejaVu Sans Mono, FreeMono")
    drawing.write_text(svg, encoding="utf-8")
    subprocess.run(["rsvg-convert", "-o", str(drawing.with_suffix(".png")), str(drawing)], check=True)
    drawing.unlink()
    print(drawing.with_suffix(".png"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else settings_module.demo_workspace()))
