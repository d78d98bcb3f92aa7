"""The inputs of a collection that lie in a file: JSON, JSON lines or CSV, one object or row for each input."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webtune_tui import registry
from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.sources.files.base import Reject
from webtune_tui.sources.files.detect import HEAD, READERS, detect, open_regular

LARGEST = 64 * 1024**2  # bytes
_READABLE = ("json", "jsonl", "csv", "tsv")


def inputs_of_file(path: Path) -> list[Mapping[str, Any]]:
    """The inputs in a file, empty cells left out. It blocks.

    Raises:
        UsageError: the file can't be read.
        InvalidInput: it is too large, holds something else, or a line of it is broken; the text names the line.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InvalidInput(f"{path} is larger than {LARGEST // 1024**2} MB", hint="Split it.")
        with open_regular(path) as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}", hint="Check the path.") from error
    found = detect(head, path.name)
    if found.reader not in _READABLE or found.encoding is None:
        raise InvalidInput(f"{path}: {found.reason or found.format}", hint="Give JSON, JSON lines or CSV.")
    reader = registry.load("sources.files", READERS[found.reader])
    inputs: list[Mapping[str, Any]] = []
    for row in reader.rows(path, found.encoding):
        if isinstance(row, Reject):
            raise InvalidInput(f"{path}, line {row.line}: {row.reason}", hint="Mend the line; nothing was sent.")
        inputs.append({name: value for name, value in row.fields.items() if value not in ("", None)})
    return inputs
