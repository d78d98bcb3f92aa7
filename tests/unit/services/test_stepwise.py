"""Blocking work in threads: it ends when nobody waits for it any more, and its caller only after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from contextlib import aclosing

import pytest

from webtune_tui.services.stepwise import in_one_thread, in_thread


async def test_what_one_thread_tells_comes_before_its_answer() -> None:
    heard = threading.Event()

    def work(stopped: threading.Event, told: Callable[[str], None]) -> str:
        told("half")
        return "whole" if heard.wait(10) and not stopped.is_set() else "too late"

    events = []
    async for event in in_one_thread(work):
        events.append(event)
        heard.set()
    assert events == ["half", "whole"]


async def test_an_error_of_one_thread_is_raised() -> None:
    def work(stopped: threading.Event, told: Callable[[str], None]) -> str:
        raise ValueError("of the thread")

    with pytest.raises(ValueError, match="of the thread"):
        async for _ in in_one_thread(work):
            pass


@pytest.mark.parametrize("how", ["left", "cancelled"])
async def test_one_thread_is_stopped_and_waited_for(how: str) -> None:
    ended = threading.Event()

    def work(stopped: threading.Event, told: Callable[[str], None]) -> str:
        told("half")
        assert stopped.wait(10)
        ended.set()
        raise RuntimeError("stopped")

    began = asyncio.Event()

    async def take() -> None:
        async with aclosing(in_one_thread(work)) as events:
            async for _ in events:
                began.set()
                if how == "left":
                    return

    task = asyncio.create_task(take())
    await began.wait()
    if how == "cancelled":
        task.cancel()
    await asyncio.wait({task})
    assert ended.is_set() and task.cancelled() is (how == "cancelled")


async def test_a_cancelled_caller_stops_the_step_under_way() -> None:
    stopped, began = threading.Event(), threading.Event()

    def work() -> Generator[int, None, None]:
        began.set()
        assert stopped.wait(10)
        raise RuntimeError("stopped")
        yield 1

    async def take() -> None:
        async with aclosing(in_thread(work(), stopped)) as events:
            async for _ in events:
                pass

    task = asyncio.create_task(take())
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() and stopped.is_set()
