"""What bringing dropped rows back would do and did, in words and as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webtune_tui.domain.datasets import DroppedRecord
from webtune_tui.domain.edit_steps import EditResult, RestorePreview
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import StyledLine, fit

_REASON = 18


def restore_words(found: RestorePreview) -> str:
    """How many rows would come back at once and with the next run, and how many not."""
    if not found.met:
        return "No dropped row is like that"
    parts = [f"{found.at_once:,} would be back at once"] if found.at_once else []
    parts += [f"{found.waiting:,} with the next run"] if found.waiting else []
    left = reasons_words(found.reasons)
    told = f"{figures.count(found.met, 'row')}: {', '.join(parts) or 'none would come back'}"
    return f"{told}; {left}" if left else told


def restored_words(result: EditResult) -> str:
    """What is back, and what comes back with the next run."""
    parts = []
    if back := result.count or len(result.changed):
        parts.append(f"{figures.count(back, 'example')} back")
    if result.waiting:
        parts.append(f"{figures.count(len(result.waiting), 'example')} wanted back: p and r prepare with it")
    left = reasons_words(result.reasons)
    if not parts:
        return f"All is as it was: {left or 'none is dropped that was not wanted back already'}"
    return ", ".join(parts) + (f"; {left}" if left else "") + "  ·  z undoes it"


def reasons_words(reasons: Mapping[str, int]) -> str:
    """Why some stay as they are."""
    return ", ".join(f"{why}: {count:,}" for why, count in reasons.items())


def restore_lines(samples: Sequence[DroppedRecord], width: int) -> list[StyledLine]:
    """A line for each row: why it was dropped, what it is, and what was found."""
    title = max((width - _REASON) * 3 // 5, 10)
    found = max(width - _REASON - title - 1, 0)
    return [
        StyledLine(
            (
                (fit(display_line(one.reason, limit=60), _REASON), "accent"),
                (fit(display_line(one.title or one.example_id, limit=300), title), ""),
                (" ", ""),
                (fit(display_line(one.detail, limit=300), found), "muted"),
            )
        )
        for one in samples
    ]
