"""Writing datasets as files that providers take, and checking any such file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.domain.datasets import ValidationReport
from webtune_tui.services.curate import CurateService
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Exported:
    """The written files by split; ``content_hash`` names what is in them."""

    paths: Mapping[str, Path]
    format: str
    examples: Mapping[str, int]
    content_hash: str


class ExportService:
    """Exports and validation."""

    def __init__(self, workspace: Workspace, curate: CurateService) -> None:
        self._workspace = workspace
        self._curate = curate

    async def export(
        self, *, version: str | None = None, format: str = "openai", out: Path | None = None
    ) -> Exported:
        """Writes one file per split, whole or not at all, and ``lineage.jsonl`` beside them."""
        raise NotImplementedError

    async def validate(
        self, file: Path, *, minimum_examples: int = 10, repair: Path | None = None
    ) -> ValidationReport:
        """Checks a chat JSONL; ``repair`` names a new file for the mended lines (the flat form becomes messages)."""
        raise NotImplementedError
