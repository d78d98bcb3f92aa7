"""The count of what a viewed file consists of: it is kept, and goes on while one already looks at the rows of a bar."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import aclosing

from textual.worker import Worker

from webtune_tui.domain.errors import WebtuneError
from webtune_tui.domain.pace import Pace
from webtune_tui.services.file_statistics import Tallied, tallying
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.viewed_file import ViewedFile
from webtune_tui.tui import error_display


class FileCount:
    """What is counted of a file so far. ``changed`` is called after each step of it.

    ``failure`` is why it ended, in words; ``measure`` is the one that was looked at last, by its place.
    """

    def __init__(self, viewed: ViewedFile) -> None:
        self.viewed = viewed
        self.counted: Tallied | None = None
        self.left: float | None = None
        self.failure = ""
        self.measure = 0
        self.changed: Callable[[], None] = lambda: None
        self._size = viewed.file.size
        self._run: Worker[None] | None = None

    def is_of(self, viewed: ViewedFile) -> bool:
        """Whether it is still about what the file consists of."""
        return self.viewed is viewed and self._size == viewed.file.size

    @property
    def is_whole(self) -> bool:
        """Whether everything is counted."""
        return self.counted is not None and self.counted.done >= self.counted.total

    @property
    def is_running(self) -> bool:
        """Whether it goes on."""
        return self._run is not None and not self._run.is_finished

    @property
    def share(self) -> int:
        """How much is counted, in %."""
        return 100 * self.counted.done // max(self.counted.total, 1) if self.counted is not None else 0

    def begin(self, launch: Callable[..., Worker[None]]) -> None:
        """Counts, from the beginning. ``launch`` starts the work and names its group."""
        self.stop()
        self.counted, self.failure = None, ""
        self._run = launch(self._count, "view-tally")

    def stop(self) -> None:
        """Ends it at once; what is counted stays."""
        if self._run is not None:
            self._run.cancel()
            self._run = None

    async def _count(self) -> None:
        try:
            await self._take_counts()
        except WebtuneError as error:
            self.failure = error_display.words(error)
            self.changed()

    async def _take_counts(self) -> None:
        # the file that is open: by its name there may be another one now
        file = await asyncio.to_thread(LineFile, self.viewed.path, os.dup(self.viewed.file.descriptor))
        file.size = min(file.size, self._size)
        pace = Pace()
        try:
            async with aclosing(tallying(file)) as events:
                async for event in events:
                    rate = pace.moved("counting", event.done)
                    self.counted, self.left = event, (event.total - event.done) / rate if rate else None
                    self.changed()
        finally:
            file.close()
