"""Built examples on disk between the passes of a run: each process writes a file of its own, the run reads them all.

Nothing is left wherever the run ends: on Linux the files never have a name, and the run opens them through those of
their process. Elsewhere a file loses its name as soon as the run has opened it; only Windows keeps it until the end.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui.pipeline.signatures import PackedWords
from webtune_tui.services.worker_pool import ended_from_outside

PlainFacts = tuple[Any, ...]
"""As :class:`webtune_tui.domain.body_facts.BodyFacts`, as it can be written."""
_NAME = "prepare-"
_SUFFIX = ".waiting"

WaitingRow = tuple[str, str, int, str, str, str, PlainFacts | None]
"""Of an example: id, messages, tokens, flags, record id, source; lists are texts with spaces. Last what is known of the
messages, where languages were told."""


@dataclass(frozen=True, slots=True)
class Section:
    """Where a batch lies: ``texts`` are the bounds of the packed words, after which the rows follow up to ``end``."""

    shard: str
    texts: array[int]
    end: int


class ShardWriter:
    """The file of one process, in ``folder`` (none: where such files lie)."""

    def __init__(self, folder: Path | None) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed in close()
        self.path = f"/proc/{os.getpid()}/fd/{self._file.fileno()}"
        if not Path(self.path).exists():
            self._file.close()
            handle, self.path = tempfile.mkstemp(prefix=_NAME, suffix=_SUFFIX, dir=folder)
            self._file = os.fdopen(handle, "wb")
        self._end = 0

    def write(self, texts: PackedWords, rows: list[WaitingRow]) -> Section:
        """Adds a batch: the packed words of its examples, and their rows."""
        bounds = array("Q", (texts.bounds + self._end).astype("uint64").tobytes())
        body = marshal.dumps(rows)
        self._file.write(texts.data)
        self._file.write(body)
        self._file.flush()
        self._end = bounds[-1] + len(body)
        return Section(self.path, bounds, self._end)

    def close(self) -> None:
        """Closes the file; what the run has opened stays readable."""
        self._file.close()


class Shards:
    """The waiting examples of a run, by number in the order of their sections."""

    def __init__(self) -> None:
        self._files: dict[str, BinaryIO] = {}
        self._names: list[str] = []
        self._shards = bytearray()
        self._starts = array("Q")
        self._lengths = array("I")
        self._sections: list[tuple[int, int, int, int]] = []  # shard, rows' start, their end, examples

    def add(self, section: Section) -> None:
        """Takes the next section."""
        if section.shard not in self._files:
            self._files[section.shard] = _opened(section.shard)
            self._names.append(section.shard)
        shard = self._names.index(section.shard)
        texts = section.texts
        count = len(texts) - 1
        self._shards += bytes([shard]) * count
        self._starts += texts[:-1]
        self._lengths.extend(texts[at + 1] - texts[at] for at in range(count))
        self._sections.append((shard, texts[-1], section.end, count))

    def text(self, index: int) -> bytes:
        """The packed words of an example."""
        file = self._files[self._names[self._shards[index]]]
        return _read_at(file, self._starts[index], self._lengths[index])

    def batches(self) -> Iterator[list[WaitingRow]]:
        """The rows of all examples in order, a section at a time."""
        for shard, start, end, _ in self._sections:
            file = self._files[self._names[shard]]
            rows: list[WaitingRow] = marshal.loads(_read_at(file, start, end - start))  # noqa: S302 - our own bytes
            yield rows

    def close(self) -> None:
        """Gives the space back."""
        for name, file in self._files.items():
            file.close()
            if _has_name(name):
                Path(name).unlink(missing_ok=True)


def _read_at(file: BinaryIO, start: int, length: int) -> bytes:
    if sys.platform == "win32":
        file.seek(start)
        return file.read(length)
    return os.pread(file.fileno(), length, start)  # half the time of seeking, and of reading a whole buffer


def _opened(path: str) -> BinaryIO:
    """The file for reading, without its name."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - the run closes it
    except FileNotFoundError as error:
        raise ended_from_outside() from error
    if _has_name(path):
        with contextlib.suppress(PermissionError):  # Windows: not while it is open
            Path(path).unlink()
    return file


def _has_name(path: str) -> bool:
    return path.endswith(_SUFFIX)


def discard_left(folder: Path) -> None:
    """Removes the files of a run that was ended while it was opening them."""
    for path in folder.glob(f"{_NAME}*{_SUFFIX}"):
        path.unlink(missing_ok=True)
