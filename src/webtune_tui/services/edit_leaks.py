"""Edits that bring a text of one split into another: preparing keeps splits apart, a person may not. Blocking."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import IO, Any

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_fields import EDITED
from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.validation.overlap import OverlapIndex, texts_of
from webtune_tui.pipeline.validation.similar import Texts
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

_BATCH = 256
_SHOWN = 3
_PROMPT_ALONE = "The same prompt"  # short ones are the same by chance, and preparing lets them be

Leak = tuple[StoredExample, StoredExample]
"""An edited example, and one of another split that says the same."""


def without_edit_leaks(workspace: Workspace, version: DatasetVersion) -> Generator[Progressed, None, None]:
    """Compares the edited examples of a version with those of the other splits; free of charge where there are none.

    Raises:
        InvalidInput: an edited example says what one of another split says.
    """
    store = DatasetStore(workspace.database)
    revision = store.find(version.content_hash)
    if revision is None:
        return
    operations = [edit.operation for edit in store.edits() if edit.state == "applied" and _rewrites(edit.operation)]
    if any("where" in one for one in operations):
        yield from _without_leaks_of_many(workspace, store, revision)
        return
    edited = _edited(store, revision, operations)
    if not edited:
        return
    leaks = []
    for number, batch in enumerate(_batches(store.stream(revision))):
        yield Progressed("comparing the edits with the other splits", number * _BATCH, version.examples, "examples")
        leaks += list(_leaks(edited, batch))
    if leaks:
        raise _refused(leaks)


def _without_leaks_of_many(
    workspace: Workspace, store: DatasetStore, revision: Revision
) -> Generator[Progressed, None, None]:
    """The same for edits by a condition: the edited ones are indexed, on disk, and all others asked for them."""
    stage, total = "comparing the edits with the other splits", revision.totals.content.count
    leaks: list[Leak] = []
    with _OnDisk(workspace) as texts:
        indexes = {split: _EditedOf(split, texts) for split in Split}
        for number, batch in enumerate(_batches(store.stream(revision))):
            for index in indexes.values():
                index.add([one for one in batch if EDITED in one.flags])
            yield Progressed(stage, number * _BATCH, 2 * total, "examples")
        for number, batch in enumerate(_batches(store.stream(revision))):
            for index in indexes.values():
                leaks += index.leaks(batch)
            yield Progressed(stage, total + number * _BATCH, 2 * total, "examples")
            if len(leaks) > _SHOWN:
                break
    if leaks:
        raise _refused(leaks)


class _EditedOf:
    """The edited examples of a split, by what they say."""

    def __init__(self, split: Split, texts: _OnDisk) -> None:
        self._split = split
        self._index = OverlapIndex(texts.part())
        self._known: list[StoredExample] = []

    def add(self, edited: Sequence[StoredExample]) -> None:
        """Takes those of the split."""
        mine = [one for one in edited if one.split is self._split]
        first = len(self._known)
        said = [(first + number, texts_of(one.to_example().messages)) for number, one in enumerate(mine)]
        self._index.add(0, said)
        self._known += [replace(one, messages="") for one in mine]

    def leaks(self, examples: Sequence[StoredExample]) -> Iterator[Leak]:
        """The pairs of an edited example and one of another split that are alike."""
        asked = [one for one in examples if one.split is not self._split] if self._known else []
        found = self._index.find([texts_of(one.to_example().messages) for one in asked]) if asked else []
        for one, overlap in zip(asked, found, strict=True):
            if overlap is not None and overlap.shared != _PROMPT_ALONE:
                yield self._known[overlap.place.line], one


def _edited(store: DatasetStore, revision: Revision, operations: Sequence[Mapping[str, Any]]) -> list[StoredExample]:
    named = [[one["example"]] if "example" in one else one.get("ids", []) for one in operations]
    ids = list(dict.fromkeys(str(name) for names in named for name in names))
    return list(store.by_ids(revision, ids).values()) if ids else []


def _rewrites(operation: Mapping[str, Any]) -> bool:
    """Whether an edit of named examples wrote other texts."""
    return "example" in operation or operation.get("do") in ("replace", "trim", "merge", "role", "retemplate")


def _leaks(edited: Sequence[StoredExample], others: Sequence[StoredExample]) -> Iterator[Leak]:
    """The pairs of an edited example and another one that lie in different splits and are alike."""
    for split in Split:
        asked = [one for one in edited if one.split is not split]
        there = [one for one in others if one.split is split]
        if not asked or not there:
            continue
        index = OverlapIndex(_Kept())
        index.add(0, [(number, texts_of(one.to_example().messages)) for number, one in enumerate(there)])
        for one, overlap in zip(asked, index.find([texts_of(one.to_example().messages) for one in asked]), strict=True):
            if overlap is not None and overlap.shared != _PROMPT_ALONE:
                yield one, there[overlap.place.line]


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


class _Kept:
    """Texts of a batch, in memory."""

    def __init__(self) -> None:
        self._texts: list[Texts] = []

    def put(self, texts: Texts) -> None:
        """Takes the next one."""
        self._texts.append(texts)

    def get(self, number: int) -> Texts:
        """The one of this number."""
        return self._texts[number]


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
