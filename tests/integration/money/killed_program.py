"""A program that makes one paid call and is killed at a chosen step of it.

``python killed_program.py FOLDER`` forks one process for each executed line of the journal's code, from the first
to the last; process N works in FOLDER/N and kills itself with SIGKILL when it reaches line N. FOLDER/total is
written when they are done. ``send`` appends a line to FOLDER/N/sent, as a service counts its orders.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from webtune_tui.services import money
from webtune_tui.services.money import MoneyService
from webtune_tui.settings import Settings
from webtune_tui.storage import database, operations
from webtune_tui.storage.workspace import Workspace

_WATCHED = {money.__file__, operations.__file__, database.__file__, __file__}


class Executioner:
    """Counts the executed lines of the watched modules and kills the process at one of them."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._lock = threading.Lock()
        self.count = 0

    def watch(self) -> None:
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in _WATCHED:
            return None
        if event == "line":
            with self._lock:
                self.count += 1
                if self.count == self._line:
                    os.kill(os.getpid(), signal.SIGKILL)
        return self._trace


async def one_paid_call(folder: Path, executioner: Executioner) -> None:
    with Workspace.open(folder / "workspace", command="killed program") as workspace:
        service = MoneyService(workspace, Settings(cap_usd=10.0))

        async def send() -> str:
            await asyncio.sleep(0)
            descriptor = os.open(folder / "sent", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(descriptor, b"one order\n")
            os.close(descriptor)
            await asyncio.sleep(0)
            return "s_1"

        executioner.watch()
        await service.perform(
            kind="trigger",
            service="brightdata",
            address="https://api.brightdata.com",
            subject_id="c1",
            fingerprint="f",
            estimate=0.75,
            basis="estimate",
            send=send,
        )
        sys.settrace(None)


def main(root: Path) -> None:
    with Workspace.open(root / "new", command="killed program"):
        pass  # making it anew for each line would take most of the time
    line = 0
    while True:
        line += 1
        folder = root / str(line)
        shutil.copytree(root / "new", folder / "workspace")
        child = os.fork()
        if child == 0:
            asyncio.run(one_paid_call(folder, Executioner(line)))
            os._exit(0)  # the last line was reached: nothing was left to kill
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            (root / "total").write_text(str(line))
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
