"""Waiting until an app in a test has done all that it has to do, without waiting any longer."""

from __future__ import annotations

import asyncio
from time import monotonic, process_time
from typing import Any

import textual.app
import textual.pilot
import textual.screen

_QUIET_SECONDS = 0.02  # what is due within this time is waited for, as Textual does
_BUSY_SECONDS = 0.001  # of CPU time; who used more meanwhile has probably more to do


def end_pauses_when_quiet() -> None:
    """Lets Textual's pilot end a pause as soon as nothing is left to do.

    Its own rule sleeps 20 ms, always, and again while the process uses the CPU: after every key twice. A screen draws
    as soon as something has changed, too, and not up to 17 ms later.
    """
    textual.app.wait_for_idle = wait_until_quiet
    textual.pilot.wait_for_idle = wait_until_quiet
    textual.screen.UPDATE_PERIOD = 1 / 240


async def wait_until_quiet(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Waits until no callback is ready, no timer is due within 20 ms and no thread works, for a second at most."""
    loop: Any = asyncio.get_running_loop()
    begun, used = monotonic(), process_time()
    horizon = begun + max(min_sleep, _QUIET_SECONDS)
    quiet_rounds = 0
    while monotonic() < begun + max_sleep:
        await asyncio.sleep(0)
        if loop._ready:
            quiet_rounds = 0
            continue
        quiet_rounds += 1  # the second of two has also looked at the sockets
        if quiet_rounds < 2:
            continue
        if process_time() - used > _BUSY_SECONDS:
            used, horizon = process_time(), monotonic() + _QUIET_SECONDS
        due = _next_due(loop, horizon)
        if due is None:
            return
        await asyncio.sleep(max(0.0, due - loop.time()))
        quiet_rounds = 0


def _next_due(loop: Any, horizon: float) -> float | None:
    """When there is something to look at again before the horizon, in the loop's time; ``None`` for nothing."""
    now: float = loop.time()
    if now >= horizon:
        return None
    due = min((handle.when() for handle in loop._scheduled if not handle.cancelled()), default=horizon)
    if _is_a_thread_at_work(loop):
        due = min(due, now + _BUSY_SECONDS)
    return due if due < horizon else None


def _is_a_thread_at_work(loop: Any) -> bool:
    """Whether one of the loop's threads has work."""
    threads = loop._default_executor
    return threads is not None and (
        threads._work_queue.qsize() > 0 or threads._idle_semaphore._value < len(threads._threads)
    )
