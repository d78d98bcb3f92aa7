"""Counts what a whole file consists of, with programs of its own, each for a part of it."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from webtune_tui.domain.errors import WorkFailed
from webtune_tui.services.beside_programs import beside
from webtune_tui.services.file_tally import FileTally
from webtune_tui.services.line_file import LineFile

_WORKER = "webtune_tui.services.file_tally_worker"
_WORTH_SHARING = 4 * 1024 * 1024  # bytes
_MOST_PROGRAMS = 4


@dataclass(frozen=True, slots=True)
class Tallied:
    """The counts of the first ``done`` bytes of each part, of ``total`` in all. The last event has them all."""

    done: int
    total: int
    counts: FileTally


async def tallying(file: LineFile) -> AsyncGenerator[Tallied]:
    """Counts the whole file; closing the generator ends it at once.

    Raises:
        WorkFailed: a program ended by itself.
    """
    size, start = file.size - file.begin, file.begin
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = min(cores, _MOST_PROGRAMS) if size > _WORTH_SHARING else 1
    bounds = [start + size * part // count for part in range(count + 1)]
    parts: dict[int, tuple[int, FileTally]] = {}
    news: asyncio.Queue[None] = asyncio.Queue(1)
    async with AsyncExitStack() as stack:
        reading: list[asyncio.Task[None]] = []
        for part, (begin, end) in enumerate(pairwise(bounds)):
            process = await stack.enter_async_context(
                beside(_WORKER, str(begin), str(end), file=file.descriptor, is_plain=False)
            )
            task = asyncio.create_task(_read(process, partial(parts.__setitem__, part), end - begin, news))
            stack.callback(task.cancel)
            reading.append(task)
        everything = asyncio.gather(*reading)
        while not everything.done():
            told = asyncio.ensure_future(news.get())
            waited: set[asyncio.Future[Any]] = {told, everything}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if not everything.done():
                yield _sum(parts, size)
        await everything
        yield _sum(parts, size)


def _sum(parts: Mapping[int, tuple[int, FileTally]], size: int) -> Tallied:
    whole = FileTally()
    for _, counts in parts.values():
        whole.add(counts)
    return Tallied(sum(done for done, _ in parts.values()), size, whole)


async def _read(process: Process, take: partial[None], size: int, news: asyncio.Queue[None]) -> None:
    assert process.stdout is not None
    done = -1
    while done < size:
        line = await process.stdout.readline()
        if not line:
            raise WorkFailed("Counting ended by itself", hint="Try again; webtune validate FILE checks it as well.")
        done, body = json.loads(line)
        take((done, FileTally.from_json(body)))
        if news.empty():
            news.put_nowait(None)
