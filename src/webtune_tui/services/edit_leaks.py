"""Edits that bring a text of one split into another: preparing keeps splits apart, a person may not. Blocking."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Progressed
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
    edited = _edited(store, revision) if revision is not None else []
    if revision is None or not edited:
        return
    leaks = []
    for number, batch in enumerate(_batches(store.stream(revision))):
        yield Progressed("comparing the edits with the other splits", number * _BATCH, version.examples, "examples")
        leaks += list(_leaks(edited, batch))
    if leaks:
        raise _refused(leaks)


def _edited(store: DatasetStore, revision: Revision) -> list[StoredExample]:
    operations = [edit.operation for edit in store.edits() if edit.state == "applied"]
    named = [[one["example"]] if "example" in one else one.get("ids", []) for one in operations if _rewrites(one)]
    ids = list(dict.fromkeys(str(name) for names in named for name in names))
    return list(store.by_ids(revision, ids).values()) if ids else []


def _rewrites(operation: Mapping[str, Any]) -> bool:
    """Whether an edit of named examples wrote other texts."""
    return "example" in operation or operation.get("do") in ("replace", "trim", "merge", "role")


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
