"""A job's events, newest at the bottom; runs of measurements take one line that keeps changing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.content import Content

from webtune_tui.domain.jobs import JobEvent
from webtune_tui.domain.terminal_text import display
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.widgets.line_view import LineView

KEPT_EVENTS = 1000
_LONGEST_MESSAGE = 4000
_LEVEL_STYLES = {"warn": "warn", "warning": "warn", "error": "error"}


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event: the local time, then its words, wrapped beside it."""

    event: JobEvent

    def lines(self, width: int) -> Sequence[Content]:
        """The event in lines of at most ``width`` cells."""
        time = Content.styled(f"{_clock_time(self.event.time)} ", "time")
        words = Content.styled(
            display(self.event.message, limit=_LONGEST_MESSAGE), _LEVEL_STYLES.get(self.event.level, "info")
        )
        indent = Content(" " * time.cell_length)
        wrapped = words.wrap(max(width - time.cell_length, 8))
        return [(time if index == 0 else indent) + line for index, line in enumerate(wrapped)]


@dataclass(frozen=True, slots=True)
class _Earlier:
    count: int

    def lines(self, width: int) -> Sequence[Content]:
        text = f"{self.count:,} earlier events are kept in the workspace"
        return [Content.styled(text, "time").truncate(width, ellipsis=True)]


class EventLog(LineView):
    """The newest events of a job; older ones stay in the workspace."""

    STYLE_PREFIX = "event-log--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "event-log--time",
        "event-log--info",
        "event-log--warn",
        "event-log--error",
    }
    DEFAULT_CSS = """
    EventLog {
        & > .event-log--time { color: $text-muted; }
        & > .event-log--info { color: $foreground; }
        & > .event-log--warn { color: $text-warning; }
        & > .event-log--error { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._events: list[JobEvent] = []
        self._forgotten = 0

    @property
    def events(self) -> Sequence[JobEvent]:
        """The events that are kept for showing."""
        return self._events

    def clear(self) -> None:
        """Shows another job."""
        self._events = []
        self._forgotten = 0
        self.set_blocks([])

    def add(self, events: Sequence[JobEvent]) -> None:
        """Shows further events, oldest first."""
        first_changed = len(self._events)
        for event in events:
            if self._events and is_measurement(event) and is_measurement(self._events[-1]):
                self._events[-1] = event
                first_changed = min(first_changed, len(self._events) - 1)
            else:
                self._events.append(event)
        surplus = len(self._events) - KEPT_EVENTS
        if surplus > 0:
            del self._events[:surplus]
            self._forgotten += surplus
            self.set_blocks([_Earlier(self._forgotten), *map(EventLine, self._events)])
            return
        offset = 1 if self._forgotten else 0
        self.replace_from(first_changed + offset, [EventLine(event) for event in self._events[first_changed:]])


def is_measurement(event: JobEvent) -> bool:
    """Whether an event only reports the values of a step."""
    return "step" in event.data and ("train_loss" in event.data or "valid_loss" in event.data)


def _clock_time(moment: str) -> str:
    try:
        return figures.local_time(moment)
    except ValueError:
        return figures.UNKNOWN.rjust(8)
