"""A program of ours as an async iterator of its lines: the event loop only passes them on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from webtune_tui.domain.credentials import without_keys
from webtune_tui.domain.errors import InternalFault

_LONGEST_LINE = 16 * 1024 * 1024
_PATIENCE = 5.0  # seconds between asking a program to end and ending it


async def lines_of_program(module: str, request: bytes) -> AsyncGenerator[bytes, None]:
    """Runs ``python -m MODULE``, sends it the request, and yields the lines of its stdout.

    Closing the iterator, or cancelling the task, ends the program with all that it started, and waits for that.

    Raises:
        InternalFault: the program ended with an error of its own.
    """
    # no threads for linear algebra, which nothing of ours uses: starting them takes 0.07 s
    environment = {"OPENBLAS_NUM_THREADS": "1", **without_keys(os.environ), "PYTHONIOENCODING": "utf-8"}
    process = await start_program(module, environment)
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    complaints = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(request)
        with contextlib.suppress(ConnectionError):
            await process.stdin.drain()
        while line := await process.stdout.readline():
            yield line
        if await process.wait() != 0:
            told = (await complaints).decode("utf-8", "replace").strip().splitlines()[-1:]
            raise InternalFault(f"{module} ended with code {process.returncode}", hint="".join(told)[:500])
    finally:
        await _surely(_end_with_all(process, complaints))


async def _surely(work: Coroutine[Any, Any, None]) -> None:
    """Finishes work although the task is cancelled meanwhile, and passes that on then."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _end_with_all(process: asyncio.subprocess.Process, complaints: asyncio.Task[bytes]) -> None:
    """Ends a program; the last of the processes that it started closes its pipes."""
    assert process.stdout is not None
    await _end(process)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.gather(complaints, _rest(process.stdout)), _PATIENCE)


async def _rest(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass


async def start_program(module: str, environment: dict[str, str]) -> asyncio.subprocess.Process:
    """Starts ``python -m MODULE`` with pipes."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        env=environment,
        start_new_session=os.name == "posix",  # ctrl+c is ours to pass on
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends a program that still runs: politely, then at once."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(asyncio.TimeoutError, ProcessLookupError):
        await asyncio.wait_for(process.wait(), _PATIENCE)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def child_program(module: str) -> subprocess.Popen[bytes]:
    """A program of ours with pipes, for callers in threads. It must end when its stdin ends."""
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=without_keys(os.environ),
        start_new_session=os.name == "posix",
    )
