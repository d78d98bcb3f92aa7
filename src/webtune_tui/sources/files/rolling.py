"""Rolling captions: cues that show the line before once more are merged, so that each line is told once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

_CLOSE = 0.6  # seconds between two cues that roll on; live captions have no gap at all
_MOST_LINES = 4
_ROLLING = 0.2  # of the cues repeat what was shown: below that, a line told twice was said twice


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of one speaker from ``start`` to ``end``, in seconds, in the lines in which they are shown."""

    start: float
    end: float
    speaker: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words in one line."""
        return " ".join(self.lines)


def merged(segments: Sequence[Segment]) -> list[Segment]:
    """The segments with each line told once.

    A cue that follows at once and begins with the lines that were shown last adds only its further lines; a cue
    that shows nothing else makes the last segment longer. A line that grows word by word is told in its last form.
    """
    if not _are_rolling(segments):
        return list(segments)
    told: list[Segment] = []
    shown: tuple[str, ...] = ()
    for one in segments:
        last = told[-1] if told else None
        if last is None or one.speaker != last.speaker or one.start - last.end > _CLOSE:
            told.append(one)
        else:
            _roll_on(told, one, shown)
        shown = one.lines
    return told


def _are_rolling(segments: Sequence[Segment]) -> bool:
    pairs = list(itertools.pairwise(segments))
    repeated = sum(
        next_one.start - one.end <= _CLOSE
        and (_overlap(one.lines, next_one.lines) > 0 or _grows(one.lines, next_one.lines))
        for one, next_one in pairs
    )
    return repeated > 0 and repeated >= _ROLLING * len(pairs)


def _roll_on(told: list[Segment], one: Segment, shown: tuple[str, ...]) -> None:
    last = told[-1]
    fresh = one.lines[_overlap(shown, one.lines) :]
    if not fresh:
        told[-1] = replace(last, end=max(last.end, one.end))
    elif len(fresh) == len(one.lines) and _grows(shown, one.lines):
        told[-1] = replace(last, end=max(last.end, one.end), lines=(*last.lines[: -len(shown)], *one.lines))
    else:
        told.append(replace(one, lines=fresh))


def _overlap(shown: Sequence[str], lines: Sequence[str]) -> int:
    """How many lines at the beginning were the last ones shown before."""
    for count in range(min(len(shown), len(lines), _MOST_LINES), 0, -1):
        if tuple(shown[-count:]) == tuple(lines[:count]):
            return count
    return 0


def _grows(shown: Sequence[str], lines: Sequence[str]) -> bool:
    """Whether the same lines are shown again with more words at their end."""
    before, after = " ".join(shown), " ".join(lines)
    return len(shown) <= len(lines) and len(before) < len(after) and after.startswith(f"{before} ")
