"""Preparing: the recipe turns the workspace's records into a dataset version."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui.domain.datasets import DroppedRecord
from webtune_tui.domain.events import PrepareEvent
from webtune_tui.domain.examples import Example
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StepDescription:
    """One step for forms, help and ``recipe steps``: its options with defaults and words."""

    name: str
    title: str
    enabled: bool
    is_default: bool
    options: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What would become of one record: an example, or the reason why not."""

    record_id: int
    title: str
    example: Example | None
    reason: str = ""


class PrepareService:
    """The recipe of a workspace and its runs."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings

    def run(
        self,
        *,
        recipe: Path | None = None,
        seed: int | None = None,
        sample: int | None = None,
        workers: int = 1,
    ) -> AsyncIterator[PrepareEvent]:
        """Replays the recipe on all records; ends with Prepared. A cancelled run leaves the last version whole.

        Raises:
            InvalidInput: there are no records, or the recipe does not fit.
        """
        raise NotImplementedError

    async def recipe(self) -> Mapping[str, Any]:
        """The workspace's recipe as plain values; the default one where there is none yet."""
        raise NotImplementedError

    async def set_option(self, assignments: Mapping[str, str]) -> Sequence[str]:
        """Sets keys such as ``steps.length.minimum`` in ``recipe.toml``; answers the changed keys. Raises UsageError."""
        raise NotImplementedError

    async def steps(self) -> Sequence[StepDescription]:
        """Every step in order, with what this recipe says of it."""
        raise NotImplementedError

    async def preview(self, assignments: Mapping[str, str], *, limit: int = 20) -> Sequence[PreviewRow]:
        """What the recipe with these changes would make of some real records; stores nothing."""
        raise NotImplementedError

    async def dropped(self, reason: str | None = None, *, limit: int = 200) -> Sequence[DroppedRecord]:
        """The records of the newest run that made no example."""
        raise NotImplementedError
