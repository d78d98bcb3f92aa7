"""A program that edits a workspace and is killed at a chosen step of it.

``python -m tests.integration.prepare.killed_edits TEMPLATE FOLDER EVERY`` copies the workspace TEMPLATE to FOLDER/N for
every N-th step (a sync, a rename, a removal, a transaction) and forks a process that edits it there and kills itself
with SIGKILL at that step. FOLDER/N.told has a line with the hash of each version that was told to the person.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

from tests.servers.doomed import watch_steps
from webtune_tui.domain.edit_steps import Edited
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.editor import Editor
from webtune_tui.storage.workspace import Workspace

ALL = Selection.everything()
SOME = Selection(where="index < 5")


class CountingHere(Editor):
    """Counts tokens in this process: it was forked with the vocabulary loaded."""

    def _counter(self, revision: object) -> BundledCounter:
        return BundledCounter()


def edit(root: Path, told: Path, deadly: int) -> None:
    """Edits; never comes back where there is such a step."""
    taken = itertools.count(1)

    def step() -> None:
        if next(taken) == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    with Workspace.open(root, command="killed program") as workspace, told.open("w") as lines:
        editor = CountingHere(workspace)
        watch_steps(step)
        for operation, selection in (
            (operation_of("drop"), SOME),
            (operation_of("replace", find="the", replacement="THE"), ALL),
            (operation_of("tag", tag="seen"), ALL),
            (operation_of("duplicate"), Selection(where="index < 8")),
        ):
            *_, last = editor.run(operation, selection)
            assert isinstance(last, Edited)
            tell(lines.fileno(), last.result.version.content_hash)
        for call in (editor.undo, editor.undo, editor.redo, lambda: editor.goto(1), lambda: editor.goto(4)):
            tell(lines.fileno(), call().version.content_hash)


def tell(file: int, content_hash: str) -> None:
    """What the person sees is on the screen at once."""
    os.write(file, content_hash.encode() + b"\n")


def main(template: Path, folder: Path, every: int) -> None:
    counter = BundledCounter()
    counter.count(["loads the vocabulary once for all"])
    for deadly in itertools.count(1, every):
        root = folder / str(deadly)
        shutil.copytree(template, root)
        child = os.fork()
        if child == 0:
            edit(root, folder / f"{deadly}.told", deadly)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            (folder / "total").write_text(str(deadly))
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
