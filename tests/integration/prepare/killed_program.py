"""A program that prepares a workspace and is killed at a chosen step of it.

``python -m tests.integration.prepare.killed_program TEMPLATE FOLDER EVERY`` copies the workspace TEMPLATE to FOLDER/N
for every N-th step (a sync, a rename, a removal, a transaction) and forks a process that prepares it there and kills
itself with SIGKILL when it takes that step. FOLDER/total is written when a process has come to its end alive.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

from tests.servers.doomed import watch_steps
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_run import PrepareRun
from webtune_tui.storage.workspace import Workspace


def prepare(root: Path, deadly: int, counter: BundledCounter) -> None:
    """Prepares; never comes back where there is such a step."""
    taken = itertools.count(1)

    def step() -> None:
        if next(taken) == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    with Workspace.open(root, command="killed program") as workspace:
        watch_steps(step)
        for _ in PrepareRun(workspace, counter, PrepareRequest(workers=1)).events():
            pass


def main(template: Path, folder: Path, every: int) -> None:
    counter = BundledCounter()
    counter.count(["loads the vocabulary once for all"])
    for deadly in itertools.count(1, every):
        root = folder / str(deadly)
        shutil.copytree(template, root)
        child = os.fork()
        if child == 0:
            prepare(root, deadly, counter)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            (folder / "total").write_text(str(deadly))
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
