"""One edit worked out on a version: what it changes, kept apart until it is stored in one transaction. Blocking."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
import threading
from array import array
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

from webtune_tui.domain.errors import NotFound, Stopped, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_fields import EDITED
from webtune_tui.domain.examples import Example, Split, encode_messages
from webtune_tui.pipeline.edit import Edit
from webtune_tui.pipeline.edits.base import (
    DoesNotFit,
    Head,
    PairOperation,
    RowOperation,
    TextOperation,
    derived_id,
)
from webtune_tui.pipeline.tokens import count_examples
from webtune_tui.services.edit_selection import picked
from webtune_tui.services.edit_tools import EditTools
from webtune_tui.storage.dataset_bulk import changed_totals
from webtune_tui.storage.dataset_steps import Step
from webtune_tui.storage.dataset_types import Change, Revision, StoredExample, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_scans import ExampleScans
from webtune_tui.storage.files import storage_error

BATCH = 200
_IN_MEMORY = 8 * 1024 * 1024  # bytes of changes; more wait in a nameless file
_SHOWN = 3


class EditWork:
    """What an edit changes in a revision.

    ``met`` examples were selected, ``count`` of them change, ``left`` stay since the operation does not fit;
    ``missing`` are the ids that the version does not have, ``misfit`` is why the first one stayed, ``reasons`` counts
    why they did where the operation tells it, and ``left_ids`` names those of them that were named. A replay leaves
    also a named example as it is where the operation does not fit.
    """

    def __init__(
        self,
        edit: Edit,
        store: DatasetStore,
        scans: ExampleScans,
        revision: Revision,
        tools: EditTools,
        folder: Path,
        *,
        is_replay: bool = False,
        stopped: threading.Event | None = None,
    ) -> None:
        self.edit = edit
        self.met = 0
        self.count = 0
        self.left = 0
        self.misfit: DoesNotFit | None = None
        self.reasons: Counter[str] = Counter()
        self.left_ids: set[str] = set()
        self._leaves_misfits = is_replay or not edit.example_ids or _leaves_misfits(edit)
        self._stopped = stopped or threading.Event()
        self.missing: tuple[str, ...] = ()
        self.rows = self.selected = array("q")
        self._store = store
        self._scans = scans
        self._revision = revision
        self._tools = tools
        self._folder = folder
        self._waiting: _Waiting | None = None
        self._totals: Totals = revision.totals
        self._new_ids: set[str] = set()
        self._next_ordinal = 0

    def select(self) -> Generator[Progressed, None, None]:
        """Finds the selected examples; of a row operation also which of them change.

        Raises:
            UsageError: the condition can't be read, or the operation is refused.
        """
        if self.edit.operation.kind == "back":
            self.met = len(self.edit.example_ids)
            return
        found = yield from picked(self._store, self._scans, self._revision, self.edit.selection, self._stopped)
        self.met, self.missing, self.rows = len(found.rows), found.missing, found.rows
        self.selected = found.rows
        if self.edit.operation.kind == "row":
            self._turn_rows(cast("RowOperation", self.edit.operation))

    def plan(self) -> Generator[Progressed, None, None]:
        """Works the changes out.

        Raises:
            UsageError: the operation does not fit an example that was named, or is refused.
        """
        match self.edit.operation.kind:
            case "text":
                yield from self._plan_texts()
            case "pair":
                self._plan_pair(cast("PairOperation", self.edit.operation))
            case "back":
                yield from self._plan_back()

    def commit(self, step: Step) -> Revision:
        """Stores everything in one transaction. Raises Stopped where it is told to stop before its end."""
        if self.edit.operation.kind == "row" and self.count:
            return self._store.commit_rows(self._revision, self.rows, self.turn, step, self._stopped)
        batches = self._waiting or ()
        return self._store.commit_changes(
            self._revision, batches, self._totals, self.count, step, stopped=self._stopped
        )

    def close(self) -> None:
        """Lets go of what waits."""
        if self._waiting is not None:
            self._waiting.close()

    def require_all(self) -> None:
        """Refuses ids that the version does not have. Raises NotFound."""
        if self.missing and self.edit.operation.kind != "back":
            told = ", ".join(self.missing[:_SHOWN]) + (" …" if len(self.missing) > _SHOWN else "")
            raise NotFound(f"There is no example {told} in this version", hint="See: webtune dataset show")

    # Rows

    def turn(self, split: str, flags: str) -> tuple[str, str] | None:
        """What becomes of a row's split and flags."""
        operation = cast("RowOperation", self.edit.operation)
        head = operation.row(Head(Split(split), tuple(flags.split())))
        return None if head is None else (head.split.value, " ".join(head.flags))

    def _turn_rows(self, operation: RowOperation) -> None:
        turned: dict[tuple[str, str], bool] = {}
        kept = array("q")
        if operation.whole_groups:
            heads = self._store.with_groups(self._revision, self.rows)
        elif all(self.turn(split.value, "") is None for split in Split):
            self.count = len(self.rows)  # they go, whatever they are
            return
        else:
            heads = self._store.heads_of(self.rows)
        for row_id, split, flags in heads:
            changes = turned.get((split, flags))
            if changes is None:
                changes = turned[split, flags] = self.turn(split, flags) != (split, flags)
            if changes:
                kept.append(row_id)
        self.rows, self.count = kept, len(kept)
        if operation.whole_groups and kept:
            self._keep_test_apart(str(getattr(operation, "to", "")))

    def _keep_test_apart(self, to: str) -> None:
        """Refuses what would mix the test split of a fixed version. Raises UsageError."""
        if not self._store.has_fixed():
            return
        if to != Split.TEST and (ids := self._store.tested_of(self.rows, _SHOWN + 1)):
            raise UsageError(
                f"The test split is frozen: a version that was exported, trained on or named tests on {_told(ids)}",
                hint="Leave them in test, or drop them; what was tested on can't be learned.",
            )
        if to == Split.TEST and (ids := self._store.trained_of(self.rows, _SHOWN + 1)):
            raise UsageError(
                f"The test split is frozen: a version that was exported, trained on or named learned from {_told(ids)}",
                hint="What was learned proves nothing in a test. Bring new records for a larger test split.",
            )

    # Texts

    def changes(self, rows: Sequence[int]) -> Iterator[tuple[StoredExample, list[Change]]]:
        """What becomes of some examples; those to which the operation does not fit are counted.

        Raises:
            DoesNotFit: one of those was named by its id.
        """
        operation = cast("TextOperation", self.edit.operation)
        stored = self._store.by_rows(rows)
        examples = [one.to_example() for one in stored]
        results = operation.results(examples, self._tools)
        kept: list[tuple[StoredExample, tuple[Example, ...]]] = []
        for before, example, result in zip(stored, examples, results, strict=True):
            if isinstance(result, DoesNotFit):
                if not self._leaves_misfits:
                    raise result
                self._leave(example, result)
            elif result != (example,):
                kept.append((before, result))
        counted = [one for before, result in kept for one in result]
        tokens = iter(count_examples([one.messages for one in counted], self._tools.counter) if counted else [])
        parents = [before.example_id for before, result in kept for _ in result[1:]]
        ids = iter(self._ids_for(parents))
        for before, result in kept:
            changes = []
            for number, one in enumerate(result):
                after = _after(before, one, next(tokens))
                if number:
                    changes.append(Change(None, replace(after, example_id=next(ids), ordinal=self._ordinal())))
                elif (after.messages, after.flags) != (before.messages, before.flags):
                    changes.append(Change(before, after))
            yield before, changes

    def _leave(self, example: Example, misfit: DoesNotFit) -> None:
        self.left += 1
        self.misfit = self.misfit or misfit
        if why := misfit.fields.get("why"):
            self.reasons[why] += 1
        if self.edit.example_ids:
            self.left_ids.add(example.example_id)

    def _plan_texts(self) -> Generator[Progressed, None, None]:
        self._waiting = _Waiting(self._folder)
        for start in range(0, len(self.rows), BATCH):
            batch: list[Change] = []
            for _, changes in self.changes(self.rows[start : start + BATCH]):
                self.count += bool(changes)
                batch += changes
            self._take(batch)
            if self._stopped.is_set():
                raise Stopped
            yield Progressed("editing", min(start + BATCH, len(self.rows)), len(self.rows), "examples")

    def _take(self, changes: Sequence[Change]) -> None:
        if self._waiting is None:
            self._waiting = _Waiting(self._folder)
        for change in changes:
            self._totals = changed_totals(self._totals, change)
        bare = [Change(replace(one.before, messages="") if one.before else None, one.after) for one in changes]
        self._waiting.add(bare)

    def _ids_for(self, parents: Sequence[str]) -> list[str]:
        """An id for each new example: the first of its parent's that the version does not have."""
        numbers = [1] * len(parents)
        found = [""] * len(parents)
        open_places = list(range(len(parents)))
        while open_places:
            tried = [derived_id(parents[at], self.edit.kind, numbers[at]) for at in open_places]
            taken = self._store.rows_of_ids(self._revision, tried).keys()
            left = []
            for at, one in zip(open_places, tried, strict=True):
                if one in taken or one in self._new_ids:
                    numbers[at] += 1
                    left.append(at)
                else:
                    self._new_ids.add(one)
                    found[at] = one
            open_places = left
        return found

    def _ordinal(self) -> int:
        """New examples stand behind all others."""
        if not self._next_ordinal:
            self._next_ordinal = self._store.last_ordinal(self._revision.build)
        self._next_ordinal += 1
        return self._next_ordinal

    # Two into one, and back again

    def _plan_pair(self, operation: PairOperation) -> None:
        found = self._store.by_rows(self.rows)
        if len(found) < 2:
            return  # one is missing, which is told
        first, second = found
        joined = operation.joined(first.to_example(), second.to_example())
        tokens = count_examples([joined.messages], self._tools.counter)[0]
        after = replace(_after(first, joined, tokens), record_ids=joined.record_ids)
        changes = [Change(first, after), Change(second, None)]
        if second.group and second.group != first.group:  # near-duplicates of the second are now those of the first
            mates = [one for one in self._store.group_rows(self._revision, second.group) if one != second.row_id]
            changes += [Change(mate, replace(mate, group=first.group, row_id=0)) for mate in self._store.by_rows(mates)]
        self.count = 2
        self._take(changes)

    def _plan_back(self) -> Generator[Progressed, None, None]:
        """Those that an edit took out come back at once; those that a step dropped wait for the next prepare."""
        ids, missing = self.edit.example_ids, []
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            alive = self._store.rows_of_ids(self._revision, some)
            wanted = [one for one in some if one not in alive]
            ended = self._store.ended(self._revision, wanted)
            groups = sorted({row.group for row in ended.values() if row.group})
            splits = self._store.group_splits(self._revision, groups)
            missing += [one for one in wanted if one not in ended]
            self.count += len(ended)
            self._take(
                [
                    Change(None, replace(row, row_id=0, split=Split(splits.get(row.group, row.split.value))))
                    for row in ended.values()
                ]
            )
            if self._stopped.is_set():
                raise Stopped
            yield Progressed("bringing back", min(start + BATCH, len(ids)), len(ids), "examples")
        self.missing = tuple(missing)


class _Waiting:
    """Batches of changes in order: in memory, and from some size on in a file without a name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(folder)))  # noqa: SIM115
        self._batches = 0

    def add(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        try:
            pickle.dump(list(changes), self._file, pickle.HIGHEST_PROTOCOL)
        except OSError as error:
            raise storage_error(self._folder, error) from error
        self._batches += 1

    def __iter__(self) -> Iterator[list[Change]]:
        try:
            self._file.seek(0)  # writes what still waits to be written
        except OSError as error:
            raise storage_error(self._folder, error) from error
        for _ in range(self._batches):
            batch: list[Change] = pickle.load(self._file)  # noqa: S301 - our own
            yield batch

    def close(self) -> None:
        with contextlib.suppress(OSError):  # a full disk was told already; nothing of this is wanted any more
            self._file.close()


def _after(before: StoredExample, example: Example, tokens: int) -> StoredExample:
    """The row of a changed example, marked where its messages are others."""
    messages = encode_messages(example.messages)
    is_same = messages == before.messages
    flags = example.flags if is_same or EDITED in example.flags else (*example.flags, EDITED)
    return replace(
        before,
        messages=messages,
        tokens=tokens,
        flags=flags,
        row_id=0,
        body_id=before.body_id if is_same else 0,
    )


def _leaves_misfits(edit: Edit) -> bool:
    """Whether of several named examples some may be left as they are."""
    return len(edit.example_ids) > 1 and getattr(edit.operation, "leaves_misfits", False)


def _told(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (" and others" if len(ids) > _SHOWN else "")
