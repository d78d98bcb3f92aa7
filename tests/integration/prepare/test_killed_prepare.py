"""Kill -9 while preparing: the version before or the new one is whole, and the next run gives what it always gives."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.events import Prepared
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_run import PrepareRun
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are POSIX")

ROOT = Path(__file__).parents[3]


def prepare(root: Path) -> str:
    """Prepares a workspace; answers the hash of its content."""
    with Workspace.open(root, command="test") as workspace:
        last = list(PrepareRun(workspace, BundledCounter(), PrepareRequest(workers=1)).events())[-1]
    assert isinstance(last, Prepared)
    return last.report.content_hash


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)], ids=["some steps", "every step"])
def test_killed_at_any_step_a_whole_version_is_there_and_the_next_run_gives_the_same(
    tmp_path: Path, every: int
) -> None:
    template = tmp_path / "template"
    with Workspace.open(template, command="test") as workspace:
        add_records(workspace, [product(number) for number in range(14)])
    before = prepare(template)
    with Workspace.open(template, command="test") as workspace:
        add_records(workspace, [product(number) for number in range(14, 30)], "c-2")
    shutil.copytree(template, tmp_path / "alive")
    after = prepare(tmp_path / "alive")
    assert before != after
    killed = tmp_path / "killed"
    killed.mkdir()
    program = [sys.executable, "-W", "ignore", "-m", "tests.integration.prepare.killed_program"]
    subprocess.run([*program, str(template), str(killed), str(every)], check=True, timeout=300, cwd=ROOT)
    total = int((killed / "total").read_text())
    assert total > 10
    found = [left_whole(killed / str(step), after) for step in range(1, total, every)]
    assert set(found) == {before, after} if every == 1 else set(found) <= {before, after}


def left_whole(root: Path, wanted: str) -> str:
    """The version that the killed run left, after the next run gave what was wanted and tidied up."""
    with Workspace.open(root, command="test") as workspace:
        head = DatasetStore(workspace.database).head()
        assert head is not None
        stored = list(DatasetStore(workspace.database).stream(head))
        assert len(stored) == head.totals.content.count
        left = head.content_hash
    assert prepare(root) == wanted
    assert not list(root.glob("*.waiting")) and not list(root.rglob("*.part*"))
    with Workspace.open(root, command="test") as workspace, workspace.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM builds WHERE is_whole = 0").fetchone()[0] == 0
    return left
