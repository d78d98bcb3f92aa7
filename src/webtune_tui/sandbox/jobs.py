"""Snapshots: what was asked, how far they are, and what they deliver."""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import string
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

from webtune_tui.sandbox import errors, pages, records
from webtune_tui.sandbox.records import Row, Shelf

DAY = 86_400
RETENTION_SECONDS = 30 * DAY


class Clock(Protocol):
    """The time that snapshots live by, in seconds."""

    def now(self) -> float:
        """The time as Unix seconds, for dates that are shown."""
        ...

    def elapsed(self, since: float) -> float:
        """The seconds of the service's time that passed since ``since``, an earlier :meth:`now`."""
        ...

    async def wait(self, seconds: float) -> None:
        """Returns when that much of the service's time has passed."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock; with ``speed`` 10 a snapshot of four seconds takes 0.4."""

    speed: float = 1.0

    def now(self) -> float:
        return time.time()

    def elapsed(self, since: float) -> float:
        return (time.time() - since) * self.speed

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the trigger to each stage; ``ready_lag`` is how long a download still says `building`."""

    starting: float = 1.0
    duration: float = 4.0
    ready_lag: float = 1.0


class Stage(Enum):
    """How far a snapshot is; BUILDING is `ready` for progress and 202 for the download."""

    STARTING = "starting"
    RUNNING = "running"
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"

    @property
    def is_under_way(self) -> bool:
        return self in (Stage.STARTING, Stage.RUNNING)


@dataclass(frozen=True, slots=True)
class Order:
    """What a request asked for, checked."""

    dataset_id: str
    door: str
    inputs: Sequence[Mapping[str, Any]]
    include_errors: bool = False
    limit_per_input: int | None = None
    limit_multiple_results: int | None = None
    custom_output_fields: Sequence[str] = ()
    custom_input_fields: Sequence[str] = ()
    kind: str = "trigger"


@dataclass(frozen=True, slots=True)
class Job:
    """One snapshot; ``created`` in Unix seconds, ``failure`` the reason where it will fail."""

    id: str
    created: float
    order: Order
    failure: str | None = None
    canceled: bool = False
    downloads: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """The rows of a finished snapshot with its counts."""

    rows: Sequence[Row]
    records: int
    errors: int
    error_codes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ResultSettings:
    """Points on which the service is not documented."""

    keep_input: bool = True  # whether custom_output_fields leaves `input` and `timestamp` in the records


def new_id(prefix: str = "sd_") -> str:
    """An id in the service's form: the prefix and 17 or 18 lowercase letters and digits."""
    alphabet = string.ascii_lowercase + string.digits
    return prefix + "m" + "".join(secrets.choice(alphabet) for _ in range(16 + secrets.randbelow(2)))


def deliver(job: Job, shelf: Shelf, settings: ResultSettings) -> Delivery:
    """What the snapshot holds: always the same for the same job."""
    order = job.order
    found = list(chain.from_iterable(rows_for(order, given, shelf) for given in order.inputs))
    if order.limit_multiple_results is not None:
        found = list(first_data(found, order.limit_multiple_results))
    failed = [row for row in found if records.is_error(row)]
    shown = found if order.include_errors else [row for row in found if not records.is_error(row)]
    random.Random(job.id).shuffle(shown)
    return Delivery(
        [with_columns(row, order.custom_output_fields, settings) for row in shown],
        sum(map(records.is_data, found)),
        len(failed),
        Counter(str(row.get("error_code")) for row in failed),
    )


def rows_for(order: Order, given: Mapping[str, Any], shelf: Shelf) -> Iterator[Row]:
    custom = {name: given[name] for name in order.custom_input_fields if name in given}
    plain = {name: value for name, value in given.items() if name not in custom}
    rows = iter([pages.crawled(plain)]) if order.dataset_id == pages.CRAWLER else shelf.answer(order.door, plain)
    if order.limit_per_input is not None and order.door != "collect_by_url":
        rows = first_data(rows, order.limit_per_input)
    return ({**row, **custom} for row in rows)


def first_data(rows: Iterator[Row] | Sequence[Row], limit: int) -> Iterator[Row]:
    """The rows up to and with the ``limit``-th data row; error and warning rows on the way are not counted."""
    count = 0
    for row in rows:
        yield row
        count += records.is_data(row)
        if count >= limit:
            return


def with_columns(row: Row, columns: Sequence[str], settings: ResultSettings) -> Row:
    """Only the asked columns of a data row; a dot goes into an object."""
    if not columns or not records.is_data(row):
        return row
    chosen: dict[str, Any] = {}
    for column in columns:
        value: Any = row
        for name in column.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        chosen[column] = value
    kept = ("timestamp", "input", "discovery_input") if settings.keep_input else ()
    return {**chosen, **{name: row[name] for name in kept if name in row}}


@dataclass(slots=True)
class JobBook:
    """All snapshots of a sandbox; with ``folder`` they outlive it, each trigger on disk before it is answered."""

    shelf: Shelf
    clock: Clock
    timing: Timing = Timing()
    settings: ResultSettings = ResultSettings()
    folder: Path | None = None
    _jobs: dict[str, Job] = field(default_factory=dict)
    _deliveries: dict[str, Delivery] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.folder is not None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replay(self._journal())

    def start(self, order: Order) -> Job:
        """Accepts an order and gives its snapshot."""
        failing = any(records.mentions(given, records.FAILED_MARK) for given in order.inputs)
        job = Job(new_id(), self.clock.now(), order, errors.NOTHING_DISCOVERED if failing else None)
        self._write({"event": "started", "job": asdict(job)})
        self._jobs[job.id] = job
        return job

    def find(self, snapshot_id: str) -> Job:
        """Raises Refusal."""
        if snapshot_id not in self._jobs:
            raise errors.Refusal(404, errors.SNAPSHOT_UNKNOWN)
        return self._jobs[snapshot_id]

    def all(self) -> list[Job]:
        """Every snapshot, newest first."""
        return sorted(self._jobs.values(), key=lambda job: job.created, reverse=True)

    def age(self, job: Job) -> float:
        return self.clock.elapsed(job.created)

    def stage(self, job: Job) -> Stage:
        """How far a snapshot is by now."""
        age, timing = self.age(job), self.timing
        if job.canceled:
            return Stage.CANCELED
        if age < timing.duration:
            return Stage.STARTING if age < timing.starting else Stage.RUNNING
        if job.failure:
            return Stage.FAILED
        if age < timing.duration + timing.ready_lag:
            return Stage.BUILDING
        return Stage.READY if age < RETENTION_SECONDS else Stage.EXPIRED

    def seconds_left(self, job: Job) -> float:
        """The time until a snapshot can be downloaded."""
        return max(0.0, self.timing.duration + self.timing.ready_lag - self.age(job))

    def delivery(self, job: Job) -> Delivery:
        if job.id not in self._deliveries:
            self._deliveries[job.id] = deliver(job, self.shelf, self.settings)
        return self._deliveries[job.id]

    def cancel(self, job: Job) -> None:
        """Raises Refusal when there is nothing to stop."""
        if not self.stage(job).is_under_way:
            raise errors.Refusal(400, errors.SNAPSHOT_NOT_RUNNING)
        self._write({"event": "canceled", "id": job.id})
        self._jobs[job.id] = replace(job, canceled=True)

    def count_download(self, job: Job) -> None:
        self._write({"event": "downloaded", "id": job.id})
        self._jobs[job.id] = replace(job, downloads=job.downloads + 1)

    def delivered_records(self) -> int:
        """The records that finished snapshots were billed for."""
        finished = (job for job in self._jobs.values() if self.stage(job) in (Stage.BUILDING, Stage.READY))
        return sum(self.delivery(job).records for job in finished)

    def _journal(self) -> Path:
        assert self.folder is not None
        return self.folder / "jobs.jsonl"

    def _write(self, event: Mapping[str, object]) -> None:
        """Appends to the journal and waits for the disk."""
        if self.folder is None:
            return
        line = (json.dumps(event, ensure_ascii=False) + "\n").encode("utf-8")
        descriptor = os.open(self._journal(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _replay(self, journal: Path) -> None:
        """Takes up the journal of an earlier run; a last line cut by a kill was never answered and is dropped."""
        if not journal.exists():
            return
        content = journal.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(journal, len(whole))
        for line in whole.decode("utf-8").split("\n")[:-1]:
            self._apply(json.loads(line))

    def _apply(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "started":
            job = Job(**{**event["job"], "order": Order(**event["job"]["order"])})
            self._jobs[job.id] = job
            return
        job = self._jobs[event["id"]]
        if event["event"] == "canceled":
            self._jobs[job.id] = replace(job, canceled=True)
        else:
            self._jobs[job.id] = replace(job, downloads=job.downloads + 1)


def page(rows: Sequence[Row], batch_size: int | None, part: int) -> list[Row]:
    """The ``part``-th batch, counted from 1; everything without a batch size."""
    if batch_size is None:
        return list(rows)
    return list(islice(rows, (part - 1) * batch_size, part * batch_size))
