"""Where a record comes from, what was made of it, and what hangs on a collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from webtune_tui.domain.records import NO_PLACE, Collection, RawPlace, Record

RAW_LIMIT = 64 * 1024
"""Bytes of a record that are read for looking at; the full size is told beside them."""


class RawState(StrEnum):
    """What can be said of a record's raw bytes."""

    WHOLE = "whole"
    CHANGED = "changed"
    MISSING = "missing"
    UNMARKED = "unmarked"


@dataclass(frozen=True, slots=True)
class RawPiece:
    """The raw bytes of one record, cut to a limit.

    ``size`` is their full number, ``None`` where it is not known. ``state`` says whether the file is as it was
    downloaded; ``unmarked`` means that its format does not tell which of its bytes are the record's. ``note`` is that
    in words, empty where all is well. ``place`` is where they lie; ``encoding`` is that of the file.
    """

    path: Path | None
    state: RawState
    data: bytes = b""
    size: int | None = None
    note: str = ""
    place: RawPlace = NO_PLACE
    encoding: str = "utf-8"

    @property
    def is_cut(self) -> bool:
        """Whether there is more than what is here."""
        return self.size is not None and self.size > len(self.data)

    @property
    def text(self) -> str:
        """The bytes as text; what does not decode becomes the replacement character."""
        return self.data.decode(self.encoding, "replace").removeprefix("\ufeff")


@dataclass(frozen=True, slots=True)
class Delivery:
    """That a collection brought a record, and where it stands there."""

    collection_id: str
    position: int
    label: str = ""
    created_at: str = ""
    place: RawPlace = NO_PLACE


@dataclass(frozen=True, slots=True)
class RecordSource:
    """A record with the collection that holds it and its raw bytes.

    ``page`` is the file that holds the whole page of the record, where it came as a page. ``also_in`` are the other
    places where the same record was delivered, newest first.
    """

    record: Record
    collection: Collection
    raw: RawPiece
    page: Path | None = None
    also_in: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class DeletedRecord:
    """A record that is no longer in the workspace. The collection is empty where nobody knows it."""

    record_id: int
    collection_id: str = ""
    label: str = ""
    deleted_at: str = ""

    @property
    def words(self) -> str:
        """What became of it."""
        if not self.collection_id:
            return f"record {self.record_id:,} is not in this workspace"
        return f"record {self.record_id:,} was deleted with collection {self.collection_id}"


Origin = RecordSource | DeletedRecord


@dataclass(frozen=True, slots=True)
class PageText:
    """A page as words, cut to a limit; ``size`` is the bytes of its file."""

    path: Path
    text: str
    size: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class UsedIn:
    """An example that was made of a record; ``excerpt`` is how its last message begins."""

    example_id: str
    split: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """The same thing as it was collected at another time."""

    record_id: int
    collection_id: str
    position: int
    collected_at: str | None


@dataclass(frozen=True, slots=True)
class RecordUses:
    """What became of a record in the working dataset version, and its other versions.

    ``examples`` are the first ones, ``total`` counts all. ``dropped`` is the reason where it makes none. ``older`` and
    ``newer`` begin with the nearest.
    """

    record_id: int
    dataset_version: str = ""
    examples: tuple[UsedIn, ...] = ()
    total: int = 0
    dropped: str = ""
    older: tuple[RecordVersion, ...] = ()
    newer: tuple[RecordVersion, ...] = ()
    also_in: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionUse:
    """How many examples of a dataset version were made of certain records."""

    dataset_version: str
    examples: int
    is_working: bool
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class JobUse:
    """A job that was trained on such a version; ``tuned_model`` is empty where it made none."""

    job_id: str
    state: str
    dataset_version: str
    tuned_model: str


@dataclass(frozen=True, slots=True)
class Dependents:
    """What depends on a collection.

    ``records`` are those that it holds, error rows included; ``shared`` of them were delivered by other collections
    too and stay when it goes. ``versions`` name the dataset versions with examples made of the others, newest first.
    ``raw_bytes`` is the size of its raw folder.
    """

    collection: Collection
    records: int
    shared: int
    versions: tuple[VersionUse, ...] = ()
    jobs: tuple[JobUse, ...] = ()
    evaluations: int = 0
    raw_bytes: int = 0

    @property
    def leaving(self) -> int:
        """The records that go with the collection."""
        return self.records - self.shared

    @property
    def examples(self) -> int:
        """The examples of the working version that were made of records that go."""
        return next((use.examples for use in self.versions if use.is_working), 0)

    @property
    def models(self) -> tuple[str, ...]:
        """The tuned models that learned from them."""
        return tuple(dict.fromkeys(job.tuned_model for job in self.jobs if job.tuned_model))

    @property
    def lines(self) -> tuple[str, ...]:
        """What a person should know before the collection goes, a sentence each."""
        return tuple(_dependent_lines(self))


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion did: ``records`` went, ``moved`` stay with another collection, ``revived`` count again.

    ``leftover`` is the raw folder where it could not be removed yet; the next start tries again.
    """

    collection_id: str
    records: int
    moved: int
    revived: int
    leftover: Path | None = None


def raw_json(place: RawPlace) -> Mapping[str, str | int | None]:
    """A raw place as the JSON of the commands has it."""
    return {"file": place.file, "line": place.line, "start": place.start, "length": place.length}


def _dependent_lines(found: Dependents) -> list[str]:
    lines = [f"It holds {_count(found.records, 'record')}; {_count(found.leaving, 'record')} will be deleted."]
    if found.shared:
        were = "was" if found.shared == 1 else "were"
        lines.append(f"{_count(found.shared, 'record')} {were} delivered by other collections too and will stay there.")
    for use in found.versions[:5]:
        kind = "working version" if use.is_working else "fixed version" if use.is_fixed else "version"
        were = "was" if use.examples == 1 else "were"
        lines.append(f"{_count(use.examples, 'example')} of the {kind} {use.dataset_version} {were} made of them.")
    if len(found.versions) > 5:
        lines.append(f"So were examples of {_count(len(found.versions) - 5, 'older version')}.")
    for job in found.jobs[:5]:
        model = f" and made {job.tuned_model}" if job.tuned_model else ""
        lines.append(f"Job {job.job_id} ({job.state}) was trained on {job.dataset_version}{model}.")
    if len(found.jobs) > 5:
        lines.append(f"So were {_count(len(found.jobs) - 5, 'more job')}.")
    if found.evaluations:
        lines.append(f"{_count(found.evaluations, 'evaluation')} used such a version.")
    if found.raw_bytes:
        large = found.raw_bytes >= 1e6
        size = f"{found.raw_bytes / 1e6:,.1f} MB" if large else f"{found.raw_bytes / 1e3:,.1f} kB"
        lines.append(f"Its raw files ({size}) will be removed.")
    if found.collection.cost:
        lines.append("What it cost stays in the ledger.")
    if found.versions:
        lines.append("Dataset versions, models and exports stay as they are; their lineage will say what was deleted.")
    else:
        lines.append("No dataset version was made of what goes.")
    return lines


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
