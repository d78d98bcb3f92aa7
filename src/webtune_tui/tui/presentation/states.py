"""How states look: a symbol, a colour of the theme and a word. The word alone says everything; colour repeats it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from webtune_tui.domain.jobs import JobState
from webtune_tui.domain.records import CollectionState
from webtune_tui.tui.presentation.glyphs import GLYPHS


@dataclass(frozen=True, slots=True)
class StateLook:
    """``colour`` is a variable of the theme such as ``$success``."""

    symbol: str
    colour: str
    word: str

    def content(self, *, word: bool = True) -> Content:
        """Symbol and word in the state's colour."""
        return Content.styled(f"{self.symbol} {self.word}" if word else self.symbol, self.colour)


_QUIET, _GOOD, _BUSY, _CARE, _BAD = "$text-muted", "$success", "$primary", "$warning", "$error"

_STAGES = {
    "todo": StateLook(GLYPHS.todo, _QUIET, "to do"),
    "active": StateLook(GLYPHS.active, _BUSY, "under way"),
    "attention": StateLook(GLYPHS.attention, _CARE, "needs you"),
    "done": StateLook(GLYPHS.done, _GOOD, "done"),
}
_COLLECTIONS = {
    CollectionState.DRAFT: StateLook(GLYPHS.todo, _QUIET, "draft"),
    CollectionState.RUNNING: StateLook(GLYPHS.active, _BUSY, "running"),
    CollectionState.READY: StateLook(GLYPHS.done, _GOOD, "ready"),
    CollectionState.EMPTY: StateLook(GLYPHS.stopped, _CARE, "empty"),
    CollectionState.FAILED: StateLook(GLYPHS.failed, _BAD, "failed"),
    CollectionState.CANCELLED: StateLook(GLYPHS.stopped, _QUIET, "cancelled"),
    CollectionState.UNKNOWN: StateLook(GLYPHS.unknown, _CARE, "unknown"),
}
_JOBS = {
    JobState.DRAFT: StateLook(GLYPHS.todo, _QUIET, "draft"),
    JobState.UPLOADING: StateLook(GLYPHS.active, _BUSY, "uploading"),
    JobState.VALIDATING: StateLook(GLYPHS.active, _BUSY, "validating"),
    JobState.QUEUED: StateLook(GLYPHS.active, _BUSY, "queued"),
    JobState.RUNNING: StateLook(GLYPHS.active, _BUSY, "running"),
    JobState.PAUSED: StateLook(GLYPHS.paused, _CARE, "paused"),
    JobState.FINISHING: StateLook(GLYPHS.active, _BUSY, "finishing"),
    JobState.SUCCEEDED: StateLook(GLYPHS.done, _GOOD, "succeeded"),
    JobState.FAILED: StateLook(GLYPHS.failed, _BAD, "failed"),
    JobState.CANCELLED: StateLook(GLYPHS.stopped, _QUIET, "cancelled"),
    JobState.UNKNOWN: StateLook(GLYPHS.unknown, _CARE, "unknown"),
}
_LEVELS = {"warn": _CARE, "warning": _CARE, "error": _BAD}


def stage_look(state: str) -> StateLook:
    """The look of a stage's state: todo, active, attention, done."""
    return _STAGES.get(state, _STAGES["todo"])


def collection_look(state: CollectionState) -> StateLook:
    """The look of a collection's state."""
    return _COLLECTIONS[state]


def job_look(state: JobState) -> StateLook:
    """The look of a job's state."""
    return _JOBS[state]
