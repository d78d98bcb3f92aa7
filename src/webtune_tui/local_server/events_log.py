"""The event file of a job: append-only, one JSON object a line, and the truth of the job."""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock

from webtune_tui.local_server.private_files import FILE_MODE, append_private


class Kind(StrEnum):
    """What happened to a job."""

    CREATED = "created"
    VALIDATED = "validated"
    STARTED = "started"
    MESSAGE = "message"
    METRICS = "metrics"
    CHECKPOINT = "checkpoint"
    INTERRUPTED = "interrupted"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    FAILED = "failed"
    SUCCEEDED = "succeeded"


FINAL_KINDS = frozenset({Kind.CANCELLED, Kind.FAILED, Kind.SUCCEEDED})


@dataclass(frozen=True)
class Event:
    """One line of the event file; `at` is in Unix seconds, `level` is info, warn or error."""

    kind: Kind
    message: str
    level: str = "info"
    data: dict[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: f"ftevent-{secrets.token_hex(12)}")


class EventLog:
    """Appends to and reads the event file; server and trainer may both hold one on the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), mode=FILE_MODE)
        self._read_state: tuple[int, int] | None = None
        self._read_events: list[Event] = []

    def append(self, event: Event) -> Event:
        """Write one event; a line torn by an earlier crash is removed first.

        Raises:
            OSError: the disk is full or the folder is gone; then nothing counts as written.
        """
        line = json.dumps({**asdict(event), "kind": event.kind.value}, ensure_ascii=False, allow_nan=False)
        with self._lock:
            self._remove_torn_line()
            descriptor = append_private(self.path)
            try:
                _write_all(descriptor, (line + "\n").encode())
                if event.kind is not Kind.METRICS:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return event

    def read(self) -> list[Event]:
        """Return all whole events, oldest first; torn or foreign lines are left out."""
        try:
            status = self.path.stat()
            state = (status.st_size, status.st_mtime_ns)
            if state != self._read_state:
                whole_lines = self.path.read_bytes().split(b"\n")[:-1]
                self._read_events = [event for event in map(_parse_line, whole_lines) if event is not None]
                self._read_state = state
        except FileNotFoundError:
            return []
        return list(self._read_events)

    def _remove_torn_line(self) -> None:
        try:
            content = self.path.read_bytes() if self._ends_torn() else None
        except FileNotFoundError:
            return
        if content is not None:
            os.truncate(self.path, content.rfind(b"\n") + 1)

    def _ends_torn(self) -> bool:
        with self.path.open("rb") as handle:
            if handle.seek(0, os.SEEK_END) == 0:
                return False
            handle.seek(-1, os.SEEK_END)
            return handle.read(1) != b"\n"


def last_of(events: Iterable[Event], *kinds: Kind) -> Event | None:
    """Return the newest event of the given kinds."""
    return next((event for event in reversed(list(events)) if event.kind in kinds), None)


def _write_all(descriptor: int, content: bytes) -> None:
    if os.write(descriptor, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _parse_line(line: bytes) -> Event | None:
    try:
        value = json.loads(line)
        return Event(
            kind=Kind(value["kind"]),
            message=str(value["message"]),
            level=str(value["level"]),
            data=dict(value["data"]),
            at=float(value["at"]),
            id=str(value["id"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
