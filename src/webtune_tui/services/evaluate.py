"""Comparing base and tuned on the frozen test split."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.services.curate import CurateService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric on both models. ``difference`` is tuned minus base, ``ci95`` its paired bootstrap interval."""

    name: str
    base: float
    tuned: float
    difference: float
    ci95: tuple[float, float]
    better: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A held-out comparison; the last event of evaluating. ``verdict`` uses the contract's three phrases."""

    evaluation_id: str
    model: str
    base_model: str
    dataset_version: str
    cases: int
    cases_path: Path
    metrics: Sequence[MetricComparison]
    verdict: str
    created_at: str


class EvaluateService:
    """Evaluations of a workspace."""

    def __init__(self, workspace: Workspace, providers: ProviderCatalogue, curate: CurateService) -> None:
        self._workspace = workspace
        self._providers = providers
        self._curate = curate

    def run(
        self, *, model: str | None = None, cases: int | None = None
    ) -> AsyncIterator[Progressed | Noted | Evaluation]:
        """Measures the loss of base and tuned on the test split; ends with the Evaluation."""
        raise NotImplementedError

    async def evaluations(self) -> Sequence[Evaluation]:
        """Kept evaluations, newest first."""
        raise NotImplementedError
