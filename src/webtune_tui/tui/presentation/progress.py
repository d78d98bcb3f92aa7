"""How far long work is, on one line: the stage, a bar, the share, the pace, the time left and the key that stops it."""

from __future__ import annotations

from textual.content import Content

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import bar, fit

_STAGES = {
    "reading": "Cleaning",
    "surveying": "Surveying",
    "comparing": "Comparing",
    "storing": "Storing",
    "checking": "Checking",
}
BESIDE = 6  # cells of a window that a pane with a border leaves at both sides of the line
_NARROWEST, _WIDEST = 8, 40  # cells of the bar


def progress_line(event: Progressed, pace: str, width: int, *, reading: str = "Cleaning", key: str = "c") -> Content:
    """As much of it as fits in ``width`` cells; ``pace`` are the words of :class:`domain.pace.Pace`, ``key`` stops."""
    stage = reading if event.stage == "reading" else _STAGES.get(event.stage, event.stage.capitalize())
    words = f"{display_line(stage, limit=40)}  "
    unit = display_line(event.unit, limit=20)
    stops = (f"  {key} cancels", "$text-muted")
    if not event.total:
        done = f"{event.done:,} {unit}" if event.done else "…"
        return Content.assemble(words, done, stops)
    share = f"  {figures.share(event.done, event.total)}"
    counts = (f"  {event.done:,} of {event.total:,} {unit}", f"  {event.done:,} of {event.total:,}", "")
    told = f"  {pace}" if pace else ""
    room = min(max(width // 4, _NARROWEST), _WIDEST)
    forms = [(cells, count) for count in counts for cells in (room, _NARROWEST)]
    for cells, count in forms:
        drawn = fit(bar(event.done, event.total, cells), cells)
        line = Content.assemble(words, (drawn, "$primary on $panel"), share, count, (told, "$text-muted"), stops)
        if line.cell_length <= width:
            break
    return line
