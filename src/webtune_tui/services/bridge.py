"""Blocking work with events as an async iterator: the event loop only passes events on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TypeVar

Event = TypeVar("Event")


async def events_of_thread(work: Callable[[], Generator[Event, None, None]]) -> AsyncGenerator[Event, None]:
    """Runs a blocking generator in a thread and yields its events.

    Closing the iterator, or cancelling the task, closes the generator at its next event and waits for that.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[Event | BaseException | None] = asyncio.Queue()
    stopping = threading.Event()

    def hand_over(item: Event | BaseException | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def run() -> None:
        generator = work()
        try:
            for event in generator:
                if stopping.is_set():
                    break
                hand_over(event)
        except BaseException as error:  # noqa: BLE001 - raised again on the loop's side
            hand_over(error)
        finally:
            generator.close()
            hand_over(None)

    thread = asyncio.create_task(asyncio.to_thread(run))
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopping.set()
        await asyncio.shield(thread)


async def in_thread(work: Generator[Event, None, None]) -> AsyncGenerator[Event, None]:
    """As :func:`events_of_thread`, but the work waits until its last value was taken: nothing piles up between."""
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
