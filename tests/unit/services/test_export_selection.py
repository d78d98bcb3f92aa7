"""Exactly the selected examples are written, beside the exports of whole versions."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.made_workspace import make
from webtune_tui.services.curate import CurateService
from webtune_tui.services.export import Exported, ExportService
from webtune_tui.storage.workspace import Workspace


async def written(export: ExportService, only: list[str]) -> Exported:
    events = [one async for one in export.exporting(only=only)]
    assert isinstance(events[-1], Exported)
    return events[-1]


async def test_the_selected_are_written_in_order_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path / "workspace", 40)
    with Workspace.open(tmp_path / "workspace", command="test") as workspace:
        curate = CurateService(workspace)
        export = ExportService(workspace, curate)
        every = [one.example_id for one in (await curate.page(limit=40)).examples]
        chosen = [every[number] for number in (31, 2, 3, 10)]
        done = await written(export, chosen)
        assert done.examples == {"train": 2, "validation": 1, "test": 1}
        lineage = (done.paths["train"].parent / "lineage.jsonl").read_text().splitlines()
        assert [json.loads(line)["example_id"] for line in lineage] == [every[number] for number in (2, 3, 10, 31)]
        assert len(done.paths["train"].read_text().splitlines()) == 2
        assert (await written(export, chosen[::-1])).paths == done.paths
        other = await written(export, every[:1])
        assert other.paths["test"].parent != done.paths["test"].parent
        whole = [one async for one in export.exporting()][-1]
        assert isinstance(whole, Exported) and sum(whole.examples.values()) == 40
        assert whole.paths["train"].parent not in (done.paths["train"].parent, other.paths["train"].parent)
