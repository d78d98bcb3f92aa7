"""Looks for a text in listed rows with programs of its own, in the order of the list: the nearest row, and around."""

from __future__ import annotations

import json
import struct
from asyncio import IncompleteReadError
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from webtune_tui.domain.errors import WorkFailed
from webtune_tui.domain.events import Progressed
from webtune_tui.services.beside_programs import beside, programs_for
from webtune_tui.services.file_search_plan import stretches_of_rows
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.row_order import RowOrder

_WORKER = "webtune_tui.services.listed_search_worker"
_MOST_PROGRAMS = 2
_WORTH_SHARING = 10_000  # rows


@dataclass(frozen=True, slots=True)
class FoundRow:
    """The last event of a search: the row's place in the list and the byte where the text begins; ``None`` for nowhere.

    ``is_around`` says that the end of the list (backwards: its beginning) was passed.
    """

    place: int | None = None
    byte: int = 0
    is_around: bool = False


async def searching_listed(
    file: LineFile, order: RowOrder, text: str, origin: int, *, backwards: bool = False
) -> AsyncGenerator[Progressed | FoundRow]:
    """The nearest row from the place ``origin`` on (backwards: before it), else from the other end on.

    Closing the generator ends the search at once.
    """
    count = order.count
    origin = min(max(origin, 0), count)
    programs = programs_for(count, _WORTH_SHARING, _MOST_PROGRAMS)
    asked = {
        "text": text, "count": count, "turned": order.is_turned, "listed": order.descriptor, "origin": origin,
        "backwards": backwards, "programs": programs, "size": file.size,
    }  # fmt: skip
    async with AsyncExitStack() as stack:
        running: list[Process] = []
        for number in range(programs):
            question = json.dumps(asked | {"number": number})
            running.append(
                await stack.enter_async_context(
                    beside(_WORKER, question, file=file.descriptor, others=[order.descriptor])
                )
            )
        done = 0
        for number, stretch in enumerate(stretches_of_rows(count, origin, backwards=backwards)):
            place, byte = await _answer(running[number % programs])
            if place >= 0:
                yield FoundRow(place, byte, place >= origin if backwards else place < origin)
                return
            done += stretch.end - stretch.start
            yield Progressed("searching", done, count, "rows")
    yield FoundRow()


async def _answer(process: Process) -> tuple[int, int]:
    assert process.stdout is not None
    try:
        place, byte = struct.unpack("<qq", await process.stdout.readexactly(16))
    except IncompleteReadError as error:
        raise WorkFailed("The search ended by itself", hint="Try again.") from error
    return int(place), int(byte)
