"""Programs that a service starts in a test begin from a process that has loaded their code, where the system can fork.

Such a program costs a second of loading each time, and hundreds of tests start one. As ``python -m``, cold, they are
started by every test that runs the command ``webtune``. Run as a program, this module is that process: requests come
over the socket that is its stdin; the process id and the exit code go over a pipe that comes with each.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

_PRELOADED = (
    "webtune_tui.services.prepare_run",
    "webtune_tui.services.prepare_pool",
    "webtune_tui.pipeline.triage",
    "webtune_tui.storage.workspace",
)
_LONGEST_LINE = 16 * 1024 * 1024
_PIPES = 4  # stdin, stdout, stderr, and the one for the process id and the exit code


class _Output:
    """What a program writes into one of its pipes."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        self._protocol = asyncio.StreamReaderProtocol(self.reader)
        self._transport: asyncio.ReadTransport | None = None

    async def connect(self, descriptor: int) -> _Output:
        """Begins to read."""
        loop = asyncio.get_running_loop()
        file = os.fdopen(descriptor, "rb", 0)
        self._transport, _ = await loop.connect_read_pipe(lambda: self._protocol, file)
        return self

    async def end(self) -> None:
        """Reads to the end, for a second at most: a process that the program left behind may hold the pipe."""
        closed = self._protocol._closed
        await asyncio.wait([closed], timeout=1)
        if not closed.done():
            assert self._transport is not None
            self._transport.close()
            await asyncio.wait([closed])


class WarmProgram:
    """What ``asyncio.create_subprocess_exec`` gives, of a program that was forked."""

    def __init__(self, pid: int, stdin: asyncio.StreamWriter, outputs: list[_Output]) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout, self.stderr, self._told = (output.reader for output in outputs)
        self.returncode: int | None = None
        self._outputs = outputs

    async def wait(self) -> int:
        """The exit code, once the program has ended."""
        if self.returncode is None:
            self.returncode = int(await self._told.readline())
        while self._outputs:  # a transport that is still open when the loop ends is a warning, and so a failure
            await self._outputs[-1].end()
            self._outputs.pop()
        return self.returncode

    def kill(self) -> None:
        """Ends it at once."""
        os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """Where the programs of this test process come from; it ends with it."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, module: str, environment: dict[str, str]) -> WarmProgram:
        """Starts ``python -m MODULE``."""
        pipes = [os.pipe() for _ in range(_PIPES)]
        ours = [pipes[0][1], *(reads for reads, _ in pipes[1:])]
        theirs = [pipes[0][0], *(writes for _, writes in pipes[1:])]
        request = {"module": module, "environment": environment, "folder": str(Path.cwd())}
        body = json.dumps(request).encode()
        try:
            socket.send_fds(self._connection(), [len(body).to_bytes(8, "big")], theirs)
            self._connection().sendall(body)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        outputs = [await _Output().connect(descriptor) for descriptor in ours[1:]]
        pid = int(await outputs[2].reader.readline())
        return WarmProgram(pid, await _writer(ours[0]), outputs)

    def close(self) -> None:
        """Ends the process that programs are forked from."""
        if self._socket is not None and self._process is not None:
            self._socket.close()
            self._process.wait()
            self._socket = None

    def _connection(self) -> socket.socket:
        if self._socket is None:
            self._socket, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "tests.warm_programs"],
                    stdin=theirs,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                    start_new_session=True,
                )
        return self._socket


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(descriptor, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


def main() -> None:
    """Loads, then forks for each request until the tests end."""
    _load()
    requests = socket.socket(fileno=os.dup(0))
    programs: dict[int, tuple[int, int]] = {}  # descriptor that becomes readable at the end: process id, told over
    while True:
        for ended in select.select([requests, *programs], [], [])[0]:
            if ended is not requests:
                pid, told = programs.pop(ended)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(BrokenPipeError):
                    os.write(told, b"%d\n" % code)
                os.close(told)
                os.close(ended)
                continue
            size, pipes, _, _ = socket.recv_fds(requests, 8, _PIPES)
            if not size:
                return
            request = json.loads(_exactly(requests, int.from_bytes(size, "big")))
            pid = os.fork()
            if pid == 0:
                requests.close()
                for other, (_, told) in programs.items():
                    os.close(other)
                    os.close(told)
                _become(request, pipes)
            os.write(pipes[3], b"%d\n" % pid)
            programs[os.pidfd_open(pid)] = (pid, pipes[3])
            for descriptor in pipes[:3]:
                os.close(descriptor)


def _load() -> None:
    for module in _PRELOADED:
        __import__(module)
    from webtune_tui.pipeline.recipe import builders, default_recipe
    from webtune_tui.pipeline.run import draft_steps
    from webtune_tui.pipeline.tokens import BundledCounter

    counter = BundledCounter()
    counter.count([""])
    draft_steps(default_recipe(), counter)
    builders()


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += connection.recv(size - len(read))
    return read


def _become(request: dict[str, Any], pipes: list[int]) -> NoReturn:
    """Runs the module that was asked for, as ``python -m`` would, and ends the process."""
    code = 1
    try:
        os.setsid()
        for wanted, descriptor in enumerate(pipes[:3]):
            os.dup2(descriptor, wanted)
        for descriptor in pipes:
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.argv[:] = [request["module"]]
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what the interpreter itself would do
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
