"""Kill -9 while editing: what was told done is there, the recipe says the same, and both can be gone on with."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_editing import conversation, prepare
from webtune_tui.services.editor import Editor
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are POSIX")

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("every", [41, pytest.param(1, marks=pytest.mark.slow)], ids=["some steps", "every step"])
def test_killed_at_any_step_nothing_is_lost_that_was_told_done(tmp_path: Path, every: int) -> None:
    template, killed = tmp_path / "template", tmp_path / "killed"
    with Workspace.open(template, command="test") as workspace:
        add_records(workspace, [*(product(number) for number in range(8)), *map(conversation, range(3))])
        start = prepare(workspace)
    killed.mkdir()
    program = [sys.executable, "-W", "ignore", "-m", "tests.integration.prepare.killed_edits"]
    subprocess.run([*program, str(template), str(killed), str(every)], check=True, timeout=300, cwd=ROOT)
    total = int((killed / "total").read_text())
    assert total > 40
    whole = [start, *(killed / f"{total}.told").read_text().split()]
    assert len(whole) == 10
    for step in range(1, total, every):
        told = [start, *(killed / f"{step}.told").read_text().split()]
        found = left_whole(killed / str(step), is_prepared=step % 7 == 0)
        # one step, or a walk as a whole, may have been stored and not told yet
        allowed = {told[-1], *whole[len(told) : len(told) + 1]}
        assert found in allowed and told == whole[: len(told)]


def left_whole(root: Path, *, is_prepared: bool) -> str:
    """The version that was left; the recipe and the history agree with it, and it can be walked to both ends."""
    with Workspace.open(root, command="test") as workspace:
        editor = Editor(workspace)
        head = editor.version(None)
        recipes = Recipes(workspace.recipe_path, editor.store)
        recipes.reconcile()
        edits = tomllib.loads(workspace.recipe_path.read_text()).get("edits", [])
        assert edits == recipes.applied()
        counted = list(editor.store.stream(head))
        assert head.totals.content.total == sum(one.digest for one in counted) % (1 << 512)
        if is_prepared:
            assert prepare(workspace) == head.content_hash
        applied = len(edits)
        editor.goto(0)
        assert editor.goto(applied).version.content_hash == head.content_hash
        return head.content_hash
