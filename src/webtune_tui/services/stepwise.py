"""A blocking generator as an async iterator that works only while its values are taken: nothing piles up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TypeVar

Event = TypeVar("Event")
Answer = TypeVar("Answer")


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


async def in_thread(work: Generator[Event, None, None]) -> AsyncGenerator[Event, None]:
    """The values of a blocking generator, each made in a thread when it is asked for; closed in a thread too."""
    try:
        while True:
            found = await _to_its_end(work)
            if not found:
                return
            yield found[0]
    finally:
        await asyncio.to_thread(work.close)


async def _to_its_end(work: Generator[Event, None, None]) -> list[Event]:
    """The next value in a list, empty at the end. A cancelled caller waits until the thread has left the generator."""
    task = asyncio.ensure_future(asyncio.to_thread(_next, work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _next(work: Generator[Event, None, None]) -> list[Event]:
    try:
        return [next(work)]
    except StopIteration:
        return []
