"""Dropped rows brought back by a condition: one step that names them all. Blocking.

The step keeps ids and no condition: what a step drops depends on the rest of the recipe, so that the same words would
mean other rows at a replay.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from webtune_tui.domain.conditions import Condition, Leaf, Node, has_field
from webtune_tui.domain.dropped_fields import EXAMPLES, NO_EXAMPLE, OF_THE_ROW, condition_on_dropped, record_fields
from webtune_tui.domain.edit_steps import Edited, EditResult, RestorePreview
from webtune_tui.domain.errors import NotFound, Stopped, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.pipeline.edit import kept
from webtune_tui.services.editor import Editor
from webtune_tui.services.prepare_map import parsed
from webtune_tui.storage.dataset_types import DroppedRow, Revision
from webtune_tui.storage.live_records import RecordQueries

_WANTED = "wanted back already"
_NO_EXAMPLE = "rows that make no example ({reason})"
_BY_HAND = "by_hand"
_RECORDS_AT_ONCE = 100  # a record may have megabytes


@dataclass(slots=True)
class _Found:
    """The ids of the rows that are meant and can come back, and how many can't for which reason."""

    ids: list[str] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    at_once: int = 0
    met: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


class Restoring:
    """Finds dropped rows of the newest build and brings them back."""

    def __init__(self, editor: Editor, records: RecordQueries) -> None:
        self._editor = editor
        self._store = editor.store
        self._records = records

    def run(self, where: str, stopped: threading.Event | None = None) -> Generator[Progressed | Edited, None, None]:
        """Brings back what meets a condition; ends with Edited.

        Raises:
            UsageError: the condition can't be read, or asks for a field that no dropped row has.
        """
        head = self._head()
        found = yield from self._find(head, where, stopped or threading.Event(), 0)
        words = "Nothing changed" if found.met else "No dropped row is selected"
        result = EditResult(head.to_version(), (), words=words)
        if found.ids:
            result = yield from self._editor.applied(kept(*found.ids), stopped)
        yield Edited(replace(result, left=found.reasons.total(), reasons=dict(found.reasons.most_common())))

    def preview(self, where: str, samples: int) -> RestorePreview:
        """What a condition would bring back; nothing is stored. Raises as :meth:`run`."""
        head = self._head()
        search = self._find(head, where, threading.Event(), samples)
        while True:
            try:
                next(search)
            except StopIteration as stop:
                found: _Found = stop.value
                break
        shown = self._store.dropped_of(head.build, found.shown) if found.shown else []
        waiting = len(found.ids) - found.at_once
        return RestorePreview(found.met, found.at_once, waiting, tuple(shown), dict(found.reasons.most_common()))

    def _head(self) -> Revision:
        head = self._store.head()
        if head is None:
            raise NotFound("There is no dataset yet", hint="Make one with: webtune prepare")
        return head

    def _find(
        self, head: Revision, where: str, stopped: threading.Event, samples: int
    ) -> Generator[Progressed, None, _Found]:
        if not where.strip():
            raise UsageError("No dropped row is selected", hint=f"Give a reason, or a condition such as {EXAMPLES}")
        condition = condition_on_dropped(where)
        search = _Search(condition, self._records)
        wanted_back = self._editor.wanted_back()
        found, looked = _Found(), 0
        for batch in self._store.dropped_in_batches(head.build):
            for row in search.meeting(batch):
                _take(found, row, wanted_back, samples)
            looked += len(batch)
            if stopped.is_set():
                raise Stopped
            yield Progressed("selecting", looked, None, "dropped rows")
        search.refuse_unknown()
        return found


class _Search:
    """Asks rows a condition; their records are read only where it asks for them and nothing else rules the row out."""

    def __init__(self, condition: Condition, records: RecordQueries) -> None:
        self._condition = condition
        self._records = records
        self._first = [part for part in _parts(condition.root) if _is_of_the_row(part)]
        self._needs_records = any(name.casefold() not in OF_THE_ROW for name in condition.fields)
        self._unseen = set(record_fields(condition))
        self._looked_at_records = False

    def meeting(self, rows: Sequence[DroppedRow]) -> Iterator[DroppedRow]:
        """The rows that meet the condition, in order."""
        asked = [row for row in rows if all(part.matches(_of_the_row(row)) for part in self._first)]
        if not self._needs_records:
            yield from (row for row in asked if self._condition.matches(_of_the_row(row)))
            return
        for start in range(0, len(asked), _RECORDS_AT_ONCE):
            some = asked[start : start + _RECORDS_AT_ONCE]
            known = self._of_records([row.record_id for row in some])
            for row in some:
                fields = {**known.get(row.record_id, {}), **_of_the_row(row)}
                self._unseen -= {name for name in self._unseen if has_field(fields, name)}
                if self._condition.matches(fields):
                    yield row

    def refuse_unknown(self) -> None:
        """Raises UsageError where no record had a field that the condition asks for."""
        if self._unseen and self._looked_at_records:
            raise UsageError(
                f"No dropped row has a field {sorted(self._unseen)[0]!r}",
                hint=f"Ask for {', '.join(OF_THE_ROW)}, source, or a field of the records. For example: {EXAMPLES}",
            )

    def _of_records(self, record_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        self._looked_at_records = self._looked_at_records or bool(record_ids)
        found = {}
        for record in self._records.of_ids(record_ids):
            fields = parsed(record.fields)
            found[record.record_id] = {**(fields if isinstance(fields, dict) else {}), "source": record.source}
        return found


def _take(found: _Found, row: DroppedRow, wanted_back: frozenset[str], samples: int) -> None:
    found.met += 1
    if row.reason in NO_EXAMPLE or not row.example_id:
        found.reasons[_NO_EXAMPLE.format(reason=row.reason)] += 1
    elif row.reason != _BY_HAND and row.example_id in wanted_back:
        found.reasons[_WANTED] += 1
    else:
        found.ids.append(row.example_id)
        found.at_once += row.reason == _BY_HAND
        if len(found.shown) < samples:
            found.shown.append(row.record_id)


def _parts(root: Node) -> Sequence[Node]:
    """Conditions that must all hold."""
    return getattr(root, "parts", ()) if getattr(root, "needs_all", False) else (root,)


def _is_of_the_row(part: Node) -> bool:
    return isinstance(part, Leaf) and len(part.path) == 1 and str(part.path[0]).casefold() in OF_THE_ROW


def _of_the_row(row: DroppedRow) -> dict[str, Any]:
    return {
        "reason": row.reason,
        "step": row.step,
        "detail": row.detail,
        "id": row.example_id,
        "stayed": row.keeper_id,
    }
