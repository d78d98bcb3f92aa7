"""Measures how fast an import is beside the least work that could be called one.

``python -m tests.benchmarks.import_throughput`` prints records a second and ratios. The floor parses the same NDJSON
with orjson and inserts position and line into SQLite, in batches of the same size, on a connection with the same
pragmas. Importing does more: it copies and hashes the file, checks each line, hashes each record, looks up its key,
keeps where its bytes lie, maintains two indexes and profiles the fields. All are measured in turn, in one run.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import orjson

from tests.benchmarks import made_records
from webtune_tui.domain.events import Imported
from webtune_tui.services.import_files import ImportService
from webtune_tui.settings import Settings
from webtune_tui.storage.database import Database
from webtune_tui.storage.records import BATCH
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Throughput:
    """Medians in records a second; ``ratio`` and ``again_ratio`` are the medians of the rounds' own ratios."""

    parsing: float
    floor: float
    imported: float
    again: float
    ratio: float
    again_ratio: float
    megabytes: float
    database_bytes_per_record: float


def parse_alone(source: Path) -> None:
    """What any reader has to do."""
    with source.open("rb") as stream:
        for line in stream:
            orjson.loads(line)


def floor(source: Path, folder: Path) -> None:
    """Parsing, and the bare rows into SQLite."""
    database = Database(folder / "floor.db", read_only=False)
    with database.write() as connection:
        connection.execute("CREATE TABLE rows (position INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT")
    rows: list[tuple[int, str]] = []

    def store() -> None:
        with database.write() as connection:
            connection.executemany("INSERT INTO rows VALUES (?, ?)", rows)
        rows.clear()

    with source.open("rb") as stream:
        for position, line in enumerate(stream):
            orjson.loads(line)
            rows.append((position, line.decode()))
            if len(rows) == BATCH:
                store()
    store()
    database.close()


async def import_into(workspace: Workspace, source: Path, *, new: int, duplicates: int) -> None:
    """The product's own import; the counts are what it must answer."""
    events = ImportService(workspace, Settings()).run([source])
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Imported):
                collection = event.collection
                assert (collection.new, collection.duplicates, collection.rejected) == (new, duplicates, 0)
                return
    raise AssertionError("the import did not end")


def measure(records: int = 100_000, rounds: int = 5) -> Throughput:
    """Everything in turn, after one round that warms the disk cache."""
    folder = Path(tempfile.mkdtemp())
    source = folder / "products.ndjson"
    size = made_records.write(source, records)
    seconds: dict[str, list[float]] = {"parsing": [], "floor": [], "imported": [], "again": []}
    stored = 0
    try:
        for number in range(rounds + 1):
            place = folder / f"round-{number}"
            place.mkdir()
            with Workspace.open(place / "workspace", command="benchmark") as workspace:
                times = {
                    "parsing": _seconds(lambda: parse_alone(source)),
                    "floor": _seconds(lambda at=place: floor(source, at)),
                    "imported": _seconds(
                        lambda at=workspace: asyncio.run(import_into(at, source, new=records, duplicates=0))
                    ),
                    "again": _seconds(
                        lambda at=workspace: asyncio.run(import_into(at, source, new=0, duplicates=records))
                    ),
                }
            stored = (place / "workspace" / "workspace.db").stat().st_size
            shutil.rmtree(place)
            if number:
                for name, value in times.items():
                    seconds[name].append(value)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    speed = {name: records / statistics.median(values) for name, values in seconds.items()}
    ratios = [least / ours for least, ours in zip(seconds["floor"], seconds["imported"], strict=True)]
    again = [first / second for first, second in zip(seconds["imported"], seconds["again"], strict=True)]
    return Throughput(
        **speed,
        ratio=statistics.median(ratios),
        again_ratio=statistics.median(again),
        megabytes=size / 1e6,
        database_bytes_per_record=stored / records,
    )


def _seconds(work: Callable[[], object]) -> float:
    os.sync()  # nobody pays for what another one wrote
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def told(found: Throughput) -> str:
    """The figures in one line."""
    return (
        f"{found.megabytes:,.0f} MB; records/s: parsing alone {found.parsing:,.0f}, floor {found.floor:,.0f}, "
        f"import {found.imported:,.0f} ({found.ratio:.2f} of the floor), the same again {found.again:,.0f} "
        f"({found.again_ratio:.2f} of the first); database {found.database_bytes_per_record:,.0f} bytes a record"
    )


if __name__ == "__main__":
    print(told(measure(*(int(word) for word in sys.argv[1:]))))
