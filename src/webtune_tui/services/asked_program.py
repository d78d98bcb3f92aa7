"""A program of ours that answers questions, line by line, for as long as it is wanted: the loop only waits.

It starts with the first question. Several may wait at a time; each answer carries the number of its question. The
program may answer an older question with nothing once a newer one of the same kind is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from webtune_tui.domain.credentials import without_keys
from webtune_tui.domain.errors import InternalFault
from webtune_tui.services.program_side import failure as failure_of

_LONGEST_LINE = 64 * 1024 * 1024
_PATIENCE = 2.0  # seconds


class AskedProgram:
    """``python -m MODULE``; ``greeting`` is its first line. It ends with its stdin, and so with this process."""

    def __init__(self, module: str, greeting: Mapping[str, Any]) -> None:
        self._module = module
        self._greeting = greeting
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._starting = asyncio.Lock()

    async def ask(self, question: Mapping[str, Any]) -> Any:
        """The answer; ``None`` where a newer question took its place.

        Raises:
            WebtuneError: as the program told it. InternalFault: it ended by itself.
        """
        process = await self._running()
        self._number += 1
        number = self._number
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({**question, "number": number}).encode() + b"\n")
            with contextlib.suppress(ConnectionError):
                await process.stdin.drain()
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def aclose(self) -> None:
        """Ends the program."""
        process, reading = self._process, self._reading
        self._process = self._reading = None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), _PATIENCE)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if reading is not None:
            await reading

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    self._module,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    limit=_LONGEST_LINE,
                    env={**without_keys(os.environ), "PYTHONIOENCODING": "utf-8"},
                    start_new_session=os.name == "posix",  # ctrl+c is ours to pass on
                )
                assert self._process.stdin is not None
                self._process.stdin.write(json.dumps(self._greeting).encode() + b"\n")
                self._reading = asyncio.create_task(self._read(self._process))
            return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            number, answer, failure = json.loads(line)
            waiting = self._waiting.get(number)
            if waiting is None or waiting.done():
                continue
            if failure is None:
                waiting.set_result(answer)
            else:
                waiting.set_exception(failure_of(failure))
        await process.wait()
        if self._process is process:
            self._process = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(InternalFault("The preview ended by itself", hint="Try again."))
