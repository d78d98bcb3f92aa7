"""Runs the sandbox on loopback, in this process or as a program of its own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from webtune_tui.sandbox.app import create_app, create_sandbox
from webtune_tui.sandbox.jobs import SystemClock, Timing

HOST = "127.0.0.1"
START_SECONDS = 30.0


def open_socket(port: int = 0) -> socket.socket:
    """A listening loopback socket; port 0 takes a free one. Raises OSError when the port is taken."""
    # asyncio switches Nagle's delay off only on sockets that name their protocol: 40 ms less for each answer
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere this option would let two programs share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def address_of(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"


def make_server(app: object) -> uvicorn.Server:
    """A quiet HTTP/1.1 server for an application."""
    return uvicorn.Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]  # uvicorn names its own, narrower types for an ASGI application
            http="h11",
            ws="none",
            interface="asgi3",
            lifespan="off",
            proxy_headers=False,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )


async def serve(
    port: int = 0,
    state: Path | None = None,
    speed: float = 1.0,
    *,
    ready_lag: float = 1.0,
    announce: Callable[[dict[str, object]], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serves until a signal comes or ``stop`` is set.

    ``announce`` gets ``{"base_url", "port", "pid", "state", "sandbox"}`` once connections are accepted; ``speed`` makes
    the service's seconds that much shorter; ``ready_lag`` is how many of them `ready` still answers 202.

    Raises:
        OSError: the port is taken, or the state folder can't be used.
    """
    sandbox = create_sandbox(clock=SystemClock(speed), timing=Timing(ready_lag=ready_lag), state=state)
    with open_socket(port) as listener:
        server = make_server(create_app(sandbox))
        watcher = asyncio.create_task(stop_when(stop, server)) if stop else None
        if announce:
            announce(announcement(listener, state))
        try:
            await server.serve(sockets=[listener])
        finally:
            if watcher:
                watcher.cancel()


def announcement(listener: socket.socket, state: Path | None) -> dict[str, object]:
    return {
        "base_url": address_of(listener),
        "port": listener.getsockname()[1],
        "pid": os.getpid(),
        "state": str(state.resolve()) if state else None,
        "sandbox": True,
    }


async def stop_when(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


@dataclass(slots=True)
class SandboxProcess:
    """A sandbox running as a child; it ends with :meth:`stop`, and by itself when this process dies."""

    base_url: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, *, port: int = 0, state: Path | None = None, speed: float = 1.0, ready_lag: float = 1.0) -> Self:
        """Starts it and waits for its address; blocks for about half a second.

        Raises:
            OSError: it ended or stayed silent instead of naming its address.
        """
        command = [sys.executable, "-m", "webtune_tui.sandbox", "--until-stdin-closes", "--port", str(port)]
        command += ["--speed", str(speed), "--ready-lag", str(ready_lag)]
        command += ["--state", str(state)] if state else []
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        timer = threading.Timer(START_SECONDS, process.kill)
        timer.start()
        try:
            line = process.stdout.readline() if process.stdout else b""
        finally:
            timer.cancel()
        if not line:
            _, complaint = process.communicate()
            reason = complaint.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
            raise OSError(f"the sandbox did not start: {reason[0]}")
        return cls(json.loads(line)["base_url"], process)

    def stop(self) -> None:
        """Ends it and waits for the end."""
        self.process.terminate()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
