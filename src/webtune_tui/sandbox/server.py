"""Runs the sandbox on loopback in this process; `process.py` starts it as a program of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from webtune_tui.sandbox.app import create_app, create_sandbox
from webtune_tui.sandbox.jobs import SystemClock, Timing
from webtune_tui.sandbox.process import SandboxProcess

__all__ = ["HOST", "SandboxProcess", "address_of", "make_server", "open_socket", "serve"]

HOST = "127.0.0.1"


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
