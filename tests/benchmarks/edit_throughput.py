"""Measures a bulk drop and its undo beside the bare statements, and what one edit takes until it is durable.

``python -m tests.benchmarks.edit_throughput [EXAMPLES] [DROPPED]``. The floors, in the same process and on the same
file: the bare UPDATE of so many rows with its commit, and reading and hashing the texts of so many rows, without which
no new content hash is known.
"""

from __future__ import annotations

import math
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.made_workspace import make
from webtune_tui.domain.edit_steps import Edited
from webtune_tui.domain.examples import body_digest_of_bytes
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.services.editor import Editor
from webtune_tui.storage.files import write_text
from webtune_tui.storage.workspace import Workspace

_ROUNDS = 3
_SINGLE = 20
_NEVER = 999_999_999


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds: the best round of each; of one edit the median."""

    dropped: int
    update: float
    reading: float
    drop: float
    undo: float
    redo: float
    tag: float
    one_edit: float
    one_floor: float

    @property
    def one_of_floor(self) -> float:
        """The time of one edit as a multiple of two bare transactions and a file written whole."""
        return self.one_edit / self.one_floor

    @property
    def drop_of_floor(self) -> float:
        """The time of the drop as a multiple of the bare statements'."""
        return self.drop / (self.update + self.reading)

    @property
    def undo_of_floor(self) -> float:
        """The time of the undo as a multiple of the bare statements'."""
        return self.undo / (self.update + self.reading)


def measure(examples: int, dropped: int) -> Found:
    """All in turn, several rounds."""
    folder = Path(tempfile.mkdtemp())
    try:
        make(folder / "workspace", examples)
        with Workspace.open(folder / "workspace", command="benchmark") as workspace:
            return _measured(workspace, dropped)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measured(workspace: Workspace, dropped: int) -> Found:
    editor = Editor(workspace)
    # the made examples have 200 tokens and more, exponentially fewer of many
    share = editor.version(None).totals.content.count / dropped
    where = Selection(where=f"tokens > {200 + round(150 * math.log(share))}")
    dropped = editor.count(where)
    times: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        times.setdefault(name, []).append(time.perf_counter() - started)

    start = editor.version(None).content_hash
    timed("update", lambda: _bare_update(workspace, dropped))
    _take_back(workspace)
    for _ in range(_ROUNDS):
        timed("reading", lambda: _bare_reading(workspace, dropped))
        timed("drop", lambda: _apply(editor, "drop", where))
        timed("undo", editor.undo)
        timed("redo", editor.redo)
        editor.undo()
        assert editor.version(None).content_hash == start
        timed("tag", lambda: list(editor.run(operation_of("tag", tag="long"), where)))
        editor.undo()
    for number in range(_SINGLE):
        chosen = Selection.of(f"ex-{number + 1:016x}")
        timed("one floor", partial(_bare_edit, workspace))
        timed("one", partial(_apply, editor, "drop", chosen))
    best = {name: min(seconds) for name, seconds in times.items()}
    return Found(
        dropped,
        best["update"],
        best["reading"],
        best["drop"],
        best["undo"],
        best["redo"],
        best["tag"],
        statistics.median(times["one"]),
        statistics.median(times["one floor"]),
    )


def _apply(editor: Editor, name: str, selection: Selection) -> None:
    *_, last = editor.run(operation_of(name), selection)
    assert isinstance(last, Edited) and last.result.count


def _bare_update(workspace: Workspace, rows: int) -> None:
    with workspace.database.write() as connection:
        connection.execute("UPDATE examples SET until = ? WHERE row_id > 100 AND row_id <= ?", (_NEVER, 100 + rows))


def _bare_edit(workspace: Workspace) -> None:
    """What is durable of an edit: a transaction, the recipe, a note that it was written."""
    with workspace.database.write() as connection:
        connection.execute("UPDATE examples SET until = ? WHERE row_id = 1", (_NEVER,))
    write_text(workspace.root / "bare.toml", workspace.recipe_path.read_text("utf-8"))
    with workspace.database.write() as connection:
        connection.execute("UPDATE examples SET until = NULL WHERE row_id = 1")


def _take_back(workspace: Workspace) -> None:
    with workspace.database.write() as connection:
        connection.execute("UPDATE examples SET until = NULL WHERE until = ?", (_NEVER,))


def _bare_reading(workspace: Workspace, rows: int) -> int:
    with workspace.database.read() as connection:
        cursor = connection.execute(
            "SELECT CAST(messages AS BLOB) FROM bodies WHERE body_id > 100 AND body_id <= ?", (100 + rows,)
        )
        return sum(body_digest_of_bytes(row[0], "train") for row in cursor)


def told(found: Found) -> str:
    """The figures in a line."""
    return (
        f"drop of {found.dropped:,} {found.drop:.2f} s ({found.drop_of_floor:.1f} times the bare UPDATE"
        f" {found.update:.2f} s + reading and hashing {found.reading:.2f} s), undo {found.undo:.2f} s"
        f" ({found.undo_of_floor:.1f}), redo {found.redo:.2f} s, tag {found.tag:.2f} s,"
        f" one edit {1000 * found.one_edit:.1f} ms"
        f" ({found.one_of_floor:.1f} times two bare transactions and a file)"
    )


if __name__ == "__main__":
    print(told(measure(*(int(one) for one in [*sys.argv[1:3], "1000000", "100000"][:2]))))
