"""Collecting the same again: what is new, changed and gone, and how the fields have drifted since the last time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.records import Collection
from webtune_tui.services.field_drift import FieldDrift, field_drift, profile_of
from webtune_tui.services.profiling import Profiler
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.history import HistoryRepository
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

_SAMPLED = 1000  # records of a collection that are profiled, evenly over it
_GONE_SHOWN = 20


@dataclass(frozen=True, slots=True)
class CollectionDrift:
    """A collection beside the last one that asked for the same.

    ``gone`` counts records of that one which this one did not bring; ``gone_sample`` names some by URL or key.
    ``fields`` rests on an even sample of the records of both.
    """

    previous_id: str
    previous_at: str
    new: int
    changed: int
    gone: int
    gone_sample: tuple[str, ...]
    fields: Sequence[FieldDrift]


class DriftService:
    """Compares a collection with its predecessor."""

    def __init__(self, workspace: Workspace) -> None:
        self._collections = CollectionRepository(workspace.database)
        self._records = RecordRepository(workspace.database)
        self._history = HistoryRepository(workspace.database)

    def settle(self, collection: Collection) -> tuple[Collection | None, int | None]:
        """Profiles a collection whose rows have all been stored; answers its predecessor and how much is gone.

        May be done again: it gives the same. Blocking, for a thread.
        """
        profiler = Profiler()
        for record in self._records.sample(collection.collection_id, _SAMPLED):
            profiler.add(record.fields)
        kept = {"fields": [dataclasses.asdict(profile) for profile in profiler.result()]}
        previous_id = self._history.previous(collection)
        if previous_id is None:
            self._history.keep_profile(collection.collection_id, kept)
            return None, None
        gone = self._history.gone(collection.collection_id, previous_id, sample=_GONE_SHOWN)
        self._history.keep_profile(collection.collection_id, kept | {"gone_sample": gone.sample})
        return self._collections.get(previous_id), gone.count

    async def report(self, collection_id: str) -> CollectionDrift | None:
        """What changed since the last collection of the same; ``None`` where there was none. Raises NotFound."""
        return await asyncio.to_thread(self._report, collection_id)

    def _report(self, collection_id: str) -> CollectionDrift | None:
        collection = self._collections.get(collection_id)
        if collection is None:
            raise NotFound(f"There is no collection {collection_id!r}", hint="See: webtune collect list")
        previous = self._collections.get(collection.previous_id) if collection.previous_id else None
        if previous is None:
            return None
        after = self._history.profile(collection_id) or {}
        before = self._history.profile(previous.collection_id) or {}
        is_known = "fields" in before and "fields" in after  # collections of an older webtune have no profile
        return CollectionDrift(
            previous_id=previous.collection_id,
            previous_at=previous.finished_at or previous.created_at,
            new=collection.new,
            changed=collection.changed,
            gone=collection.gone or 0,
            gone_sample=tuple(after.get("gone_sample", ())),
            fields=tuple(
                field_drift(
                    [profile_of(stored) for stored in before["fields"]],
                    [profile_of(stored) for stored in after["fields"]],
                )
                if is_known
                else ()
            ),
        )
