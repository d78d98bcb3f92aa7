"""Erasing a person: everything in a workspace that mentions them, found first and removed on agreement.

Files are cleaned before the database, and the database in one transaction: until that is done the person can still be
found in it, so that a killed removal is ended by running it again. Raw data is "never edited" otherwise; this is the
one exception. What learned from the person, or lies elsewhere, can't be undone from here and is named.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from webtune_tui.domain.datasets import version_name
from webtune_tui.domain.erasure import (
    STAGES,
    AffectedJob,
    AffectedVersion,
    FoundExample,
    FoundRecord,
    PersonFound,
    PersonRemoved,
)
from webtune_tui.domain.errors import StorageFailed, TryLater
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.mentions import Person
from webtune_tui.domain.records import CollectionState
from webtune_tui.services.local_work import jobs_at_work
from webtune_tui.services.purge_files import FileHit, FileSweep
from webtune_tui.services.purge_raw import RawFolderSweep, RawHit
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.stepwise import in_thread
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.files import require_space
from webtune_tui.storage.person_removal import FoundRows
from webtune_tui.storage.purge import PersonRows
from webtune_tui.storage.workspace import Workspace

_PLACES = 20
_SPARE_BYTES = 32 * 1024**2
Result = TypeVar("Result")


@dataclass(slots=True)
class _Tally:
    """Counts and the first places by stage."""

    matches: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)

    def add(self, stage: str, count: int = 1, place: str = "") -> None:
        self.matches[stage] += count
        shown = self.places.setdefault(stage, [])
        if place and len(shown) < _PLACES:
            shown.append(place)

    def counts(self) -> dict[str, int]:
        return {stage: self.matches[stage] for stage in STAGES}


class PurgeService:
    """Finding and erasing persons in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._collections = CollectionRepository(workspace.database)
        self._store = DatasetStore(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)
        self._last: tuple[Person, PersonFound, FoundRows] | None = None

    async def find(self, person: Person) -> AsyncGenerator[Progressed | PersonFound, None]:
        """Looks everywhere and changes nothing; ends with PersonFound."""
        async for event in in_thread(self._find(person)):
            yield event

    async def remove(
        self, person: Person, found: PersonFound
    ) -> AsyncGenerator[Progressed | PersonFound | PersonRemoved, None]:
        """Removes what was found; ends with PersonRemoved. Killed in between, the same call again ends the work.

        Raises:
            TryLater: a job of this workspace is at work, and its data may be in use.
            NoSpace: the database can't be rewritten; nothing was changed.
            StorageFailed: the workspace is open read-only, or another process reads it at the very end.
        """
        await asyncio.to_thread(self._require_free)
        async for event in in_thread(self._remove(person, found)):
            yield event

    def _require_free(self) -> None:
        root = self._workspace.root
        if self._workspace.read_only:
            raise StorageFailed(f"{root} is open read-only", hint="Close the other webtune that uses it.")
        if working := jobs_at_work(self._workspace.jobs):
            raise TryLater(
                f"{', '.join(working)} is at work with data of this workspace",
                hint=f"Wait for it, or stop it: webtune jobs cancel {working[0]}",
            )
        require_space(root, 2 * self._workspace.database.path.stat().st_size + _SPARE_BYTES)

    # Finding

    def _find(self, person: Person) -> Generator[Progressed | PersonFound, None, None]:
        rows = PersonRows(self._workspace.database, person)
        tally = _Tally()
        records = yield from _told("searching records", rows.records())
        record_ids = {one.record_id for one in records}
        examples = yield from _told("searching examples", rows.examples(record_ids))
        gone = {one.example_id for one in examples if one.is_derived}
        found = FoundRows(records, examples, rows.edits(gone), rows.turns(), rows.dropped(record_ids))
        _count_rows(tally, found)
        yield Progressed("searching texts", 0)
        for table, count in rows.texts().items():
            tally.add("texts", count, f"{table.table}: {', '.join(table.columns)}")
        yield from self._sweep(person, found, tally, erase=False)
        listed = self._told_of(person, rows, found, tally)
        self._last = person, listed, found
        yield listed

    def _told_of(self, person: Person, rows: PersonRows, found: FoundRows, tally: _Tally) -> PersonFound:
        versions = [
            AffectedVersion(version_name(name), count, is_working)
            for name, count, is_working in rows.versions(found.examples)
        ]
        jobs = rows.jobs(one.dataset_version for one in versions)
        pending = rows.pending()
        if pending is not None and not versions:
            versions, jobs = _restored(pending)
        return PersonFound(
            matches=tally.counts(),
            places=tally.places,
            versions=versions,
            jobs=jobs,
            left=[*self._left(person, rows, found.records, versions, jobs)],
            is_interrupted=pending is not None,
        )

    def _left(
        self,
        person: Person,
        rows: PersonRows,
        records: Sequence[FoundRecord],
        versions: Sequence[AffectedVersion],
        jobs: Sequence[AffectedJob],
    ) -> Iterator[str]:
        """What can't be undone from here."""
        for job in jobs:
            for model in job.models:
                yield f"{model} ({job.job_id} at {job.provider}) learned from {job.dataset_version} and keeps it"
            if job.provider != "local":
                for file in job.files:
                    yield f"{file} at {job.provider} is training data of {job.job_id}; delete it there"
        if versions:
            yield "Copies of exports outside of this workspace, if there are any"
        for collection_id, snapshot_id, state, source in rows.snapshots({one.collection_id for one in records}):
            if snapshot_id:
                yield f"Snapshot {snapshot_id} at its service still holds what {collection_id} brought"
            if source == "files":
                yield f"The files that {collection_id} was imported from, if they still exist"
            if not CollectionState(state).is_final:
                yield f"{collection_id} is {state}: what it still brings was not searched; run this again after it"
        raw = self._workspace.root / "raw"
        for path in sorted(raw.rglob("*")) if raw.is_dir() else ():
            if person.is_in_name(path.name):
                yield f"The name of {self._workspace.relative(path)}"

    # Files, looked at and cleaned by the same code

    def _sweep(
        self, person: Person, found: FoundRows, tally: _Tally, *, erase: bool
    ) -> Generator[Progressed, None, None]:
        word = "erasing" if erase else "searching"
        yield Progressed(f"{word} raw files", 0, unit="files")
        for number, hit in enumerate(self._raw_hits(person, found, erase=erase), start=1):
            _count_raw(tally, hit, self._workspace.relative(hit.path))
            yield Progressed(f"{word} raw files", number, unit="files")
        yield Progressed(f"{word} files", 0, unit="files")
        sweep = FileSweep(
            self._workspace,
            person,
            self._recipes,
            frozenset(found.derived_ids),
            frozenset(one.line for one in found.examples),
        )
        for number, file in enumerate(sweep.run(erase=erase), start=1):
            _count_file(tally, file, self._workspace.relative(file.path))
            yield Progressed(f"{word} files", number, unit="files")

    def _raw_hits(self, person: Person, found: FoundRows, *, erase: bool) -> Iterator[RawHit]:
        by_collection: dict[str, list[FoundRecord]] = {}
        for record in found.records:
            by_collection.setdefault(record.collection_id, []).append(record)
        raw = self._workspace.root / "raw"
        for folder in sorted(raw.iterdir()) if raw.is_dir() else ():
            if folder.is_dir() and not folder.is_symlink():
                records = by_collection.get(folder.name, [])
                yield from RawFolderSweep(folder, person, records, self._only_file(folder)).run(erase=erase)

    def _only_file(self, folder: Path) -> str:
        """The one raw file of a collection, where its row names a file and no folder."""
        collection = self._collections.get(folder.name)
        if collection is None or collection.raw_path is None:
            return ""
        path = self._workspace.absolute(collection.raw_path)
        return path.name if path.parent == folder else ""

    # Removing

    def _remove(
        self, person: Person, found: PersonFound
    ) -> Generator[Progressed | PersonFound | PersonRemoved, None, None]:
        if self._last is None or self._last[:2] != (person, found):
            yield from self._find(person)
        assert self._last is not None, "finding sets it"
        _, found, rows = self._last
        tally = _Tally()
        yield from self._sweep(person, rows, tally, erase=True)
        yield Progressed("erasing rows", 0)
        database = PersonRows(self._workspace.database, person)
        affected = {"versions": [asdict(one) for one in found.versions], "jobs": [asdict(one) for one in found.jobs]}
        renamed = database.remove(rows, affected)
        _count_rows(tally, rows)
        tally.add("texts", found.matches["texts"])
        yield Progressed("rewriting the database", 0)
        database.end()
        self._last = None
        head = self._store.head()
        names = {version_name(old): version_name(new) for old, new in renamed.items()}
        yield PersonRemoved(
            removed=tally.counts(),
            versions=[replace(one, now=names.get(one.dataset_version, one.now)) for one in found.versions],
            jobs=found.jobs,
            left=found.left,
            dataset_version=version_name(head.content_hash) if head else None,
        )


def _told(stage: str, work: Generator[int, None, Result]) -> Generator[Progressed, None, Result]:
    """The steps of a search as progress; answers its result."""
    while True:
        try:
            done = next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
        yield Progressed(stage, done, unit=stage.rpartition(" ")[2])


def _count_rows(tally: _Tally, found: FoundRows) -> None:
    for one in found.records:
        stage = "sightings" if one.is_sighting else "errors" if one.is_error else "records"
        tally.add(stage, place=f"{one.collection_id} position {one.position}")
    for example_id in dict.fromkeys(one.example_id for one in _newest_first(found.examples)):
        tally.add("examples", place=example_id)
    for edit_id in found.edits or {}:
        tally.add("edits", place=f"edit {edit_id}")
    tally.add("chats", len(found.turns))
    tally.add("dropped", found.dropped)


def _newest_first(examples: Sequence[FoundExample]) -> list[FoundExample]:
    return sorted(examples, key=lambda one: -one.build)


def _count_raw(tally: _Tally, hit: RawHit, path: str) -> None:
    if not hit.is_whole:
        tally.add("raw_ranges", hit.ranges, f"{path}: bytes {', '.join(hit.places)}" if hit.places else path)
    else:
        tally.add("pages" if hit.is_page else "raw_files", place=path)


def _count_file(tally: _Tally, hit: FileHit, path: str) -> None:
    tally.add(hit.stage, hit.count, path)


def _restored(pending: Mapping[str, Any]) -> tuple[list[AffectedVersion], list[AffectedJob]]:
    """What the killed removal affected, as it noted it down; its rows are gone."""
    renamed = {version_name(old): version_name(new) for old, new in pending.get("renamed", {}).items()}
    versions = [AffectedVersion(**one) for one in pending.get("versions", [])]
    jobs = [AffectedJob(**one) for one in pending.get("jobs", [])]
    return [replace(one, now=renamed.get(one.dataset_version)) for one in versions], jobs
