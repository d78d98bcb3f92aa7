"""The loopback sandbox beside the demo: it ends with the demo and comes back at the same address."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

from webtune_tui.domain.errors import WorkFailed
from webtune_tui.sandbox.process import SandboxProcess
from webtune_tui.storage.files import make_folder, write_text

_PORT_FREE_SECONDS = 10


@contextlib.asynccontextmanager
async def running_sandbox(folder: Path) -> AsyncIterator[str]:
    """The address of a sandbox whose snapshots and counters lie in ``folder``; ended at the end of the block.

    It comes back at its old address, because collections remember where they came from.

    Raises:
        WorkFailed: it does not start.
    """
    make_folder(folder)
    process = await asyncio.to_thread(_start, folder)
    try:
        yield process.base_url
    finally:
        await asyncio.to_thread(process.stop)


def _start(folder: Path) -> SandboxProcess:
    """Starts it, and again for some seconds where a killed demo's sandbox still holds the port."""
    deadline = time.monotonic() + _PORT_FREE_SECONDS
    while True:
        try:
            process = SandboxProcess.start(port=_old_port(folder), state=folder)
        except OSError as error:
            if time.monotonic() > deadline:
                raise WorkFailed(
                    str(error), hint=f"Remove {folder / 'server.json'} to let it take a free port"
                ) from error
            time.sleep(0.2)
        else:
            write_text(folder / "server.json", json.dumps({"base_url": process.base_url}))
            return process


def _old_port(folder: Path) -> int:
    """The port it had before; 0 takes a free one."""
    try:
        address = str(json.loads((folder / "server.json").read_text(encoding="utf-8"))["base_url"])
        return int(address.rpartition(":")[2])
    except (OSError, ValueError, KeyError):
        return 0
