"""Looking at examples and editing them: every edit is a step of the recipe, undoable and replayable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webtune_tui.domain.datasets import DatasetVersion, PrepareReport, RecordOrigin
from webtune_tui.domain.examples import Example
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ExamplePage:
    """Some examples of a version from ``offset`` on; ``total`` counts all that match."""

    examples: Sequence[Example]
    offset: int
    total: int


@dataclass(frozen=True, slots=True)
class EditResult:
    """The working version after an edit, and the examples it changed."""

    version: DatasetVersion
    changed: Sequence[str]


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """Example ids that differ between two versions."""

    added: Sequence[str]
    removed: Sequence[str]
    edited: Sequence[str]


class CurateService:
    """Dataset versions and the edits on the working one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def versions(self) -> Sequence[DatasetVersion]:
        """Every version, newest first; the first is the working one."""
        raise NotImplementedError

    async def version(self, name: str | None = None) -> DatasetVersion:
        """A version by name or content hash (or a head of it); the working one without a name. Raises NotFound."""
        raise NotImplementedError

    async def report(self) -> PrepareReport | None:
        """What the newest run of prepare said, or ``None`` before the first."""
        raise NotImplementedError

    async def page(
        self,
        version: str | None = None,
        *,
        text: str = "",
        split: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> ExamplePage:
        """Examples in stable order whose messages contain ``text`` (any case)."""
        raise NotImplementedError

    async def example(self, example_id: str, version: str | None = None) -> Example:
        """One example. Raises NotFound."""
        raise NotImplementedError

    async def edit(self, example_id: str, changes: Mapping[str, str]) -> EditResult:
        """Sets ``system``, ``user``, ``assistant`` or ``messages[N].content``. Raises NotFound, UsageError."""
        raise NotImplementedError

    async def drop(self, example_ids: Sequence[str]) -> EditResult:
        """Takes examples out of the working version (reason ``by_hand``)."""
        raise NotImplementedError

    async def undo(self) -> EditResult:
        """Takes the last edit back. Raises UsageError when there is none."""
        raise NotImplementedError

    async def redo(self) -> EditResult:
        """Applies the last undone edit again. Raises UsageError when there is none."""
        raise NotImplementedError

    async def lineage(self, example_id: str) -> Sequence[RecordOrigin]:
        """The records behind an example, with their raw files."""
        raise NotImplementedError

    async def diff(self, before: str, after: str) -> VersionDiff:
        """What changed between two versions."""
        raise NotImplementedError

    async def statistics(self, version: str | None = None) -> Mapping[str, object]:
        """Counts, token quantiles and flags of a version, for ``dataset stats``."""
        raise NotImplementedError
