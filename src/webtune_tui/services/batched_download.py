"""A large snapshot fetched in batches, each in a file of its own: what is finished is never fetched again.

The service does not say whether it counts batches from 0 or from 1. The batch with the highest number tells: counted
from 0 there is none of that number. Whatever does not add up ends with NoBatches, and the whole body is fetched then.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webtune_tui.services import raw_data
from webtune_tui.services.stepwise import to_the_end
from webtune_tui.sources.base import Batch, CutBody, NoBatches, ScrapingService
from webtune_tui.storage.files import make_folder, require_space, sync_folder, write_text

FOLDER = "parts"
PLAN = "plan.json"
_COPY_SIZE = 1024**2
_SPARE_BYTES = 64 * 1024**2


@dataclass(slots=True)
class _Plan:
    """What is known of the batches: how large, how many, the number of the first, and what was fetched.

    ``short`` holds the hash of a batch that came with fewer records than it should; the same again is the truth.
    """

    size: int
    count: int
    first: int | None = None
    done: dict[int, raw_data.RawFile] = field(default_factory=dict)
    short: dict[int, str] = field(default_factory=dict)
    is_joining: bool = False

    @property
    def numbers(self) -> range:
        first = self.first or 0
        return range(first, first + self.count)


class BatchedDownload:
    """The batches of one snapshot below ``folder``, joined into the part file of its records."""

    def __init__(self, client: ScrapingService, snapshot_id: str, folder: Path, size: int, expected: int) -> None:
        self._client = client
        self._snapshot_id = snapshot_id
        self._folder = folder / FOLDER
        self._target = folder / raw_data.PART
        self._size = size
        self._expected = expected
        self._plan: _Plan | None = None
        self._seen = 0

    def has_advanced(self) -> bool:
        """Whether a further batch lies on disk since this was last asked."""
        finished = len(self._plan.done) if self._plan else 0
        before, self._seen = self._seen, finished
        return finished > before

    async def run(self) -> AsyncGenerator[int, None]:
        """Fetches what is missing and joins it; yields the bytes so far.

        Raises:
            NoBatches: fetch the whole body instead.
            CutBody: one batch was cut; the others stay.
            NoSpace: the disk can't take the rest.
        """
        plan = self._plan = await to_the_end(self._read) or await self._ask()
        if not plan.is_joining:
            async for written in self._fetch_missing(plan):
                yield written
            await to_the_end(lambda: self._require_all(plan))
        yield sum(raw.bytes for raw in plan.done.values())
        await to_the_end(lambda: self._join(plan))

    async def _ask(self) -> _Plan:
        count = await self._client.batches(self._snapshot_id, self._size)
        if count < 2:
            raise NoBatches(f"Snapshot {self._snapshot_id} comes in one piece")
        await to_the_end(lambda: make_folder(self._folder))
        plan = _Plan(self._size, count)
        await to_the_end(lambda: self._write(plan))
        return plan

    async def _fetch_missing(self, plan: _Plan) -> AsyncGenerator[int, None]:
        if plan.first is None:
            async for written in self._find_first(plan):
                yield written
        for number in plan.numbers:
            async for written in self._fetch(plan, number, may_be_short=number == plan.numbers[-1]):
                yield written
            await to_the_end(lambda: self._require_space(plan))

    async def _find_first(self, plan: _Plan) -> AsyncGenerator[int, None]:
        """Tells the number of the first batch by the highest number and the one below it."""
        try:
            async for written in self._fetch(plan, plan.count, may_be_short=True):
                yield written
        except NoBatches:
            plan.first = 0
        else:
            async for written in self._fetch(plan, plan.count - 1, may_be_short=True):
                yield written
            is_same = plan.done[plan.count].sha256 == plan.done[plan.count - 1].sha256
            plan.first = 0 if is_same or not plan.done[plan.count].rows else 1
        if plan.first == 0:
            plan.done.pop(plan.count, None)
        elif plan.done[plan.count - 1].rows < plan.size:  # it is not the last one: ask again
            plan.short[plan.count - 1] = plan.done.pop(plan.count - 1).sha256
        await to_the_end(lambda: self._write(plan))

    async def _fetch(self, plan: _Plan, number: int, *, may_be_short: bool) -> AsyncGenerator[int, None]:
        if number in plan.done and self._file(number).exists():
            return
        part = self._file(number).with_suffix(".part")
        before = sum(raw.bytes for raw in plan.done.values())
        batch = Batch(number, plan.size)
        async with aclosing(self._client.download(self._snapshot_id, part, batch)) as pieces:
            async for written in pieces:
                yield before + written
        await to_the_end(lambda: self._finish(plan, number, part, may_be_short))

    def _finish(self, plan: _Plan, number: int, part: Path, may_be_short: bool) -> None:
        """Checks a fetched batch and gives it its name."""
        _end_with_newline(part)
        raw = raw_data.measured(part)
        if raw.rows > plan.size or raw_data.first_byte(part) == b"[":
            raise NoBatches(f"Batch {number} of {self._snapshot_id} is not a batch: {raw.rows:,} rows")
        if raw.rows < plan.size and not may_be_short and plan.short.get(number) != raw.sha256:
            plan.short[number] = raw.sha256
            self._write(plan)
            raise CutBody(f"Batch {number} of {self._snapshot_id} holds {raw.rows:,} rows of {plan.size:,}")
        part.replace(self._file(number))
        sync_folder(self._folder)
        plan.done[number] = raw
        self._write(plan)

    def _require_all(self, plan: _Plan) -> None:
        """All batches together are what was announced, and no two neighbours are the same."""
        raws = [plan.done[number] for number in plan.numbers]
        if any(one.sha256 == next_one.sha256 for one, next_one in itertools.pairwise(raws)):
            raise NoBatches(f"Snapshot {self._snapshot_id} answers the same for two batches")
        rows = sum(raw.rows for raw in raws)
        last = plan.numbers[-1]
        if rows < self._expected and plan.short.get(last) != plan.done[last].sha256:  # cut where a record ends
            plan.short[last] = plan.done.pop(last).sha256
            self._write(plan)
            raise CutBody(f"The batches of {self._snapshot_id} hold {rows:,} rows of {self._expected:,}")
        if rows < self._expected:
            raise NoBatches(f"The batches of {self._snapshot_id} hold {rows:,} rows of {self._expected:,}")
        plan.is_joining = True
        self._write(plan)

    def _require_space(self, plan: _Plan) -> None:
        done = [raw for number, raw in plan.done.items() if number in plan.numbers]
        missing = plan.count - len(done)
        average = sum(raw.bytes for raw in done) / max(1, len(done))
        require_space(self._folder, int((missing + 1) * average) + _SPARE_BYTES)

    def _join(self, plan: _Plan) -> None:
        """Appends the batches in order; each is removed when its bytes are safe, so that a kill loses nothing."""
        offset = 0
        for number in plan.numbers:
            if self._file(number).exists():
                _append(self._file(number), self._target, offset)
                self._file(number).unlink()
            offset += plan.done[number].bytes
        if not self._target.exists() or self._target.stat().st_size != offset:
            raise NoBatches(f"The joined batches of {self._snapshot_id} were changed on disk")

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:06d}.ndjson"

    def _write(self, plan: _Plan) -> None:
        write_text(self._folder / PLAN, json.dumps(dataclasses.asdict(plan)))

    def _read(self) -> _Plan | None:
        """The plan of an earlier run; one that can't be used is forgotten with its batches."""
        try:
            told = json.loads((self._folder / PLAN).read_text(encoding="utf-8"))
            plan = _plan_of(told)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            plan = None
        if plan is None or (plan.size != self._size and not plan.is_joining):
            forget(self._folder.parent)
            return None
        return plan


def forget(folder: Path) -> None:
    """Removes the batches below a collection's raw folder. Blocking."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _plan_of(told: Mapping[str, Any]) -> _Plan:
    plan = _Plan(
        size=int(told["size"]),
        count=int(told["count"]),
        first=told["first"],
        done={int(number): raw_data.RawFile(**raw) for number, raw in told["done"].items()},
        short={int(number): str(digest) for number, digest in told["short"].items()},
        is_joining=bool(told["is_joining"]),
    )
    if plan.is_joining and not all(number in plan.done for number in plan.numbers):
        raise ValueError("a batch is missing")
    return plan


def _end_with_newline(path: Path) -> None:
    with path.open("r+b") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) != b"\n":
            stream.write(b"\n")
            stream.flush()
            os.fsync(stream.fileno())


def _append(source: Path, target: Path, offset: int) -> None:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with source.open("rb") as given, os.fdopen(os.open(target, flags, 0o600), "r+b") as stream:
        stream.truncate(offset)
        stream.seek(offset)
        shutil.copyfileobj(given, stream, _COPY_SIZE)
        stream.flush()
        os.fsync(stream.fileno())
