"""Statistics on the screen: what was kept at once, counting with progress, and the rows of a bar."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.services.statistics import StatisticsEvent, StatisticsReady
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.widgets.statistics_view import StatisticsView

_DRAW_SECONDS = 0.1

_Place = tuple[int, int, str]
"""The build, the revision and the content of a version: flags may change while the content stays."""


class LookingAtStatistics:
    """Does what the view asks for; ``open_rows`` lists the examples that fulfil a condition."""

    def __init__(self, screen: DatasetFrame, *, open_rows: Callable[[str], None]) -> None:
        self._screen = screen
        self._open_rows = open_rows
        self._run: Worker[None] | None = None
        self._drawn_at = 0.0
        self._failure = ""
        self._is_known = False
        self._shown: _Place | None = None
        self._asked: _Place | None = None

    @property
    def view(self) -> StatisticsView:
        """The pane."""
        return self._screen.query_one(StatisticsView)

    def open(self) -> None:
        """Shows the statistics of the working version; what was not counted before is counted."""
        self._screen.show_view("statistics")
        self.count()

    def count(self, *, is_anew: bool = False) -> None:
        """Counts the working version where the view does not show it already, or all of it anew."""
        version = self._screen.version
        if version is None:
            self._shown = None
            self.view.clear()
            self.view.say("There is no dataset yet: esc, then p opens the recipe and r runs it")
            return
        if self._run is not None and not self._run.is_finished:
            return
        asked = version.build, version.revision, version.content_hash
        if self._shown == asked and not self._failure and not is_anew:
            return
        self._asked = asked
        self.view.show_progress(Progressed("counting", 0))
        self._failure, self._is_known = "", False
        self._run = self._screen.follow(
            self._events(version.content_hash, is_anew),
            self._show_event,
            group="statistics",
            label="Counting the dataset",
            survives=False,
            ended=self._ended,
        )

    async def _events(self, version: str, is_anew: bool) -> AsyncGenerator[StatisticsEvent, None]:
        """The events of counting; a failure is told in the view, beside what it shows."""
        try:
            async with aclosing(self._screen.services.statistics.run(version, is_anew=is_anew)) as events:
                async for event in events:
                    yield event
        except WebtuneError as error:
            self._failure = error_display.words(error).replace("\n", "  ·  ")

    def _show_event(self, event: StatisticsEvent) -> None:
        if isinstance(event, StatisticsReady):
            self._is_known, self._shown = True, self._asked
            self.view.show(event.statistics)
            return
        now = time.monotonic()
        if now - self._drawn_at >= _DRAW_SECONDS:
            self._drawn_at = now
            self.view.show_progress(event)

    def _ended(self) -> None:
        if self._screen.webtune.is_leaving or self._is_known:
            return
        if self._failure:
            self.view.say(f"{self._failure}  ·  r counts again", failed=True)
        else:
            self._failure = "stopped"
            self.view.say("Stopped: r counts again")

    def cancel(self) -> None:
        """Stops counting; what is shown stays."""
        if self._run is not None and not self._run.is_finished:
            self._run.cancel()

    def open_rows(self, condition: str) -> None:
        """Lists the examples of a bar."""
        self._open_rows(condition)
