"""Reading what an import or a download could not use."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.storage.files import storage_error
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reject:
    """One unusable piece: where it stood (``line`` counts from 1), why, and how it begins."""

    path: str
    line: int | None
    reason: str
    snippet: str


def rejects_path(workspace: Workspace, collection_id: str) -> Path:
    """The file that lists a collection's rejects; it exists only where there are some."""
    return workspace.raw_folder(collection_id) / "rejects.jsonl"


async def read_rejects(workspace: Workspace, collection_id: str, *, limit: int = 500) -> Sequence[Reject]:
    """The first rejects of a collection; none where there is no such file. Raises StorageFailed."""
    return await asyncio.to_thread(_read, rejects_path(workspace, collection_id), limit)


def _read(path: Path, limit: int) -> list[Reject]:
    try:
        with path.open(encoding="utf-8") as lines:
            return [_reject(line) for line in itertools.islice(lines, limit) if line.endswith("\n")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error(path, error) from error


def _reject(line: str) -> Reject:
    try:
        row = json.loads(line)
    except ValueError:
        return Reject("", None, "this line of the list can't be read", line.strip())
    number = row.get("line")
    return Reject(
        str(row.get("path", "")),
        number if isinstance(number, int) else None,
        str(row.get("reason", "")),
        str(row.get("snippet", "")),
    )
