"""Measures how fast triage is beside parsing the file alone with orjson and beside preparing the same records.

``python -m tests.benchmarks.triage_throughput [RECORDS]`` prints records a second and both ratios. Triage looks
at the raw pairs and at the version that was prepared of them just before. All are measured in turn, in one run.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import planted_records
from tests.benchmarks.import_throughput import import_into, parse_alone
from webtune_tui.domain.triage import TriageReport
from webtune_tui.services.prepare import PrepareService
from webtune_tui.services.triage import Triaged, TriageService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Throughput:
    """Seconds of each in one round, and what triage found."""

    records: int
    megabytes: float
    parsing: float
    preparing: float
    triage: float
    copies: int
    report: TriageReport

    @property
    def of_preparing(self) -> float:
        """The time of a triage as a share of that of preparing."""
        return self.triage / self.preparing

    @property
    def of_parsing(self) -> float:
        """The time of a triage as a multiple of that of parsing the file alone."""
        return self.triage / self.parsing


def measure(records: int) -> Throughput:
    """Everything in turn."""
    folder = Path(tempfile.mkdtemp())
    try:
        source = folder / "products.ndjson"
        planted = planted_records.write(source, records)
        parsing, _ = _timed(lambda: parse_alone(source))
        with Workspace.open(folder / "workspace", command="benchmark") as workspace:
            asyncio.run(import_into(workspace, source, new=records, duplicates=0))
            preparing, _ = _timed(lambda: asyncio.run(_last(PrepareService(workspace, Settings()).run())))
            looking, last = _timed(lambda: asyncio.run(_last(TriageService(workspace, Settings()).run())))
        assert isinstance(last, Triaged)
        megabytes = source.stat().st_size / 1e6
        return Throughput(records, megabytes, parsing, preparing, looking, len(planted.pairs), last.report)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _last(events: AsyncGenerator[Any, None]) -> Any:
    last = None
    async with aclosing(events):
        async for event in events:
            last = event
    return last


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def told(found: Throughput) -> str:
    """The figures in one line."""
    return (
        f"{found.records:,} records, {found.megabytes:,.0f} MB, in {found.triage:.1f} s"
        f" ({found.records / found.triage:,.0f} records/s, {found.megabytes / found.triage:.0f} MB/s):"
        f" {found.of_preparing:.2f} x the time of preparing, {found.of_parsing:.0f} x that of parsing alone"
    )


if __name__ == "__main__":
    print(told(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)))
