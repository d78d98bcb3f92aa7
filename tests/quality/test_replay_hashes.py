"""Replay: same records, same recipe, same hash, whatever the order, workspace, workers and hash seed of the process."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import made_records
from tests.e2e.program import ROOT, Program
from tests.quality.planted.corpus import make_corpus
from webtune_tui.bootstrap import Services, open_services
from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.events import Prepared
from webtune_tui.domain.examples import Message, Split
from webtune_tui.settings import Settings

RECORDS = 2_000
FEW = 300
MANY = 100_000
SAME = ("content_hash", "records", "records_used", "examples", "dropped", "changed", "redacted", "duplicates", "splits")


def program(folder: Path, *, hash_seed: int, workspace: str = "workspace") -> Program:
    """The program of this source tree in processes that order their sets by another seed."""
    made = Program(folder, {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONHASHSEED": str(hash_seed)})
    return made.elsewhere(workspace)


def write(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), "utf-8")
    return path


def done(started: Program, *arguments: str, seconds: float = 110) -> dict[str, Any]:
    return started.json(*arguments, seconds=seconds).done()


def same_of(body: dict[str, Any]) -> dict[str, Any]:
    """What must not depend on how a run was made."""
    leak = {"leak": body["leak"], "tokens": body["tokens"]}
    return {name: body[name] for name in SAME} | leak


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Records of every kind of the labelled corpus, some of them brought twice."""
    rows = [json.dumps(one.row, ensure_ascii=False) + "\n" for one in make_corpus().records[:RECORDS]]
    return [*rows, *rows[:20]]


def test_another_order_workspace_worker_count_and_hash_seed_give_one_hash(lines: list[str], tmp_path: Path) -> None:
    one = program(tmp_path, hash_seed=0)
    done(one, "import", str(write(tmp_path / "rows.jsonl", lines)))
    first = done(one, "prepare")

    other = program(tmp_path, hash_seed=4_242, workspace="another place/of this")
    shuffled = list(lines)
    random.Random(5).shuffle(shuffled)
    for number, part in enumerate((shuffled[:300], shuffled[300:])):
        done(other, "import", str(write(tmp_path / "files" / f"part-{number}.jsonl", part)))
    assert same_of(done(other, "prepare", "--workers", "2")) == same_of(first)
    paths = [
        done(started, "dataset", "export", "--out", str(tmp_path / f"out-{number}"))["paths"]
        for number, started in enumerate((one, other))
    ]
    assert paths[0].keys() == paths[1].keys()
    for split in paths[0]:
        assert Path(paths[0][split]).read_bytes() == Path(paths[1][split]).read_bytes()


@asynccontextmanager
async def brought(folder: Path, lines: Sequence[str]) -> AsyncIterator[Services]:
    """A new workspace with these records."""
    async with open_services(folder / "workspace", Settings(), command="test") as services:
        async with aclosing(services.imports.run([write(folder / "rows.jsonl", lines)])) as importing:
            async for _ in importing:
                pass
        yield services


async def report_of(services: Services, **asked: Any) -> PrepareReport:
    events = [event async for event in services.prepare.run(**asked)]
    assert isinstance(events[-1], Prepared)
    return events[-1].report


async def edited(services: Services) -> list[str]:
    """Edits and drops by hand; answers the ids of the touched examples."""
    await report_of(services)
    page = await services.curate.page(limit=400)
    ids = [one.example_id for one in page.examples if one.split is Split.TRAIN][100:104]
    await services.curate.edit(ids[0], {"assistant": "Written anew by hand, [with] signs = and “quotes”."})
    await services.curate.edit(ids[1], {"system": "Be brief.\nBe kind."})
    await services.curate.drop(ids[2:])
    return ids


async def test_a_recipe_with_its_edits_gives_the_same_hash_in_another_workspace(
    lines: list[str], tmp_path: Path
) -> None:
    lines = lines[:FEW]
    async with brought(tmp_path / "one", lines) as one:
        ids = await edited(one)
        digest = (await one.curate.version()).content_hash
        assert (await report_of(one)).content_hash == digest
        recipe = one.workspace.recipe_path.read_text("utf-8")
    assert all(name in recipe for name in ids)
    async with brought(tmp_path / "two", lines[::-1]) as two:
        again = await report_of(two, recipe=write(tmp_path / "copied.toml", [recipe]))
        assert again.content_hash == digest
        assert not any("no longer" in note for note in again.notes)


async def test_an_edit_whose_example_is_gone_is_told_and_the_rest_applies(lines: list[str], tmp_path: Path) -> None:
    lines = lines[:FEW]
    async with brought(tmp_path / "one", lines) as one:
        ids = await edited(one)
        recipe = one.workspace.recipe_path.read_text("utf-8")
        (gone,) = await one.curate.lineage(ids[0])
    fewer = [line for number, line in enumerate(lines) if number != gone.position]
    async with brought(tmp_path / "two", fewer) as two:
        write(two.workspace.recipe_path, [recipe])
        told = [note for note in (await report_of(two)).notes if ids[0] in note]
        assert len(told) == 1 and "no longer" in told[0]
        by_id = {one.example_id: one for one in (await two.curate.page(limit=FEW)).examples}
        assert not {ids[0], *ids[2:]} & by_id.keys()
        assert by_id[ids[1]].messages[0] == Message("system", "Be brief.\nBe kind.")
        assert ids[0] in two.workspace.recipe_path.read_text("utf-8"), "the edit waits for its record to come back"
        # and it does come back
        async with aclosing(two.imports.run([write(tmp_path / "gone.jsonl", [lines[gone.position]])])) as importing:
            async for _ in importing:
                pass
        assert not any("no longer" in note for note in (await report_of(two)).notes)
        page = await two.curate.page(limit=FEW)
        assert next(one for one in page.examples if one.example_id == ids[0]).answer.startswith("Written anew")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_records_give_one_hash_with_one_and_two_workers(tmp_path: Path) -> None:
    made_records.write(tmp_path / "records.jsonl", MANY)
    rows = (tmp_path / "records.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "reversed.jsonl").write_bytes(b"".join(reversed(rows)))
    bodies = []
    for number, name in ((1, "records"), (2, "reversed")):
        started = program(tmp_path, hash_seed=number * 17, workspace=name)
        done(started, "import", str(tmp_path / f"{name}.jsonl"), seconds=400)
        bodies.append(done(started, "prepare", "--workers", str(number), seconds=400))
    assert bodies[0]["records"] == MANY
    assert same_of(bodies[0]) == same_of(bodies[1])
