"""Waits for what a picture shall show, and writes it into ``screenshots/``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from webtune_tui.tui.app import WebtuneApp

FOLDER = Path(__file__).parents[1] / "screenshots"


async def until(pilot: Pilot[int], met: Callable[[], bool]) -> None:
    """Waits, for a minute at most, until a program beside the app has answered."""
    app = pilot.app
    assert isinstance(app, WebtuneApp)
    for _ in range(600):
        await app.settled()
        if met():
            await pilot.pause(0.3)
            return
        await pilot.pause(0.1)
    raise TimeoutError("the screen never showed what the picture is of")


def save(app: WebtuneApp, name: str) -> None:
    """Writes what the app shows as ``NAME.png``."""
    FOLDER.mkdir(exist_ok=True)
    drawing = FOLDER / f"{name}.svg"
    # librsvg drops leading spaces unless it is told to keep them
    svg = app.export_screenshot(title="webtune").replace("<text ", '<text xml:space="preserve" ')
    svg = svg.replace("font-family: Fira Code", "font-family: DejaVu Sans Mono, FreeMono")
    drawing.write_text(svg, encoding="utf-8")
    subprocess.run(["rsvg-convert", "-o", str(drawing.with_suffix(".png")), str(drawing)], check=True)
    drawing.unlink()
    print(drawing.with_suffix(".png"))
