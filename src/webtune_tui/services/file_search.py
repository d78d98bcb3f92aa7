"""Looks for a text in a whole file with programs of its own: the nearest occurrence from a place on, and around."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from asyncio import IncompleteReadError
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from webtune_tui.domain.errors import WorkFailed
from webtune_tui.domain.events import Progressed
from webtune_tui.services.beside_programs import beside
from webtune_tui.services.file_search_plan import stretches
from webtune_tui.services.line_file import LineFile

_WORKER = "webtune_tui.services.file_search_worker"
_MOST_PROGRAMS = 4
_WORTH_SHARING = 32 * 1024 * 1024  # bytes; below it starting a second program costs more than it saves


@dataclass(frozen=True, slots=True)
class Found:
    """The last event of a search: where the text begins, and the line that it stands in; ``None`` for nowhere.

    ``is_around`` says that the end of the file (backwards: its beginning) was passed.
    """

    place: int | None = None
    line: int = 0
    is_around: bool = False


async def searching(
    file: LineFile, text: str, origin: int, *, backwards: bool = False
) -> AsyncGenerator[Progressed | Found]:
    """The occurrence nearest behind ``origin`` (backwards: before it), else from the other end on.

    Closing the generator ends the search at once. Raises StorageFailed.
    """
    begin, end = file.begin, file.size
    origin = min(max(origin, begin), end)
    programs = _programs(end - begin)
    asked = {
        "text": text, "begin": begin, "end": end, "origin": origin, "backwards": backwards, "programs": programs
    }  # fmt: skip
    async with AsyncExitStack() as stack:
        running: list[Process] = []
        for place in range(programs):
            question = json.dumps(asked | {"place": place})
            running.append(await stack.enter_async_context(beside(_WORKER, question, file=file.descriptor)))
        done = 0
        for number, stretch in enumerate(stretches(begin, end, origin, backwards=backwards)):
            found = await _answer(running[number % programs])
            if found >= 0:
                line = await asyncio.to_thread(file.line_start, found)
                yield Found(found, line, found >= origin if backwards else found < origin)
                return
            done += stretch.end - stretch.start
            yield Progressed("searching", done, end - begin, "bytes")
    yield Found()


def _programs(size: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_PROGRAMS) if size > _WORTH_SHARING else 1


async def _answer(process: Process) -> int:
    assert process.stdout is not None
    try:
        (place,) = struct.unpack("<q", await process.stdout.readexactly(8))
    except IncompleteReadError as error:
        raise WorkFailed("The search ended by itself", hint="Try again.") from error
    return int(place)
