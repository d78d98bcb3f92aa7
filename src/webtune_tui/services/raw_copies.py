"""The raw copy of a file that is imported: the same bytes, hashed on the way, or nothing at all. Blocking."""

from __future__ import annotations

import hashlib
import os
import re
import select
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.storage.files import atomic_writer, require_space

SPARE_BYTES = 32 * 1024**2
_PIECE = 1024**2
_PATIENCE = 0.2  # seconds after which waiting for stdin gives a sign of life, so that it can be ended


class SourceFailed(Exception):
    """The file could not be taken in whole; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A raw copy as the manifest describes it."""

    path: Path
    bytes: int
    sha256: str

    def entry(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {"path": self.path.name, "bytes": self.bytes, "sha256": self.sha256}


def copy_file(source: BinaryIO, copy: Path) -> Generator[int, None, Copied]:
    """Copies an open file; gives the bytes done, at the end the copy.

    Raises:
        SourceFailed: it can't be read, or it changed meanwhile; there is no copy then.
        NoSpace, StorageFailed: the copy can't be written.
    """
    before = os.fstat(source.fileno())
    require_space(copy.parent, 2 * before.st_size + SPARE_BYTES)
    digest, size = hashlib.sha256(), 0
    with atomic_writer(copy) as target:
        while piece := _read(source):
            digest.update(piece)
            target.write(piece)
            size += len(piece)
            yield size
        after = os.fstat(source.fileno())
        has_changed = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        if has_changed or (after.st_size and size != after.st_size):
            raise SourceFailed("it changed while it was read; import it again when nothing writes to it")
    return Copied(copy, size, digest.hexdigest())


def copy_stream(source: BinaryIO, copy: Path, *, at_most: int | None = None) -> Generator[int, None, Copied]:
    """Copies stdin to its end, or its first bytes; gives the bytes done, also while it waits.

    Raises:
        SourceFailed: it can't be read. NoSpace, StorageFailed: the copy can't be written.
    """
    digest, size = hashlib.sha256(), 0
    with atomic_writer(copy) as target:
        while at_most is None or size < at_most:
            while not _has_input(source):
                yield size
            piece = _read(source)
            if not piece:
                break
            digest.update(piece)
            target.write(piece)
            size += len(piece)
            yield size
    return Copied(copy, size, digest.hexdigest())


def safe_name(path: Path) -> str:
    """A file name of our own that still tells where it came from."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", path.name)[-80:].lstrip(".") or "file"


def _read(source: BinaryIO) -> bytes:
    read = getattr(source, "read1", source.read)
    try:
        piece: bytes = read(_PIECE)
    except OSError as error:
        raise SourceFailed(error.strerror or str(error)) from error
    return piece


def _has_input(source: BinaryIO) -> bool:
    """Whether reading would not wait; where that can't be asked, reading waits."""
    try:
        return bool(select.select([source], [], [], _PATIENCE)[0])
    except (OSError, ValueError):
        return True
