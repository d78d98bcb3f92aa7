"""Measures how fast preparing is beside a Hugging Face ``datasets`` and ``datasketch`` pipeline on the same records.

``python -m tests.benchmarks.prepare_throughput [RECORDS]`` prints records a second, ratios to the peer and to parsing
the file alone with orjson, and what each step takes alone. The peer is ``prepare_peer.py``; *its work* is exact
and near de-duplication, exact token counts, chat rows and the split, for which all other steps are switched off here;
the *whole* recipe is the default one. Ours splits by groups of similar prompts and answers in any case, so the peer is
measured twice: where it does the same, which the ratios count by, and where it splits at random, which is less work and
leaks. Ours is measured from the records in the workspace, and once more with their import. Both are programs of their
own whose start and imports count: that is what a person waits for. All are measured in turn, in one run, and both are
judged by the key of the planted copies.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks import planted_records
from tests.benchmarks.import_throughput import import_into, parse_alone
from webtune_tui.domain.events import Prepared
from webtune_tui.pipeline.base import Draft, Surveying
from webtune_tui.pipeline.recipe import Recipe, default_recipe
from webtune_tui.pipeline.run import Assembly, draft_steps
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.prepare import PrepareService
from webtune_tui.services.prepare_map import drafts_of_rows
from webtune_tui.settings import Settings
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

_PEERS_WORK = ("exact_duplicates", "near_duplicates")
_SECOND_PEER = "WEBTUNE_DATATROVE_PYTHON"
_STEPPED = 5_000  # records for the table of steps


@dataclass(frozen=True, slots=True)
class Judged:
    """What a pipeline found: ``recall`` of the planted near copies, and how many distinct records it ``lost``."""

    seconds: float
    recall: float
    exact_recall: float
    lost: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """Seconds of everything in one round over so many records."""

    records: int
    megabytes: float
    parsing: float
    importing: float
    peer: Judged
    at_random: Judged
    ours: Judged
    whole: Judged
    second: Judged | None = None

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer its work is done."""
        return self.peer.seconds / self.ours.seconds

    @property
    def whole_ratio(self) -> float:
        """How many times as fast as the peer's work the whole recipe is."""
        return self.peer.seconds / self.whole.seconds


def measure(records: int) -> Throughput:
    """Everything in turn."""
    folder = Path(tempfile.mkdtemp())
    try:
        source = folder / "products.ndjson"
        planted = planted_records.write(source, records)
        parsing = _seconds(lambda: parse_alone(source))
        with Workspace.open(folder / "workspace", command="benchmark") as workspace:
            importing = _seconds(lambda: asyncio.run(import_into(workspace, source, new=records, duplicates=0)))
            peer = _of_peer(source, folder / "peer", planted, records, "groups")
            at_random = _of_peer(source, folder / "random", planted, records, "random")
            second = _of_second_peer(source, folder / "second", planted, records)
            ours = _of_ours(workspace, planted, records, _peers_recipe(folder / "peer.toml"))
            whole = _of_ours(workspace, planted, records, _file(folder / "whole.toml", ""))
        return Throughput(
            records, source.stat().st_size / 1e6, parsing, importing, peer, at_random, ours, whole, second
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _peers_recipe(path: Path) -> Path:
    """The default recipe without what the peer does not do."""
    others = [choice.name for choice in default_recipe().steps if choice.name not in _PEERS_WORK]
    return _file(path, "".join(f"[steps.{name}]\nenabled = false\n" for name in others))


def _file(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _of_peer(source: Path, folder: Path, planted: planted_records.Planted, records: int, split: str) -> Judged:
    folder.mkdir()
    os.sync()  # nobody pays for what the one before has left to write
    command = [sys.executable, "-m", "tests.benchmarks.prepare_peer", str(source), str(folder)]
    asked = [*command, str(time.monotonic()), split]
    told = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    return _judged(told["seconds"], told["kept"], planted, records)


def _of_second_peer(source: Path, folder: Path, planted: planted_records.Planted, records: int) -> Judged | None:
    """datatrove on near-copies alone, where its environment is named; see ``prepare_second_peer``."""
    python = os.environ.get(_SECOND_PEER)
    if not python:
        return None
    folder.mkdir()
    os.sync()
    script = str(Path(__file__).with_name("prepare_second_peer.py"))
    command = [python, script, str(source), str(folder), str(time.monotonic())]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    told = json.loads(subprocess.run(command, check=True, capture_output=True, env=clean).stdout)
    return _judged(told["seconds"], told["kept"], planted, records)


def _of_ours(workspace: Workspace, planted: planted_records.Planted, records: int, recipe: Path) -> Judged:
    async def run() -> None:
        async with aclosing(PrepareService(workspace, Settings()).run(recipe=recipe)) as events:
            async for event in events:
                if isinstance(event, Prepared):
                    return
        raise AssertionError("the run did not end")

    os.sync()
    seconds = _seconds(lambda: asyncio.run(run()))
    store, queries = DatasetStore(workspace.database), RecordQueries(workspace.database)
    head = store.head()
    assert head is not None
    ids = [record for example in store.stream(head) for record in example.record_ids]
    kept = [position for _, position in queries.places(ids).values()]
    return _judged(seconds, kept, planted, records)


def _judged(seconds: float, kept: Collection[int], planted: planted_records.Planted, records: int) -> Judged:
    stays = set(kept)
    involved = {*planted.pairs, *planted.pairs.values()}

    def found(copies: dict[int, int]) -> float:
        return 1 - sum(1 for copy, of in copies.items() if copy in stays and of in stays) / max(len(copies), 1)

    lost = sum(1 for number in range(records) if number not in stays and number not in involved)
    lost += sum(1 for copy, of in planted.pairs.items() if copy not in stays and of not in stays)
    return Judged(seconds, found(planted.near), found(planted.exact), lost)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def steps_alone(records: int = _STEPPED) -> list[tuple[str, float]]:
    """Microseconds of processor time a record that each step takes in the default recipe, by leaving it out."""
    folder = Path(tempfile.mkdtemp())
    try:
        source = folder / "products.ndjson"
        planted_records.write(source, records)
        with Workspace.open(folder / "workspace", command="benchmark") as workspace:
            asyncio.run(import_into(workspace, source, new=records, duplicates=0))
            batches = list(RecordQueries(workspace.database).between(None, None, 256, 4_000_000))
            drafts = [drafts_of_rows(batch) for batch in batches]
        return [
            ("read and parse", _microseconds(lambda: [drafts_of_rows(batch) for batch in batches], records)),
            *_of_steps(drafts, records),
            *_of_building(drafts, records),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of_steps(drafts: list[list[Draft]], records: int) -> list[tuple[str, float]]:
    recipe, counter = default_recipe(), BundledCounter()
    found = []
    steps = draft_steps(recipe, counter)
    for number, step in enumerate(steps):
        before = Assembly(recipe, counter, steps=steps[:number], with_sketches=False)
        seen = [before.seen(batch, step.stage) for batch in drafts]
        if isinstance(step, Surveying):
            observed = [step.observe(batch) for batch in seen]
            step = step.learned(observed)
            steps = (*steps[:number], step, *steps[number + 1 :])

        def work(step: object = step, seen: list[list[Draft]] = seen) -> None:
            for batch in seen:
                for draft in batch:
                    step.apply(draft)  # type: ignore[attr-defined]  # a step

        found.append((step.name, _microseconds(work, records)))
    return found


def _of_building(drafts: list[list[Draft]], records: int) -> list[tuple[str, float]]:
    """Builder with token counts, and signatures, by what they add."""
    bare = replace(default_recipe(), steps=())
    built = _mapping(bare, drafts, records, with_sketches=False)
    return [
        ("build, count tokens, encode", built),
        ("signatures of near-duplicates", _mapping(bare, drafts, records, with_sketches=True) - built),
    ]


def _mapping(recipe: Recipe, drafts: list[list[Draft]], records: int, *, with_sketches: bool) -> float:
    assembly = Assembly(recipe, BundledCounter(), steps=(), with_sketches=with_sketches)
    return _microseconds(lambda: [assembly.map_batch(batch) for batch in drafts], records)


def _microseconds(work: Callable[[], object], records: int) -> float:
    work()
    started = time.process_time()
    work()
    return (time.process_time() - started) / records * 1e6


def told(found: Throughput) -> str:
    """The figures as a table."""
    rows = [
        ("parsing alone (orjson)", found.parsing, None),
        ("datasets + datasketch", found.peer.seconds, found.peer),
        ("the same, split at random", found.at_random.seconds, found.at_random),
        ("its work", found.ours.seconds, found.ours),
        ("its work, import included", found.ours.seconds + found.importing, found.ours),
        ("whole default recipe", found.whole.seconds, found.whole),
        ("whole, import included", found.whole.seconds + found.importing, found.whole),
    ]
    if found.second is not None:
        rows.insert(3, ("datatrove, near-copies alone", found.second.seconds, found.second))
    lines = [f"{found.records:,} records, {found.megabytes:,.0f} MB"]
    for name, seconds, judged in rows:
        line = f"  {name:28}{seconds:8.1f} s {found.records / seconds:10,.0f} records/s"
        line += f" {found.megabytes / seconds:7.1f} MB/s {found.peer.seconds / seconds:6.2f} x the peer"
        line += f" {seconds / found.parsing:6.1f} x parsing alone"
        if judged:
            line += f"; near {judged.recall:.4f}, exact {judged.exact_recall:.4f}, lost {judged.lost}"
        lines.append(line)
    return "\n".join(lines)


def told_steps(found: list[tuple[str, float]], parsing: float) -> str:
    """The steps as a table, beside the microseconds of parsing a record alone."""
    size = 1_685  # bytes of a record
    lines = []
    for name, taken in found:
        rate = 1 / max(taken, 0.01)  # records a microsecond
        lines.append(
            f"  {name:32}{taken:8.1f} us a record {1e6 * rate:12,.0f} records/s {size * rate:8.0f} MB/s"
            f" {taken / parsing:6.1f} x parsing alone"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    measured = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    print(told(measured))
    print(told_steps(steps_alone(), measured.parsing / measured.records * 1e6))
