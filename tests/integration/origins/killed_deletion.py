"""A program that deletes a collection and is killed at a chosen step of it.

``python killed_deletion.py WORKSPACE FOLDER POINTS`` first counts the executed lines of the deletion's code on a copy
of the workspace, then forks POINTS processes, spread evenly over them: process N works on a copy in FOLDER/N and kills
itself with SIGKILL at its line. With POINTS 0 there is one for each line. FOLDER/total is written at the end.
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

from webtune_tui.services import origins
from webtune_tui.services.origins import OriginsService
from webtune_tui.storage import collections, database, deletion, files, raw_folders
from webtune_tui.storage.workspace import Workspace

_WATCHED = {module.__file__ for module in (origins, deletion, raw_folders, database, collections, files, shutil)}


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


def delete(root: Path, executioner: Executioner) -> None:
    deletion._BATCH = 2
    with Workspace.open(root, command="killed program") as workspace:
        service = OriginsService(workspace)
        executioner.watch()
        asyncio.run(service.delete("c2"))
        threading.settrace(None)  # type: ignore[arg-type]
        sys.settrace(None)


def lines_of_a_whole_run(template: Path, root: Path) -> int:
    """The executed lines of one deletion; counted in a child, which leaves no thread here."""
    shutil.copytree(template, root / "whole")
    child = os.fork()
    if child == 0:
        executioner = Executioner(0)
        delete(root / "whole", executioner)
        (root / "lines").write_text(str(executioner.count))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0
    return int((root / "lines").read_text())


def main(template: Path, root: Path, points: int) -> None:
    total = lines_of_a_whole_run(template, root)
    chosen = range(1, total + 1) if not points else sorted({1 + n * (total - 1) // (points - 1) for n in range(points)})
    for line in chosen:
        shutil.copytree(template, root / str(line))
        child = os.fork()
        if child == 0:
            delete(root / str(line), Executioner(line))
            os._exit(0)  # fewer lines than counted: nothing was left to kill
        os.waitpid(child, 0)
    (root / "total").write_text(str(total))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
