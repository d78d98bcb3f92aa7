"""Statistics on the screen: what was kept at once, counting with progress, and the rows of a bar."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.services.statistics import StatisticsEvent, StatisticsReady
from webtune_tui.tui import error_display
from webtune_tui.tui.dataset.frame import DatasetFrame
from webtune_tui.tui.dataset.listing import Listing
from webtune_tui.tui.dataset.part import ViewPart
from webtune_tui.tui.parts import heard
from webtune_tui.tui.widgets.statistics_view import StatisticsView

_DRAW_SECONDS = 0.1

_Place = tuple[int, int, str]
"""The build, the revision and the content of a version: flags may change while the content stays."""


class LookingAtStatistics(ViewPart):
    """Does what the view asks for."""

    VIEW = "statistics"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("S", "statistics", "Statistics", show=False, tooltip="What this version consists of, as charts"),
    ]

    def __init__(self, screen: DatasetFrame, listing: Listing) -> None:
        super().__init__(screen)
        self._listing = listing
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

    def compose(self) -> StatisticsView:
        """The pane."""
        view = StatisticsView(id=self.VIEW, classes="panel")
        view.border_title = "Statistics"
        return view

    def focus(self) -> None:
        """Puts the keys into the chart."""
        self.view.focus_chart()

    def action_statistics(self) -> None:
        """Shows what the working version consists of; what was not counted before is counted."""
        screen = self._screen
        if screen.are_services_open and not screen.is_editing and screen.view not in ("studio", "statistics"):
            screen.show_view("statistics")
            self._count()

    def edited(self) -> None:
        """Counts what an edit changed."""
        self._count()

    @heard(StatisticsView.CountWanted)
    def _count_anew(self) -> None:
        self._count(is_anew=True)

    def _count(self, *, is_anew: bool = False) -> None:
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

    @heard(StatisticsView.CancelWanted)
    def _cancel(self) -> None:
        """Stops counting; what is shown stays."""
        if self._run is not None and not self._run.is_finished:
            self._run.cancel()

    @heard(StatisticsView.RowsWanted)
    def _rows_wanted(self, event: StatisticsView.RowsWanted) -> None:
        """Lists the examples of a bar."""
        self._listing.show_where(event.condition)
