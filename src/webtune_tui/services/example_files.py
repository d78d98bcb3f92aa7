"""A file of examples as its lines, or as its rows where it is another kind of file. Blocking; memory is bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui import registry
from webtune_tui.domain.errors import ExtraMissing, InvalidInput
from webtune_tui.domain.limits import DEFAULT_LIMITS, ReadLimits
from webtune_tui.pipeline.validation.parsing import Overlong
from webtune_tui.sources.files import detect, opening
from webtune_tui.sources.files.base import Reject, Row
from webtune_tui.storage.files import storage_error

_LINE_SUFFIXES = (".jsonl", ".ndjson")
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """How a file is read: as JSON lines, or by the ``reader`` of another format. ``is_prose`` files hold no rows."""

    path: Path
    reader: str = ""
    encoding: str = ""
    is_prose: bool = False
    limits: ReadLimits = DEFAULT_LIMITS

    @property
    def has_lines(self) -> bool:
        """Whether it is read line by line."""
        return not self.reader

    def lines(self) -> Iterator[bytes | Overlong]:
        """The lines without their ends; only a line feed ends one. Raises StorageFailed."""
        longest = self.limits.record_characters
        try:
            with self.path.open("rb") as stream:
                while line := stream.readline(longest + 1):
                    if len(line) <= longest or line.endswith(b"\n"):
                        yield line.rstrip(b"\r\n")
                        continue
                    size = len(line)
                    while piece := stream.readline(_PIECE):
                        size += len(piece)
                        if piece.endswith(b"\n"):
                            break
                    yield Overlong(size)
        except OSError as error:
            raise storage_error(self.path, error) from error

    def rows(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """The rows of another format, each with its line, or with the reason why it can't be read."""
        module = registry.load("sources.files", detect.READERS[self.reader])
        try:
            for found in module.rows(self.path, self.encoding, self.limits):
                if isinstance(found, Row):
                    yield found.line, found.fields
                elif isinstance(found, Reject):
                    yield found.line, found.reason
        except OSError as error:
            raise storage_error(self.path, error) from error


def opened(file: Path, limits: ReadLimits = DEFAULT_LIMITS) -> ExampleFile:
    """How a file is read, told by its content.

    Raises:
        InvalidInput: it is no file, is packed, or is binary. ExtraMissing: this machine can't read it.
        StorageFailed: it can't be opened.
    """
    if not file.is_file():
        kind = "There is no file" if not file.exists() else "Not a file:"
        raise InvalidInput(f"{kind} {file}", hint="Name a JSONL file.")
    try:
        head = opening.beginning(file)
        found = opening.look(file, file.name, head, opening.Choice())
    except OSError as error:
        raise storage_error(file, error) from error
    lines = ExampleFile(file, limits=limits)
    if isinstance(found, str):
        raise InvalidInput(f"{file} is packed ({found})", hint="Unpack it first.")
    is_named_lines = file.suffix.lower() in _LINE_SUFFIXES
    if found.format is None:
        if is_named_lines or not head or found.encoding is not None:
            return lines
        if "pip install" in found.reason:
            raise ExtraMissing(f"{file} can't be read: {found.reason}", hint="Install it, or name a JSONL file.")
        raise InvalidInput(f"{file} can't be read: {found.reason}", hint="Name a JSONL file.")
    if is_named_lines or found.reader == "jsonl" or (found.reader == "json" and _begins_with_row(head)):
        return lines
    return ExampleFile(file, found.reader, found.encoding or "", found.reader in detect.DOCUMENTS, limits)


def _begins_with_row(head: bytes) -> bool:
    """Whether the first line is an object of its own: a file of one line is JSON lines too."""
    try:
        return isinstance(json.loads(head.lstrip().split(b"\n", 1)[0]), dict)
    except (ValueError, RecursionError):
        return False
