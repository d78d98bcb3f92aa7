"""Talks to the one inference process: starts it when needed, lets it go when idle, notices when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, Awaitable
from pathlib import Path
from typing import Any

from webtune_tui.local_server.child_environment import child_environment, missing_modules, missing_text
from webtune_tui.local_server.openai_objects import ApiError
from webtune_tui.local_server.private_files import append_private, tail_of

_LONGEST_LINE = 64 * 1024 * 1024
_SECONDS_TO_END = 3.0

_logger = logging.getLogger(__name__)


class InferenceClient:
    """One child process that holds a base model and its adapters; requests take turns inside it."""

    def __init__(self, module: str, log_path: Path, threads: int, idle_seconds: float) -> None:
        self._module = module
        self._log_path = log_path
        self._threads = threads
        self._idle_seconds = idle_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._starting = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Queue[dict[str, Any]]] = {}

    async def ask(self, request: dict[str, Any], gone: Awaitable[None]) -> AsyncGenerator[dict[str, Any], None]:
        """Send a request and yield its answers; the last one has `event` "done".

        The work stops when `gone` comes true (the client has left) and when the iterator is closed early.

        Raises:
            ApiError: the process refused the request, could not start, or died; or the client has left.
        """
        number = next(self._numbers)
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answers[number] = queue
        watch = asyncio.create_task(self._withdraw_when(gone, number, queue))
        try:
            await self._start_if_needed()
            self._write({**request, "id": number})
            while True:
                answer = await queue.get()
                if answer["event"] == "error":
                    self._answers.pop(number, None)
                    raise _refusal(answer)
                if answer["event"] == "done":
                    self._answers.pop(number, None)
                    yield answer
                    return
                yield answer
        finally:
            watch.cancel()
            self._withdraw(number)
            self._wait_for_idleness()

    async def _withdraw_when(self, gone: Awaitable[None], number: int, queue: asyncio.Queue[dict[str, Any]]) -> None:
        await gone
        self._withdraw(number)
        queue.put_nowait(
            {"event": "error", "status": 499, "code": "client_closed_request", "message": "The client has left."}
        )

    def _withdraw(self, number: int) -> None:
        """Stop a request that is not answered yet. It waits for nothing, since its caller may be cancelled."""
        if self._answers.pop(number, None) is not None:
            with contextlib.suppress(ApiError):
                self._write({"op": "cancel", "id": number})

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _SECONDS_TO_END)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    @property
    def pid(self) -> int | None:
        """Return the id of the process while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def is_answering(self) -> bool:
        """Say whether a request is being worked on."""
        return bool(self._answers)

    def _write(self, message: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            raise self._died()
        process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _start_if_needed(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        async with self._starting:
            if self.pid is None:
                await self._start()

    async def _start(self) -> None:
        absent = missing_modules(self._module)
        if absent:
            raise ApiError(503, missing_text(absent), code="missing_dependency", kind="server_error")
        log = append_private(self._log_path)
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=child_environment(self._threads),
                limit=_LONGEST_LINE,
            )
        finally:
            os.close(log)
        _logger.info("inference process %d started", self._process.pid)
        self._reader = asyncio.create_task(self._read(self._process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # it was started with a pipe
        async for line in process.stdout:
            with contextlib.suppress(ValueError, KeyError):
                answer = json.loads(line)
                queue = self._answers.get(answer["id"])
                if queue is not None:
                    queue.put_nowait(answer)
        await process.wait()
        _logger.info("inference process %d ended with %s", process.pid, process.returncode)
        if self._process is process:
            self._process = None
            for number, queue in self._answers.items():
                queue.put_nowait({"id": number, "event": "error", "status": 500, **_death(self._log_path)})

    def _died(self) -> ApiError:
        return _refusal({"status": 500, **_death(self._log_path)})

    def _wait_for_idleness(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if not self._answers and self._process is not None:
            loop = asyncio.get_running_loop()
            self._idle_timer = loop.call_later(self._idle_seconds, lambda: loop.create_task(self._close_when_idle()))

    async def _close_when_idle(self) -> None:
        if not self._answers:
            await self.close()


def _death(log_path: Path) -> dict[str, Any]:
    return {
        "code": "inference_process_died",
        "message": "The process that answers chats ended unexpectedly; the next request starts a new one. "
        f"Last lines of {log_path.name}:\n{tail_of(log_path, lines=4)}",
    }


def _refusal(answer: dict[str, Any]) -> ApiError:
    status = int(answer.get("status", 500))
    kind = "invalid_request_error" if status < 500 else "server_error"
    return ApiError(status, str(answer["message"]), code=answer.get("code"), kind=kind)
