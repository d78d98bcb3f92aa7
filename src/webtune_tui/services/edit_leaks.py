"""Edits that bring a text of one split into another: preparing keeps splits apart, a person may not. Blocking."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import IO

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.validation.overlap import MOST_INDEXED, OverlapIndex, texts_of
from webtune_tui.pipeline.validation.similar import Bands, Texts, bands_of
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.files import storage_error
from webtune_tui.storage.workspace import Workspace

_BATCH = 256
_ROUND = MOST_INDEXED
"""Edited examples that are known at a time, about a kilobyte of memory each; more of them take more rounds."""
_SHOWN = 3
_STAGE = "comparing the edits with the other splits"

Leak = tuple[StoredExample, StoredExample]
"""An edited example, and one of another split that says the same; the first one without its messages."""


def without_edit_leaks(workspace: Workspace, version: DatasetVersion) -> Generator[Progressed, None, None]:
    """Compares all edited examples of a version with those of the other splits; free of charge where there are none.

    Edited ones are taken in rounds, so that memory is bounded however many they are; each round reads the version.

    Raises:
        InvalidInput: an edited example says what one of another split says.
    """
    store = DatasetStore(workspace.database)
    revision = store.find(version.content_hash)
    if revision is None:
        return
    rows = store.edited_rows(revision)
    starts = range(0, len(rows), _ROUND)
    total, done = len(rows) + len(starts) * version.examples, 0
    for start in starts:
        some = rows[start : start + _ROUND]
        try:
            for looked, leaks in _leaks_of(workspace, store, revision, some):
                if leaks:
                    raise _refused(leaks)
                yield Progressed(_STAGE, done + looked, total, "examples")
        except OSError as error:
            raise storage_error(workspace.root, error) from error
        done += len(some) + version.examples


def _leaks_of(
    workspace: Workspace, store: DatasetStore, revision: Revision, rows: array[int]
) -> Iterator[tuple[int, list[Leak]]]:
    """One round: the edited rows are indexed, their texts on disk, and all others asked for them.

    Gives how many rows were looked at, and at its end the leaks.
    """
    leaks: list[Leak] = []
    with _OnDisk(workspace) as texts:
        indexes = {split: _EditedOf(split, texts) for split in Split}
        for start in range(0, len(rows), _BATCH):
            batch = store.by_rows(rows[start : start + _BATCH])
            for index in indexes.values():
                index.add(batch)
            yield start, []
        for number, batch in enumerate(_batches(store.stream(revision))):
            leaks += _found(indexes, batch)
            yield len(rows) + number * _BATCH, []
            if len(leaks) > _SHOWN:
                break
    yield len(rows) + revision.totals.content.count, leaks


def _found(indexes: Mapping[Split, _EditedOf], batch: Sequence[StoredExample]) -> Iterator[Leak]:
    """The leaks of a batch; what the examples say is worked out once for all splits."""
    asked = [one for one in batch if any(index.count and index.split is not one.split for index in indexes.values())]
    if not asked:
        return
    said = [texts_of(one.to_example().messages) for one in asked]
    bands = bands_of(said)
    for index in indexes.values():
        places = [at for at, one in enumerate(asked) if index.count and one.split is not index.split]
        for at, edited in zip(places, index.find([said[at] for at in places], bands[places]), strict=True):
            if edited is not None:
                yield edited, asked[at]


class _EditedOf:
    """The edited examples of a split, by what they say."""

    def __init__(self, split: Split, texts: _OnDisk) -> None:
        self.split = split
        self._index = OverlapIndex(texts.part(), prompts_count=False)
        self._known: list[StoredExample] = []

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._known)

    def add(self, edited: Sequence[StoredExample]) -> None:
        """Takes those of the split."""
        mine = [one for one in edited if one.split is self.split]
        first = len(self._known)
        said = [(first + number, texts_of(one.to_example().messages)) for number, one in enumerate(mine)]
        self._index.add(0, said)
        self._known += [replace(one, messages="") for one in mine]

    def find(self, texts: Sequence[Texts], bands: Bands) -> list[StoredExample | None]:
        """For each of other examples the edited one that says the same."""
        found = self._index.find(texts, bands)
        return [None if overlap is None else self._known[overlap.place.line] for overlap in found]


def _batches(examples: Iterator[StoredExample]) -> Iterator[list[StoredExample]]:
    while batch := list(islice(examples, _BATCH)):
        yield batch


def _refused(leaks: Sequence[Leak]) -> InvalidInput:
    told = [
        f"{one.example_id} ({one.split.value}) and {other.example_id} ({other.split.value})" for one, other in leaks
    ]
    more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return InvalidInput(
        f"Since an edit, examples of different splits say the same: {', '.join(told[:_SHOWN])}{more}",
        hint="A test that was learned proves nothing. Take the edit back: webtune dataset undo, or drop one of them:"
        f" webtune dataset drop {leaks[0][0].example_id}",
        fields={"leaks": [[one.example_id, other.example_id] for one, other in leaks[:_SHOWN]]},
    )


class _OnDisk:
    """Texts in a file without a name, for several indexes."""

    def __init__(self, workspace: Workspace) -> None:
        self._file = tempfile.TemporaryFile(dir=workspace.root)  # noqa: SIM115 - closed by the block

    def __enter__(self) -> _OnDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def part(self) -> _Part:
        """The texts of one index."""
        return _Part(self._file)


class _Part:
    """Texts by their numbers."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places = array("q")

    def put(self, texts: Texts) -> None:
        """Takes the next one."""
        self._places.append(self._file.seek(0, 2))
        self._file.write(json.dumps(list(texts)).encode() + b"\n")

    def get(self, number: int) -> Texts:
        """The one of this number."""
        self._file.seek(self._places[number])
        values, answer = json.loads(self._file.readline())
        return tuple(values), answer
