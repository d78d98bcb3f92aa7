"""Every event that long work emits. The last event of a stream is its result."""

from __future__ import annotations

from dataclasses import dataclass, field

from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.jobs import Checkpoint, Job, JobEvent, MetricPoint
from webtune_tui.domain.records import Collection, Record


@dataclass(frozen=True, slots=True)
class Progressed:
    """Work moved on: ``done`` of ``total`` (``None`` where unknown) things called ``unit``, in a ``stage``."""

    stage: str
    done: int
    total: int | None = None
    unit: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """Something the person should know. ``level`` is info, warn or error."""

    message: str
    level: str = "info"


@dataclass(frozen=True, slots=True)
class CollectionChanged:
    """A collection's state or counters changed; also the last event of collecting."""

    collection: Collection


@dataclass(frozen=True, slots=True)
class RecordsArrived:
    """A sample of records that were just stored."""

    collection_id: str
    sample: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class FileImported:
    """One file is done. ``format`` is ``None`` for a file that could not be used; ``reason`` says why."""

    path: str
    format: str | None
    encoding: str | None
    records: int
    rejected: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The last event of an import."""

    collection: Collection
    files: tuple[FileImported, ...]
    rejects_path: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The last event of preparing."""

    report: PrepareReport


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job's state or counters changed; also the last event of watching."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobReported:
    """New events, metric points and checkpoints of a job, each sent once."""

    job_id: str
    events: tuple[JobEvent, ...] = ()
    points: tuple[MetricPoint, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()


CollectEvent = Progressed | Noted | CollectionChanged | RecordsArrived
ImportEvent = Progressed | Noted | FileImported | Imported
PrepareEvent = Progressed | Noted | Prepared
TrainEvent = Progressed | Noted | JobChanged | JobReported


@dataclass(frozen=True, slots=True)
class StageState:
    """One stage of the path in the header. ``state`` is todo, active, attention or done; ``summary`` one phrase."""

    name: str
    title: str
    state: str
    summary: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Where the person stands: the stages in order and the next step in words.

    ``next_screen`` is the screen on which that step is taken; ``unfinished`` lists work to offer at the start.
    """

    stages: tuple[StageState, ...]
    next_step: str
    next_screen: str
    unfinished: tuple[str, ...] = field(default=())
