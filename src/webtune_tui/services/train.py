"""Fine-tuning: estimate, start once, watch, cancel; jobs outlive the program."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.events import TrainEvent
from webtune_tui.domain.jobs import Checkpoint, Hyperparameters, Job, JobEvent, MetricPoint
from webtune_tui.providers.base import BaseModel
from webtune_tui.services.curate import CurateService
from webtune_tui.services.export import ExportService
from webtune_tui.services.money import MoneyService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


class TrainService:
    """Jobs of a workspace."""

    def __init__(
        self,
        workspace: Workspace,
        settings: Settings,
        providers: ProviderCatalogue,
        curate: CurateService,
        export: ExportService,
        money: MoneyService,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._providers = providers
        self._curate = curate
        self._export = export
        self._money = money

    async def bases(self, provider: str) -> Sequence[BaseModel]:
        """Base models of a provider; for ``local`` also those that can be added."""
        raise NotImplementedError

    def add_base(self, model: str) -> AsyncIterator[TrainEvent]:
        """Downloads and converts a base model for local training; ends with Noted."""
        raise NotImplementedError

    async def estimate(
        self, provider: str, base_model: str, hyperparameters: Hyperparameters, version: str | None = None
    ) -> Estimate:
        """Tokens, money, time and memory of a run, with their basis."""
        raise NotImplementedError

    def start(
        self,
        *,
        provider: str,
        base_model: str,
        version: str | None = None,
        suffix: str = "",
        seed: int = 0,
        hyperparameters: Hyperparameters | None = None,
    ) -> AsyncIterator[TrainEvent]:
        """Exports, uploads and creates the job once; ends with JobChanged as soon as the provider has it.

        Raises:
            OutcomeUnknown: the create's reply was lost; the job stands in the list as unknown.
        """
        raise NotImplementedError

    def watch(self, job_id: str) -> AsyncIterator[TrainEvent]:
        """First what is stored, then live until the job is final; an unknown job is looked up first.

        Leaving the iteration leaves the job running.
        """
        raise NotImplementedError

    async def cancel(self, job_id: str) -> Job:
        """Stops a job at its provider; answers its true state."""
        raise NotImplementedError

    async def jobs(self) -> Sequence[Job]:
        """Every job, newest first."""
        raise NotImplementedError

    async def job(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        raise NotImplementedError

    async def events(self, job_id: str) -> Sequence[JobEvent]:
        """A job's stored events, oldest first."""
        raise NotImplementedError

    async def points(self, job_id: str) -> Sequence[MetricPoint]:
        """A job's stored metric points by step."""
        raise NotImplementedError

    async def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """A job's checkpoints by step."""
        raise NotImplementedError
