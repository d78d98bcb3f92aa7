"""The loopback sandbox as a child process that ends with its parent and comes back at the same address."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from webtune_tui.domain.errors import WorkFailed
from webtune_tui.storage.files import make_folder, write_text

_PORT_FREE_SECONDS = 10


@contextlib.asynccontextmanager
async def running_sandbox(folder: Path) -> AsyncIterator[str]:
    """The address of a sandbox whose snapshots and counters lie in ``folder``; ended at the end of the block.

    It comes back at its old address, because collections remember where they came from. It also ends when this
    process is killed: its standard input closes.

    Raises:
        WorkFailed: it does not start.
    """
    make_folder(folder)
    process, address = await asyncio.to_thread(_start, folder)
    try:
        yield address
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate)


def _start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Starts it, and again for some seconds where a killed parent's sandbox still holds the port."""
    deadline = time.monotonic() + _PORT_FREE_SECONDS
    while True:
        process = _spawn(folder)
        address = _announced(process)
        if address is not None:
            write_text(folder / "server.json", json.dumps({"base_url": address}))
            return process, address
        process.kill()
        process.communicate()
        if time.monotonic() > deadline:
            raise WorkFailed("The sandbox did not start", hint=f"Its log lies in {folder / 'sandbox.log'}")
        time.sleep(0.2)


def _spawn(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "webtune_tui.sandbox", "--state", str(folder), "--until-stdin-closes"]
    if port := _old_port(folder):
        command += ["--port", str(port)]
    log = os.open(folder / "sandbox.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
    finally:
        os.close(log)


def _announced(process: subprocess.Popen[str]) -> str | None:
    assert process.stdout is not None
    try:
        return str(json.loads(process.stdout.readline())["base_url"])
    except (ValueError, KeyError, TypeError):
        return None


def _old_port(folder: Path) -> int | None:
    try:
        address = str(json.loads((folder / "server.json").read_text(encoding="utf-8"))["base_url"])
        return int(address.rpartition(":")[2])
    except (OSError, ValueError, KeyError):
        return None
