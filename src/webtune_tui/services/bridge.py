"""A blocking generator as an async iterator: each piece of its work runs in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Generator[T, None, None]) -> AsyncGenerator[T, None]:
    """The values of a blocking generator. It is closed in a thread too, so that its ``finally`` may block."""
    try:
        while True:
            found = await _to_its_end(work)
            if not found:
                return
            yield found[0]
    finally:
        await asyncio.to_thread(work.close)


async def _to_its_end(work: Generator[T, None, None]) -> list[T]:
    """The next value in a list, empty at the end. A cancelled caller waits until the thread has left the generator."""
    task = asyncio.ensure_future(asyncio.to_thread(_next, work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _next(work: Generator[T, None, None]) -> list[T]:
    try:
        return [next(work)]
    except StopIteration:
        return []
