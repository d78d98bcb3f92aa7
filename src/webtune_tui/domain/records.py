"""Records: what was collected, exactly as it came, with where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

BEHIND_ALL = 2**63 - 1
"""A position behind those of all records."""


class RecordKind(StrEnum):
    """Data carries something to learn from; errors and warnings are rows that the source sent instead."""

    DATA = "data"
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class RawPlace:
    """Where the bytes of a record lie.

    ``file`` is relative to the raw folder of the collection, empty where the collection has one file only; ``line``
    counts from 1 (pages and sheets count likewise); ``start`` and ``length`` are bytes, known where a record is a
    range of the file.
    """

    file: str = ""
    line: int | None = None
    start: int | None = None
    length: int | None = None


NO_PLACE = RawPlace()


@dataclass(frozen=True, slots=True)
class Record:
    """One collected item: its fields as delivered and its provenance.

    ``position`` counts from 0 within the collection's raw data. ``collected_at`` is RFC 3339 UTC.
    ``record_id`` is the row number in the workspace and is 0 until the record is stored.
    """

    collection_id: str
    position: int
    kind: RecordKind
    key: str
    content_hash: str
    fields: Mapping[str, Any]
    url: str | None = None
    collected_at: str | None = None
    record_id: int = 0
    place: RawPlace = NO_PLACE


class RecordRow(NamedTuple):
    """A record as it is stored: ``fields`` is JSON in UTF-8. It takes a tenth of the memory of the record itself."""

    position: int
    kind: str
    key: str
    content_hash: str
    url: str | None
    collected_at: str | None
    fields: bytes
    raw_file: str
    raw_line: int | None
    raw_start: int | None
    raw_length: int | None


class CollectionState(StrEnum):
    """Where a collection stands; the first six are the contract's words."""

    READY = "ready"
    FAILED = "failed"
    EMPTY = "empty"
    CANCELLED = "cancelled"
    RUNNING = "running"
    UNKNOWN = "unknown"
    DRAFT = "draft"

    @property
    def is_final(self) -> bool:
        """No further change will come by itself."""
        return self in (self.READY, self.FAILED, self.EMPTY, self.CANCELLED)


@dataclass(frozen=True, slots=True)
class Collection:
    """One run of a source. Money is USD; ``None`` means not known (yet).

    ``phase`` is the detail beside the state (``starting``, ``building``, ``downloading``, the service's raw word);
    ``is_sandbox`` says that the records come from the labelled loopback sandbox. ``request_key`` is equal for
    collections that asked for the same; ``previous_id`` is the last one of them that was ready, and ``gone`` counts
    its records that this one did not bring (``None`` where there is nothing to compare with).
    """

    collection_id: str
    source: str
    label: str
    state: CollectionState
    created_at: str
    updated_at: str
    phase: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    is_sandbox: bool = False
    snapshot_id: str | None = None
    operation_id: str | None = None
    finished_at: str | None = None
    records: int = 0
    errors: int = 0
    new: int = 0
    changed: int = 0
    duplicates: int = 0
    rejected: int = 0
    estimated_cost: float | None = None
    cost: float | None = None
    raw_path: str | None = None
    message: str = ""
    request_key: str = ""
    previous_id: str | None = None
    gone: int | None = None
