"""Measures how much memory preparing takes, all of its processes together.

``python -m tests.benchmarks.prepare_memory [RECORDS]`` prints the peak. Pages that processes share count once (Linux:
the proportional set size), sampled ten times a second; the process that asks for the run is not counted.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import planted_records
from tests.benchmarks.import_throughput import import_into
from webtune_tui.domain.events import Prepared
from webtune_tui.services.prepare import PrepareService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Memory:
    """The peak in bytes, and what the run took and made."""

    peak: int
    records: int
    examples: int
    seconds: float


class _Watch:
    """The peak of all descendants of this process while the block runs."""

    def __enter__(self) -> _Watch:
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.1):
            self.peak = max(self.peak, sum(map(_size, _descendants(os.getpid()))))


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # it ended meanwhile
                continue
    found, open_ends = [], [root]
    while open_ends:
        above = open_ends.pop()
        below = [pid for pid, parent in parents.items() if parent == above]
        found += below
        open_ends += below
    return found


def _size(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def measure(records: int, workers: int = 2) -> Memory:
    """One run on made records."""
    folder = Path(tempfile.mkdtemp())
    try:
        source = folder / "products.ndjson"
        planted_records.write(source, records)
        with Workspace.open(folder / "workspace", command="benchmark") as workspace:
            asyncio.run(import_into(workspace, source, new=records, duplicates=0))
            source.unlink()

            async def run() -> Prepared:
                async with aclosing(PrepareService(workspace, Settings()).run(workers=workers)) as events:
                    async for event in events:
                        if isinstance(event, Prepared):
                            return event
                raise AssertionError("the run did not end")

            started = time.perf_counter()
            with _Watch() as watch:
                report = asyncio.run(run()).report
        return Memory(watch.peak, report.records, report.examples, time.perf_counter() - started)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def told(found: Memory) -> str:
    """The figures in one line."""
    return (
        f"{found.records:,} records to {found.examples:,} examples in {found.seconds:,.0f} s;"
        f" all processes together at most {found.peak / 1e6:,.0f} MB"
    )


if __name__ == "__main__":
    print(told(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
