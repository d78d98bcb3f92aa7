"""Triage in several processes: what one process tells, whatever became of the records since the version was made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_prepare import prepare
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.recipe import default_recipe
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.curate import CurateService
from webtune_tui.services.triage import Triaged, TriageService, report_from
from webtune_tui.services.triage_part import Others, Stretch, TriageMaker, TriageSetting
from webtune_tui.settings import Settings
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

COUNT = 120
IN_MANY_PARTS = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from webtune_tui.domain.events import Progressed
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services import triage_run
from webtune_tui.storage.database import Database
from webtune_tui.storage.workspace import Workspace
triage_run._RANGE, triage_run._EXAMPLES, triage_run._EVENTS_APART = 25, 2, 0.0
root = Path(sys.argv[1])
database = Database(root / "workspace.db", read_only=True)
run = triage_run.TriageRun(Workspace(root, database, None, None), BundledCounter(), 2)
*events, report = run.events()
database.close()
print(json.dumps([sorted({event.stage for event in events}), asdict(report)]))
"""


async def look(workspace: Workspace) -> TriageReport:
    async with aclosing(TriageService(workspace, Settings()).run()) as events:
        *_, last = [event async for event in events]
    assert isinstance(last, Triaged)
    return last.report


def look_in_many_parts(workspace: Workspace) -> tuple[list[str], TriageReport]:
    """By two processes with another seed of hashes."""
    program = [sys.executable, "-c", IN_MANY_PARTS, str(workspace.root)]
    ended = subprocess.run(program, env=os.environ | {"PYTHONHASHSEED": "7"}, check=True, capture_output=True)
    stages, body = json.loads(ended.stdout)
    return stages, report_from(body)


def tile(report: TriageReport, name: str) -> Tile:
    return next(one for one in report.tiles if one.name == name)


async def test_two_processes_tell_what_one_tells_even_of_examples_whose_records_are_gone(tmp_path: Path) -> None:
    rows = [product(number) for number in range(COUNT)]
    rows += [product(number, asin=f"C{number:06d}") for number in range(0, COUNT, 10)]
    rows += [product(200 + number, description="N/A") for number in range(7)]
    mail = "Write to me{0}@mail.example.org about the {0} chairs and the {0} tables."
    rows += [product(300 + number, description=mail.format(number)) for number in range(9)]
    with Workspace.open(tmp_path / "workspace", command="test") as workspace:
        add_records(workspace, rows)
        await prepare(workspace)
        curate = CurateService(workspace)
        ids = [example.example_id for example in (await curate.page(limit=40)).examples]
        await curate.edit(ids[9], {"assistant": "Write to john.smith@gmail.com or call her."})
        await curate.drop(ids[15:17])
        with workspace.database.write() as connection:  # their examples stay in the version
            connection.execute("DELETE FROM records WHERE key IN (SELECT key FROM records ORDER BY key LIMIT 5)")
        report = await look(workspace)
        stages, in_parts = look_in_many_parts(workspace)
    assert replace(in_parts, created="", seconds=0) == replace(report, created="", seconds=0)
    assert stages == ["checking", "comparing", "reading", "surveying"]
    assert report.pairs == report.records == len(rows) - 5
    assert report.examples == len(rows) - 12 - 7 - 2
    assert tile(report, "placeholders").before == 7 and tile(report, "placeholders").after == 0
    assert tile(report, "duplicates").before >= 11 and tile(report, "duplicates").after == 0
    private = tile(report, "personal_data")
    assert (private.before, private.after, private.mends) == (9, 1, 1)
    assert [one for one, _ in private.rows_left] == [ids[9]]


async def test_each_example_of_the_version_is_judged_once_and_as_if_by_itself(tmp_path: Path) -> None:
    rows = [
        product(number, description=text) for number, text in enumerate(["Call +1 (212) 555-0142.", "N/A", "Tiny."])
    ]
    rows += [product(10 + number) for number in range(12)]
    with Workspace.open(tmp_path / "workspace", command="test") as workspace:
        add_records(workspace, rows)
        off = tmp_path / "off.toml"
        names = ("placeholder_rows", "redact", "substance", "normalise_text")
        off.write_text("".join(f"[steps.{name}]\nenabled = false\n" for name in names), encoding="utf-8")
        await prepare(workspace, recipe=off)
        store = DatasetStore(workspace.database)
        head = store.head()
        setting = TriageSetting(workspace.database.path, workspace.root, default_recipe(), BundledCounter(), head)
        assert head is not None
        maker = TriageMaker(setting)
        (looked,) = maker.look(Stretch(b"", None, None))
        alone = maker.look_at_others(Others(b"", list(store.ids_in_order(head))))
        maker.close()
    assert looked.version == alone == looked.raw
    assert {name for name, tally in alone.tallies.items() if tally.count} == {"personal_data", "placeholders", "length"}
