"""Counts what a whole file consists of, with programs of its own, each for a part of it."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from webtune_tui.domain.errors import WorkFailed
from webtune_tui.services.beside_programs import beside, programs_for
from webtune_tui.services.file_tally import FileTally
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.row_notes import PartNotes, RowNotes

_WORKER = "webtune_tui.services.file_tally_worker"
_WORTH_SHARING = 4 * 1024 * 1024  # bytes
_MOST_PROGRAMS = 4
_HINT = "Try again; it needs some room for temporary files (TMPDIR). webtune validate FILE checks the file as well."


@dataclass(frozen=True, slots=True)
class Tallied:
    """The counts of the first ``done`` bytes of each part, of ``total`` in all. The last event has them all.

    ``notes`` say what each of the counted rows is; they go on to grow with the next event.
    """

    done: int
    total: int
    counts: FileTally
    notes: RowNotes


async def tallying(file: LineFile) -> AsyncGenerator[Tallied]:
    """Counts the whole file; closing the generator ends it at once.

    Raises:
        WorkFailed: a program ended by itself. StorageFailed: there is no folder for temporary files.
    """
    size, start = file.size - file.begin, file.begin
    count = programs_for(size, _WORTH_SHARING, _MOST_PROGRAMS)
    bounds = [start + size * part // count for part in range(count + 1)]
    parts: dict[int, tuple[int, FileTally]] = {}
    notes = RowNotes([PartNotes() for _ in range(count)], file.size)
    news: asyncio.Queue[None] = asyncio.Queue(1)
    async with AsyncExitStack() as stack:
        reading: list[asyncio.Task[None]] = []
        for part, (begin, end) in enumerate(pairwise(bounds)):
            noted = notes.parts[part]
            others = [noted.offsets.descriptor, noted.marks.descriptor]
            words = [str(number) for number in (begin, end, *others)]
            process = await stack.enter_async_context(
                beside(_WORKER, *words, file=file.descriptor, is_plain=False, others=others)
            )
            task = asyncio.create_task(_read(process, partial(parts.__setitem__, part), end - begin, noted, news))
            stack.callback(task.cancel)
            reading.append(task)
        everything = asyncio.gather(*reading)
        everything.add_done_callback(_take_note)
        while not everything.done():
            told = asyncio.ensure_future(news.get())
            waited: set[asyncio.Future[Any]] = {told, everything}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if not everything.done():
                yield _sum(parts, size, notes)
        await everything
        yield _sum(parts, size, notes)


def _take_note(ended: asyncio.Future[Any]) -> None:
    if not ended.cancelled():
        ended.exception()  # of a count that was given up nobody else asks for it


def _sum(parts: Mapping[int, tuple[int, FileTally]], size: int, notes: RowNotes) -> Tallied:
    whole = FileTally()
    for _, counts in parts.values():
        whole.add(counts)
    return Tallied(sum(done for done, _ in parts.values()), size, whole, notes)


async def _read(process: Process, take: partial[None], size: int, noted: PartNotes, news: asyncio.Queue[None]) -> None:
    assert process.stdout is not None
    done = -1
    while done < size:
        line = await process.stdout.readline()
        if not line:
            raise WorkFailed("Counting ended by itself", hint=_HINT)
        done, body, kinds = json.loads(line)
        counts = FileTally.from_json(body)
        noted.take(counts.rows, kinds)
        take((done, counts))
        if news.empty():
            news.put_nowait(None)
