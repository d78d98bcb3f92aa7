"""Kill -9 at the lines of a deletion: the next start finds all of the collection, or nothing of it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.services.deliveries import bring
from webtune_tui.bootstrap import open_services
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are POSIX")
BEFORE = [("a", 1, None, "c1"), ("b", 1, 3, "c1"), ("b", 2, 5, "c2"), ("x", 1, None, "c2"), ("b", 3, None, "c3")]
AFTER = [("a", 1, None, "c1"), ("b", 1, 5, "c1"), ("x", 1, None, "c3"), ("b", 3, None, "c3")]


def make_workspace(root: Path) -> None:
    with Workspace.open(root, command="test") as workspace:
        bring(workspace, "c1", [{"k": "a", "v": 1}, {"k": "b", "v": 1}], created_at="2026-11-22T13:00:00.000Z")
        bring(
            workspace,
            "c2",
            [{"k": "b", "v": 2}, {"k": "x", "v": 1}, {"k": "a", "v": 1}],
            created_at="2026-11-22T14:00:00.000Z",
        )
        bring(workspace, "c3", [{"k": "b", "v": 3}, {"k": "x", "v": 1}], created_at="2026-11-22T15:00:00.000Z")
        (workspace.raw_folder("c2") / "pages").mkdir()
        (workspace.raw_folder("c2") / "pages" / "1.html").write_text("<p>one</p>")


async def killed_at(tmp_path: Path, points: int) -> Counter[str]:
    make_workspace(tmp_path / "template")
    program = Path(__file__).with_name("killed_deletion.py")
    (tmp_path / "runs").mkdir()
    arguments = [sys.executable, "-W", "ignore", str(program), str(tmp_path / "template"), str(tmp_path / "runs")]
    subprocess.run([*arguments, str(points)], check=True, timeout=600)
    assert (tmp_path / "runs" / "total").exists()
    runs = [path for path in (tmp_path / "runs").iterdir() if path.name.isdigit()]
    return Counter([await after_the_kill(run, files_of(tmp_path / "template" / "raw" / "c2")) for run in runs])


async def after_the_kill(root: Path, files: dict[str, bytes]) -> str:
    async with open_services(root, Settings(), command="next start") as services:
        raw = services.workspace.root / "raw"
        with services.workspace.database.read() as connection:
            rows = connection.execute(
                "SELECT key, fields ->> '$.v', superseded_by, collection_id FROM records ORDER BY record_id"
            ).fetchall()
            (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
            assert (whole, connection.execute("PRAGMA foreign_key_check").fetchall()) == ("ok", [])
        known = [one.collection_id for one in await services.collect.collections()]
        found = [tuple(row) for row in rows]
        assert not (raw / ".deleted").exists()
        if "c2" in known:
            assert found == BEFORE and files_of(raw / "c2") == files
            assert (await services.origins.of_record(4)).raw.text == '{"k": "x", "v": 1}'
            await services.origins.delete("c2")
            return "before"
        assert found == AFTER and not (raw / "c2").exists()
        assert (await services.origins.of_record(4)).raw.text == '{"k": "x", "v": 1}'
        return "after"


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_a_deletion_killed_at_points_spread_over_it_leaves_all_or_nothing(tmp_path: Path) -> None:
    ends = await killed_at(tmp_path, 40)
    assert ends["before"] > 5 and ends["after"] > 5


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_deletion_killed_at_any_line_leaves_all_or_nothing(tmp_path: Path) -> None:
    ends = await killed_at(tmp_path, 0)
    assert ends["before"] > 50 and ends["after"] > 20
