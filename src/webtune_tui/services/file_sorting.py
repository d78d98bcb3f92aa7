"""Sorts the rows of a file, or some of them, with programs beside the screen; the file is read, never changed."""

from __future__ import annotations

import json
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from webtune_tui.domain.errors import WorkFailed
from webtune_tui.domain.events import Progressed
from webtune_tui.services import file_sort_plan as plan
from webtune_tui.services.beside_programs import beside, programs_for
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.row_order import RowOrder, TemporaryBytes

_WORKER = "webtune_tui.services.file_sort_worker"
_MOST_PROGRAMS = 2  # each takes memory of its own
_WORTH_SHARING = 16 * 1024 * 1024  # bytes of the file
_WORTH_SHARING_ROWS = 8000


@dataclass(frozen=True, slots=True)
class Sorted:
    """The last event: the rows from the smallest to the largest. Rows that are alike are in the file's order."""

    order: RowOrder


async def sorting(file: LineFile, sort: str, among: RowOrder | None = None) -> AsyncGenerator[Progressed | Sorted]:
    """Sorts all rows of the file as it is now, or those of a list. Closing the generator ends it at once.

    Raises:
        StorageFailed: there is no folder for temporary files. WorkFailed: a program ended by itself.
    """
    size = file.size
    if among is not None:
        first, last, unit = 0, among.count, "rows"
        programs = programs_for(among.count, _WORTH_SHARING_ROWS, _MOST_PROGRAMS)
    else:
        first, last, unit = file.begin, size, "bytes"
        programs = programs_for(size, _WORTH_SHARING, _MOST_PROGRAMS)
    bounds = [first + (last - first) * part // programs for part in range(programs + 1)]
    made = [_Part(begin, end, TemporaryBytes()) for begin, end in pairwise(bounds) if begin < end]
    asked: dict[str, Any] = {"step": "runs", "sort": sort, "size": size}
    if among is not None:
        asked["listed"] = among.descriptor
    async with AsyncExitStack() as stack:
        for part in made:
            question = asked | {"first": part.first, "last": part.last, "out": part.store.descriptor}
            others = [part.store.descriptor] + ([among.descriptor] if among is not None else [])
            part.process = await stack.enter_async_context(
                beside(_WORKER, json.dumps(question), file=file.descriptor, is_plain=plan.is_plain(sort), others=others)
            )
        for part in made:
            while not part.is_done:
                await part.hear()
                yield Progressed("sorting", sum(one.done for one in made), last - first, unit)
    async for event in _merged(file, sort, made, size):
        yield event


class _Part:
    """A part of the work: what its program has told of it."""

    def __init__(self, first: int, last: int, store: TemporaryBytes) -> None:
        self.first = first
        self.last = last
        self.store = store
        self.process: Process | None = None
        self.done = 0
        self.runs: list[int] = []

    @property
    def is_done(self) -> bool:
        """Whether the last was told."""
        return self.done >= self.last - self.first

    async def hear(self) -> None:
        """Waits until more is told."""
        assert self.process is not None
        self.done, self.runs = await heard(self.process)


async def _merged(file: LineFile, sort: str, parts: list[_Part], size: int) -> AsyncGenerator[Progressed | Sorted]:
    store, rows, done = TemporaryBytes(), sum(sum(part.runs) for part in parts), 0
    question = {
        "step": "merge",
        "width": plan.width(sort),
        "parts": [(part.store.descriptor, part.runs) for part in parts],
        "out": store.descriptor,
    }
    others = [store.descriptor, *(part.store.descriptor for part in parts)]
    async with beside(_WORKER, json.dumps(question), file=file.descriptor, others=others) as process:
        while done < rows:
            done, _ = await heard(process)
            yield Progressed("merging", done, rows, "rows")
    yield Sorted(RowOrder(store, rows, size))


async def heard(process: Process) -> tuple[int, list[int]]:
    """The next thing that a program tells."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise WorkFailed(
            "Sorting ended by itself", hint=f"Try again; it needs some room in {tempfile.gettempdir()}, see TMPDIR."
        )
    done, runs = json.loads(line)
    return done, runs
