"""A blocking generator as an async iterator that works only while its values are taken: nothing piles up."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TypeVar

Event = TypeVar("Event")
Answer = TypeVar("Answer")
_TOLD_EVERY = 0.1  # seconds


async def to_the_end(call: Callable[[], Answer]) -> Answer:
    """Runs a blocking call in a thread and waits for its end, also when the caller is cancelled meanwhile.

    What it uses (a connection, a file) is then free when the caller goes on to close it.
    """
    task = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def in_one_thread(
    call: Callable[[threading.Event, Callable[[Event], None]], Event],
) -> AsyncGenerator[Event, None]:
    """What a blocking call tells while it works, the newest ten times a second, and at last its answer.

    The call gets an event that is set when nobody waits for it any more, and what it tells its steps to. A cancelled
    caller goes on when it has ended.
    """
    stopped, newest = threading.Event(), deque[Event](maxlen=1)
    task = asyncio.ensure_future(asyncio.to_thread(call, stopped, newest.append))
    try:
        while not (await asyncio.wait({task}, timeout=_TOLD_EVERY))[0]:
            if newest:
                yield newest.pop()
        yield task.result()
    finally:
        stopped.set()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it was either raised above, or nobody waits for it any more


async def in_thread(
    work: Generator[Event, None, None], stopped: threading.Event | None = None
) -> AsyncGenerator[Event, None]:
    """The values of a blocking generator, each made in a thread when it is asked for; closed in a thread too.

    ``stopped`` is set when the caller is cancelled: a generator that looks at it makes the wait for its thread short.
    """
    try:
        while True:
            found = await _to_its_end(work, stopped)
            if not found:
                return
            yield found[0]
    finally:
        await asyncio.to_thread(work.close)


async def _to_its_end(work: Generator[Event, None, None], stopped: threading.Event | None) -> list[Event]:
    """The next value in a list, empty at the end. A cancelled caller waits until the thread has left the generator."""
    task = asyncio.ensure_future(asyncio.to_thread(_next, work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if stopped is not None:
            stopped.set()
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # nobody waits for it any more
        raise


def _next(work: Generator[Event, None, None]) -> list[Event]:
    try:
        return [next(work)]
    except StopIteration:
        return []
