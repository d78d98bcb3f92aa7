"""The parts of a run of prepare in this process or in several: the same results in the same order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from webtune_tui.services.prepare_part import KeyRange, Part, PartMaker, Setting, Sighting
from webtune_tui.services.worker_pool import WorkerPool


class PartPool(WorkerPool[PartMaker]):
    """Makes the parts of a run."""

    def __init__(self, setting: Setting, workers: int, *, let_go: Callable[[], None]) -> None:
        super().__init__(partial(PartMaker, setting), workers, let_go=let_go)

    def parts(self, ranges: Iterable[KeyRange]) -> Iterator[list[Part]]:
        """The parts of each range, in the order of the ranges."""
        return self.each(PartMaker.parts, ranges)

    def sightings(self, asked: Iterable[Sighting]) -> Iterator[Any]:
        """What a surveying step saw, in the order of what was asked."""
        return self.each(PartMaker.sight, asked)
