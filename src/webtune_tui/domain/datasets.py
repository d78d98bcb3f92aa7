"""Dataset versions, what preparing did to get there, and findings in a file or dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VERSION_NAME_LENGTH = 12


def version_name(content_hash: str) -> str:
    """The short name of a dataset version: the head of its content hash."""
    return content_hash[:VERSION_NAME_LENGTH]


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """The immutable result of a recipe on given records, addressed by its content.

    ``build`` counts the runs of prepare in the workspace, ``revision`` the edits since that run. ``names`` are the
    person's own for it; a fixed one is kept for good: it was exported, trained on or named.
    """

    dataset_version: str
    content_hash: str
    build: int
    revision: int
    examples: int
    splits: Mapping[str, int]
    tokens: int
    encoding: str
    created: str
    is_working: bool = False
    names: tuple[str, ...] = ()
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What one run of prepare took, dropped, changed and made. ``seconds`` is wall time.

    ``redacted_by_domain`` counts personal data by domain and kind; ``findings`` tells by step what was found over the
    set, ``mix`` how much of each part of the mix stayed. ``concentration`` holds the ``sources`` and ``domains`` with
    most examples, and the ``phrases`` that repeat in the ``answers_searched``.
    """

    dataset_version: str
    content_hash: str
    records: int
    records_used: int
    examples: int
    dropped: Mapping[str, int]
    changed: Mapping[str, int]
    redacted: Mapping[str, int]
    duplicates: Mapping[str, int]
    splits: Mapping[str, int]
    leak: Mapping[str, float]
    tokens: Mapping[str, Any]
    seconds: float
    notes: tuple[str, ...] = ()
    redacted_by_domain: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    findings: Mapping[str, Any] = field(default_factory=dict)
    mix: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    concentration: Mapping[str, Any] = field(default_factory=dict)
    dropped_steps: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place in a file or dataset. ``line`` counts from 1; 0 means the whole file."""

    line: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Whether a file can be trained on, and where it can't. ``repaired`` is the path of the mended copy.

    ``repairs`` counts what was changed on the way there, by kind. ``form`` is what most lines are: openai, preference,
    trl, sharegpt, alpaca, flat, text or unknown. ``longest`` and ``limit`` are tokens of one example, in ``encoding``.
    ``overlaps`` counts the lines that stand in each of the other files, ``personal_data`` finds by kind.
    """

    ok: bool
    examples: int
    tokens: int
    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    repaired: str | None = None
    repairs: Mapping[str, int] = field(default_factory=dict)
    form: str = ""
    longest: int = 0
    limit: int = 0
    encoding: str = ""
    overlaps: Mapping[str, int] = field(default_factory=dict)
    personal_data: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DroppedRecord:
    """A record that makes no example, with the reason of the first step that dropped it.

    ``example_id`` brings it back; ``keeper_id`` is the example that a duplicate was dropped for.
    """

    record_id: int
    collection_id: str
    position: int
    reason: str
    step: str
    detail: str = ""
    title: str = ""
    example_id: str = ""
    keeper_id: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """An example and the records that were dropped for it."""

    keeper_id: str
    members: tuple[DroppedRecord, ...]


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """One record behind an example, for ``dataset lineage`` and the app."""

    record_id: int
    collection_id: str
    position: int
    url: str | None
    collected_at: str | None
    raw_path: str | None
    fields: Mapping[str, Any] = field(default_factory=dict)
