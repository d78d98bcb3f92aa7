"""Measures how fast a version's statistics are counted, beside one streaming pass that parses the same rows.

``python -m tests.benchmarks.statistics_throughput [EXAMPLES]`` prints examples a second, the ratio to the pass alone,
the memory of the program that counts, and what opening again and opening after an edit takes.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.examples import Message, Split, body_digest, encode_messages
from webtune_tui.domain.statistics import DatasetStatistics
from webtune_tui.services.statistics import WORKER, StatisticsReady, StatisticsService
from webtune_tui.storage.dataset_types import BuildReport, Change, ExampleRow, StoredExample, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

_WORDS = [f"{head}{tail}" for head in ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "za"] for tail in
          ["lder", "nting", "rker", "stle", "mbra", "xon", "pper", "dling", "shta", "venor"]]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Throughput:
    """Seconds of each, the most memory of the program in MB, and what was counted."""

    examples: int
    passing: float
    counting: float
    again: float
    edited: float
    megabytes: float
    found: DatasetStatistics

    @property
    def of_passing(self) -> float:
        """The time of counting as a multiple of that of the pass alone."""
        return self.counting / self.passing


def measure(examples: int) -> Throughput:
    """Everything in turn, in a workspace of its own."""
    folder = Path(tempfile.mkdtemp())
    try:
        with Workspace.open(folder / "workspace", command="benchmark") as workspace:
            fill(workspace, examples)
            store = DatasetStore(workspace.database)
            passing = _seconds_of_program(workspace, _PASS)
            service = StatisticsService(workspace)
            memory = _Memory()
            started = time.perf_counter()
            found = asyncio.run(_of(service, memory))
            counting = time.perf_counter() - started
            started = time.perf_counter()
            asyncio.run(service.of())
            again = time.perf_counter() - started
            _drop_one(store)
            started = time.perf_counter()
            asyncio.run(_of(service, _Memory()))
            edited = time.perf_counter() - started
        return Throughput(examples, passing, counting, again, edited, memory.most / 1e6, found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(workspace: Workspace, examples: int) -> None:
    """A build of invented examples of about 1.7 KB, each made of a record."""
    rng = random.Random(7)
    store = DatasetStore(workspace.database)
    with workspace.database.write() as connection:
        connection.execute(
            "INSERT INTO collections (collection_id, source, label, state, created_at, updated_at)"
            " VALUES ('c-1', 'files', 'made', 'ready', '2026-11-01T00:00:00Z', '2026-11-01T00:00:00Z')"
        )
        connection.executemany(
            "INSERT INTO records (record_id, position, key, content_hash, url, collected_at, fields, collection_id,"
            " kind) VALUES (?, ?, ?, ?, ?, ?, ?, 'c-1', 'data')",
            _records(examples, random.Random(3)),
        )
    build = store.begin_build()
    total, tokens, splits = 0, 0, dict.fromkeys(("train", "validation", "test"), 0)
    rows: list[ExampleRow] = []
    for number in range(examples):
        split = "test" if number % 10 == 9 else "validation" if number % 10 == 8 else "train"
        words = rng.choices(_WORDS, k=round(rng.lognormvariate(5.2, 0.6)))
        messages = encode_messages((Message("user", f"Tell of item {number}"), Message("assistant", " ".join(words))))
        count = len(words) + 10
        flags = "edited near-duplicate" if number % 50 == 0 else ""
        rows.append((number, f"ex-{number:016x}", split, messages, count, flags, str(number + 1), "", "files"))
        total = (total + body_digest(messages, split)) % (1 << 512)
        tokens, splits[split] = tokens + count, splits[split] + 1
        if len(rows) == 2_000:
            store.add_rows(build, rows)
            rows = []
    store.add_rows(build, rows)
    content = type(Totals().content)(total, examples)
    store.seal(build, Totals(content, **splits, tokens=tokens), "o200k_base")
    report = PrepareReport(
        "", "", examples, examples, examples, {}, {}, {}, {"exact": 0, "near": 0, "clusters": 0}, splits,
        {"shared_clusters": 0, "random_split_rate": 0.0}, {"total": tokens, "encoding": "o200k_base"}, 1.0,
    )  # fmt: skip
    store.publish(build, BuildReport("", "o200k_base", json.dumps(asdict(report)), "made"))


def _records(examples: int, rng: random.Random) -> Iterator[tuple[object, ...]]:
    for number in range(examples):
        fields = {"title": f"Item {number}", "description": "x" * 400, "brand": "Made" if number % 3 else None}
        moment = f"2026-{1 + number % 11:02}-{1 + number % 27:02}T10:00:00Z"
        url = f"https://shop{rng.randrange(300)}.example/{number}"
        yield number + 1, number, f"k{number:09}", f"{number:032x}", url, moment, json.dumps(fields)


_PASS = """
import sys
from pathlib import Path
from webtune_tui.storage.database import Database
from webtune_tui.storage.datasets import DatasetStore
store = DatasetStore(Database(Path(sys.argv[1]), read_only=True))
for one in store.stream(store.head()):
    one.to_example()
"""


def _seconds_of_program(workspace: Workspace, code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(workspace.database.path)], check=True)
    return time.perf_counter() - started


async def _of(service: StatisticsService, memory: _Memory) -> DatasetStatistics:
    memory.start()
    try:
        *_, last = [event async for event in service.run()]
        assert isinstance(last, StatisticsReady)
        return last.statistics
    finally:
        memory.stop()


def _drop_one(store: DatasetStore) -> None:
    head = store.head()
    assert head is not None
    one: StoredExample = next(iter(store.stream(head)))
    assert one.split is Split.TRAIN
    store.commit(head, [Change(one, None)], action="edit", operation={"drop": [one.example_id]})


class _Memory:
    """The most resident memory of the program that counts, looked at ten times a second."""

    def __init__(self) -> None:
        self.most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if WORKER.encode() in (process / "cmdline").read_bytes():
                        status = (process / "status").read_text()
                        line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
                        self.most = max(self.most, int(line.split()[1]) * 1024)
                except (OSError, StopIteration):
                    continue


def told(found: Throughput) -> str:
    """The figures in one line."""
    return (
        f"{found.examples:,} examples in {found.counting:.1f} s ({found.examples / found.counting:,.0f} a second),"
        f" {found.of_passing:.1f} x one pass over them ({found.passing:.1f} s), {found.megabytes:.0f} MB;"
        f" again {1000 * found.again:.0f} ms, after an edit {1000 * found.edited:.0f} ms"
    )


if __name__ == "__main__":
    print(told(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
