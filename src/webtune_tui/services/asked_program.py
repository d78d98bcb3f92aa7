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
from typing import Any, NamedTuple

from webtune_tui.domain.credentials import without_keys
from webtune_tui.domain.errors import InternalFault
from webtune_tui.services.program_side import failure as failure_of

_LONGEST_LINE = 64 * 1024 * 1024
_PATIENCE = 2.0  # seconds
IDLE_SECONDS = 300.0
"""After which a program that nobody asks is let go: it holds some 100 MB."""


class _Waiting(NamedTuple):
    """A question that was sent to a program."""

    process: asyncio.subprocess.Process
    answer: asyncio.Future[Any]


class AskedProgram:
    """``python -m MODULE``; ``greeting`` is its first line. It ends with its stdin, and so with this process.

    It is let go after some idle time, in seconds, and begins again with the next question.
    """

    def __init__(self, module: str, greeting: Mapping[str, Any], *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._module = module
        self._greeting = greeting
        self._idle_seconds = idle_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._readings: set[asyncio.Task[None]] = set()
        self._waiting: dict[int, _Waiting] = {}
        self._number = 0
        self._starting = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The program's process id while it runs."""
        return self._process.pid if self._process is not None else None

    async def ask(self, question: Mapping[str, Any]) -> Any:
        """The answer; ``None`` where a newer question took its place.

        Raises:
            WebtuneError: as the program told it. InternalFault: it ended by itself.
        """
        process = await self._running()
        self._stay()
        self._number += 1
        number = self._number
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(process, answer)
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({**question, "number": number}).encode() + b"\n")
            with contextlib.suppress(ConnectionError):
                await process.stdin.drain()
            return await answer
        finally:
            self._waiting.pop(number, None)
            self._await_idleness()

    async def aclose(self) -> None:
        """Ends the program."""
        self._stay()
        process = self._process
        self._process = None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), _PATIENCE)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        await asyncio.gather(*self._readings)

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _await_idleness(self) -> None:
        self._stay()
        if self._process is not None and not self._waiting:
            self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._let_go)

    def _let_go(self) -> None:
        """Ends the program where nobody asks; one that is just asked for starts anew, or still holds this back."""
        if self._waiting or self._starting.locked() or self._process is None:
            return
        process, self._process = self._process, None
        assert process.stdin is not None
        process.stdin.close()

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None:
                process = await asyncio.create_subprocess_exec(
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
                assert process.stdin is not None
                process.stdin.write(json.dumps(self._greeting).encode() + b"\n")
                reading = asyncio.create_task(self._read(process))
                self._readings.add(reading)
                reading.add_done_callback(self._readings.discard)
                self._process = process
            return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Passes the answers on until the program ends; then nobody waits for this one any more."""
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                self._pass_on(line)
        except ValueError:  # no line of ours, or one beyond all bounds: nothing after it can be understood
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        finally:
            await process.wait()
            if self._process is process:
                self._process = None
            for waiting in self._waiting.values():
                if waiting.process is process and not waiting.answer.done():
                    waiting.answer.set_exception(InternalFault("The preview ended by itself", hint="Try again."))

    def _pass_on(self, line: bytes) -> None:
        number, answer, failure = json.loads(line)
        waiting = self._waiting.get(number)
        if waiting is None or waiting.answer.done():
            return
        if failure is None:
            waiting.answer.set_result(answer)
        else:
            waiting.answer.set_exception(failure_of(failure))
