"""What a workspace holds of a person, what depends on it, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webtune_tui.domain.records import RawPlace

STAGES = (
    "records", "errors", "sightings", "raw_ranges", "raw_files", "pages", "rejects", "dropped", "examples", "edits",
    "drafts", "recipes", "exports", "jobs", "chats", "evaluations", "texts", "files",
)  # fmt: skip
"""Where a person can be found, in the order of the path; the keys of :attr:`PersonFound.matches`."""

ERASED_ROW: Mapping[str, object] = {"erased": True}
"""What stands in a raw file in the place of a JSON object that was erased."""


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record that mentions the person, or a sighting of one. ``is_error`` holds for error and warning rows."""

    record_id: int
    collection_id: str
    position: int
    is_error: bool
    place: RawPlace
    is_sighting: bool = False


@dataclass(frozen=True, slots=True)
class FoundExample:
    """A row of an example that goes: made of a found record (``is_derived``), or mentioning the person itself.

    ``digest`` is its share of the content sum; ``line`` stands for the bytes of its line in an export.
    """

    row_id: int
    build: int
    example_id: str
    split: str
    tokens: int
    since: int
    until: int | None
    digest: int
    line: bytes
    is_derived: bool


@dataclass(frozen=True, slots=True)
class AffectedVersion:
    """A dataset version with examples that go. ``now`` is its name without them, known once they are gone."""

    dataset_version: str
    examples: int
    is_working: bool
    now: str | None = None


@dataclass(frozen=True, slots=True)
class AffectedJob:
    """A job that was given such a version: what it made, and which files its provider was sent."""

    job_id: str
    provider: str
    provider_job_id: str | None
    state: str
    dataset_version: str
    models: Sequence[str]
    files: Sequence[str]


@dataclass(frozen=True, slots=True)
class PersonFound:
    """Everything found of a person; nothing was changed yet.

    ``matches`` counts by stage (:data:`STAGES`), ``places`` names the first places of each stage. ``left`` says what
    can't be undone from here, a sentence each. ``is_interrupted``: an earlier removal was killed and is ended now.
    """

    matches: Mapping[str, int]
    places: Mapping[str, Sequence[str]]
    versions: Sequence[AffectedVersion] = ()
    jobs: Sequence[AffectedJob] = ()
    left: Sequence[str] = ()
    is_interrupted: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        """The tuned models that learned from it."""
        return tuple(dict.fromkeys(model for job in self.jobs for model in job.models))

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remove."""
        return not any(self.matches.values()) and not self.is_interrupted


@dataclass(frozen=True, slots=True)
class PersonRemoved:
    """What was removed, by stage; ``versions`` with their new names. ``dataset_version`` is the working one now."""

    removed: Mapping[str, int]
    versions: Sequence[AffectedVersion] = ()
    jobs: Sequence[AffectedJob] = ()
    left: Sequence[str] = ()
    dataset_version: str | None = None


@dataclass(frozen=True, slots=True)
class RemovedPath:
    """A file or folder that was removed, with its size."""

    path: str
    bytes: int


@dataclass(frozen=True, slots=True)
class PlacesRemoved:
    """What a removal of a whole workspace or of the caches took away; ``left`` stays, a sentence each."""

    removed: Sequence[RemovedPath] = ()
    left: Sequence[str] = field(default=())

    @property
    def freed_bytes(self) -> int:
        """The bytes of all that went."""
        return sum(one.bytes for one in self.removed)
