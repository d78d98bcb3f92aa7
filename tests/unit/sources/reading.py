"""Reading a file in a test: its rows and its rejects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webtune_tui import registry
from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.sources.files.base import Reject, Row
from webtune_tui.sources.files.detect import READERS, Detected
from webtune_tui.sources.files.opening import Choice, beginning, look


def rows_of(items: list[Row | Reject]) -> list[dict[str, Any]]:
    """The fields of the rows."""
    return [dict(item.fields) for item in items if isinstance(item, Row)]


def rejects_of(items: list[Row | Reject]) -> list[tuple[int, str]]:
    """Line and reason of the rejects."""
    return [(item.line, item.reason) for item in items if isinstance(item, Reject)]


def read(path: Path, limits: ReadLimits = DEFAULT_LIMITS, **options: Any) -> list[Row | Reject]:
    """Everything in a file, told by its content as an import would."""
    found = look(path, path.name, beginning(path), Choice())
    assert isinstance(found, Detected), f"{path} is packed"
    reader = registry.load("sources.files", READERS[found.reader or path.suffix[1:]])
    return list(reader.rows(path, found.encoding or "", limits, **options))


def read_text(folder: Path, name: str, content: str | bytes, limits: ReadLimits = DEFAULT_LIMITS) -> list[Row | Reject]:
    """Everything in a file with some content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, limits)
