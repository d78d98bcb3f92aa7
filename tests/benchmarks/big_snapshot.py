"""A double of Bright Data in a process of its own whose snapshot is a large file: ``python -m ... FILE.gz``.

It prints its address, says that nothing is ready, and makes the snapshot ready when a line comes in.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import made_records
from tests.servers.brightdata import Exchange, FaultyBrightData

_PIECE = 64 * 1024
_DISTINCT = 2000


@dataclass(frozen=True, slots=True)
class PackedFile:
    """The download is a file, packed on the wire as the service does it."""

    path: Path

    async def apply(self, exchange: Exchange) -> None:
        await exchange.start(200, {"content-type": "application/x-ndjson", "content-encoding": "gzip"})
        with self.path.open("rb") as stream:
            while piece := await asyncio.to_thread(stream.read, _PIECE):
                await exchange.chunk(piece)
        await exchange.send({"type": "http.response.body", "body": b""})


def write_packed(path: Path, count: int) -> int:
    """A gzip file of ``count`` delivered rows; answers their size unpacked."""
    size = 0
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for line in _lines(count):
            size += stream.write(line)
    return size


def _lines(count: int) -> Iterator[bytes]:
    """Some thousand distinct rows over and over, each time under other ids and titles: quickly made."""
    made = list(made_records.lines(min(count, _DISTINCT), envelope=True))
    for number in range(count):
        line = made[number % _DISTINCT]
        asin = re.search(rb"B\d{9}", line[-2000:] if len(line) > 2000 else line)
        assert asin is not None
        yield line.replace(asin.group(), b"B%09d" % number)


def main() -> None:
    service = FaultyBrightData()
    service.never_ready()
    service.start()
    print(service.base_url, flush=True)
    sys.stdin.readline()
    service.always("progress", None)
    service.always("snapshot", PackedFile(Path(sys.argv[1])))
    print("ready", flush=True)
    sys.stdin.readline()
    service.stop()


if __name__ == "__main__":
    main()
