"""What the dataset tables hold: examples, revisions, edits and dropped records, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from webtune_tui.domain.datasets import DatasetVersion, version_name
from webtune_tui.domain.examples import ContentSum, Example, Split, body_digest, decode_messages

Action = Literal["prepare", "replay", "edit", "undo", "redo"]

ExampleRow = tuple[int, str, str, str, int, str, str, str, str]
"""An example to be stored: ordinal, id, split, messages, tokens, flags, record ids, group, source; lists are texts."""


@dataclass(frozen=True, slots=True)
class DroppedRow:
    """A record that makes no example, as it is stored; ``keeper_id`` is the example that stayed in its place."""

    record_id: int
    reason: str
    step: str
    detail: str = ""
    example_id: str = ""
    keeper_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredExample:
    """An example with its place in its build. ``messages`` is canonical JSON; ``row_id`` is 0 before it is stored.

    ``body_id`` numbers the stored messages; it is 0 where they are not stored yet.
    """

    ordinal: int
    example_id: str
    split: Split
    messages: str
    tokens: int
    flags: tuple[str, ...]
    record_ids: tuple[int, ...]
    group: str
    source: str
    row_id: int = 0
    body_id: int = 0

    @property
    def digest(self) -> int:
        """What it adds to the content sum."""
        return body_digest(self.messages, self.split)

    def to_example(self) -> Example:
        """The example of the domain."""
        return Example(
            example_id=self.example_id,
            split=self.split,
            messages=decode_messages(self.messages),
            tokens=self.tokens,
            flags=self.flags,
            record_ids=self.record_ids,
            group=self.group,
            source=self.source,
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over a revision's examples."""

    content: ContentSum = field(default_factory=ContentSum)
    train: int = 0
    validation: int = 0
    test: int = 0
    tokens: int = 0

    def with_example(self, example: StoredExample, sign: int = 1) -> Totals:
        """The totals with one more example, or with one fewer (``sign`` -1)."""
        content = self.content.add(example.digest) if sign > 0 else self.content.remove(example.digest)
        counts = {split.value: getattr(self, split.value) for split in Split}
        counts[example.split.value] += sign
        return Totals(content, **counts, tokens=self.tokens + sign * example.tokens)


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a build."""

    build: int
    revision: int
    totals: Totals
    edit_id: int | None
    action: Action
    created_at: str
    fixed_at: str | None
    encoding: str = ""
    is_working: bool = False

    @property
    def content_hash(self) -> str:
        """The name of its content."""
        return self.totals.content.hexdigest()

    def to_version(self) -> DatasetVersion:
        """The version of the domain."""
        totals = self.totals
        return DatasetVersion(
            dataset_version=version_name(self.content_hash),
            content_hash=self.content_hash,
            build=self.build,
            revision=self.revision,
            examples=totals.content.count,
            splits={"train": totals.train, "validation": totals.validation, "test": totals.test},
            tokens=totals.tokens,
            encoding=self.encoding,
            created=self.created_at,
            is_working=self.is_working,
            is_fixed=self.fixed_at is not None,
        )


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """An edit by hand; ``state`` is applied or undone. ``changed`` counts the examples of its last application."""

    edit_id: int
    operation: Mapping[str, Any]
    state: str
    created_at: str = ""
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of an example's row: ``before`` ends where there is one, ``after`` begins where there is one."""

    before: StoredExample | None
    after: StoredExample | None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What is kept of a run of prepare beside its examples."""

    recipe: str
    encoding: str
    report: str
    result_digest: str
