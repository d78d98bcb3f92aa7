"""What a training run would take, before anything is spent: tokens, money, time and memory, each with its basis."""

from __future__ import annotations

import asyncio
import os

from webtune_tui.domain import clock
from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.examples import Split
from webtune_tui.domain.jobs import Hyperparameters, JobState
from webtune_tui.services import base_models
from webtune_tui.services.curate import CurateService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.settings import Settings
from webtune_tui.storage.jobs import JobRepository
from webtune_tui.storage.workspace import Workspace


class EstimatesService:
    """Estimates for the versions of a workspace."""

    def __init__(
        self, workspace: Workspace, settings: Settings, providers: ProviderCatalogue, curate: CurateService
    ) -> None:
        self._settings = settings
        self._providers = providers
        self._curate = curate
        self._jobs = JobRepository(workspace.database)

    async def as_set(self, version: str | None = None) -> Estimate:
        """The estimate for a version with the provider and the base of the settings, and the usual epochs."""
        provider, base = self._settings.provider, self._settings.base_model
        if not base and self._providers.describe(provider).is_local:
            base = base_models.DEFAULT_LOCAL_BASE
        return await self.estimate(provider, base, Hyperparameters(), version)

    async def estimate(
        self, provider: str, base_model: str, hyperparameters: Hyperparameters, version: str | None = None
    ) -> Estimate:
        """Tokens, money, time and memory of a run, with their basis."""
        capabilities = self._providers.describe(provider)
        dataset = await self._curate.version(version)
        per_split = await self._curate.tokens_per_split(dataset.content_hash)
        tokens = per_split.get(Split.TRAIN.value, 0) or dataset.tokens
        examples = dataset.splits.get(Split.TRAIN.value, 0)
        epochs = hyperparameters.epochs or _usual_epochs(examples)
        trained = tokens * epochs
        if hyperparameters.max_steps:
            batch = hyperparameters.batch_size or 4
            share = hyperparameters.max_steps * batch / max(1, examples * epochs)
            trained = int(trained * min(1.0, share))
        if capabilities.is_local:
            return await asyncio.to_thread(self._estimate_here, provider, base_model, trained, epochs, hyperparameters)
        price = self._providers.training_price(provider, base_model)
        return Estimate(
            provider=provider,
            base_model=base_model,
            tokens=trained,
            epochs=epochs,
            cost=trained / 1e6 * price.per_million_tokens if price else None,
            seconds=None,
            memory_bytes=None,
            disk_bytes=None,
            basis=f"tokens x epochs x {price.per_million_tokens} USD per million ({price.source})"
            if price
            else "no price is known for this base",
            prices_dated=price.dated if price else None,
        )

    def _estimate_here(
        self, provider: str, base_model: str, trained: int, epochs: int, hyperparameters: Hyperparameters
    ) -> Estimate:
        models = [*base_models.cached(self._providers.models_folder), *base_models.ADDABLE]
        parameters = next((model.parameters for model in models if model.model == base_model), None)
        speed, basis = self._speed(base_model, parameters)
        batch = hyperparameters.batch_size or 4
        length = hyperparameters.sequence_length or 512
        return Estimate(
            provider=provider,
            base_model=base_model,
            tokens=trained,
            epochs=epochs,
            cost=0.0,
            seconds=trained / speed + 20,
            memory_bytes=base_models.training_memory(parameters, min(1024, batch * length)),
            disk_bytes=300_000_000,
            basis=basis,
            prices_dated=None,
        )

    def _speed(self, base_model: str, parameters: int | None) -> tuple[float, str]:
        """Tokens per second: from this workspace's own finished jobs, else scaled from a measured machine."""
        for job in self._jobs.all():
            seconds = clock.seconds_between(job.started_at, job.finished_at)
            if job.base_model == base_model and job.state is JobState.SUCCEEDED and job.trained_tokens and seconds:
                return job.trained_tokens / seconds, f"the speed of {job.job_id} on this machine"
        cores = os.cpu_count() or 2
        speed = base_models.TOKENS_PER_SECOND_135M * cores / 2 * 135_000_000 / (parameters or 135_000_000)
        return max(speed, 1.0), "350 tokens/s for 135M parameters on two cores (measured 2026-11-22), scaled"


def _usual_epochs(examples: int) -> int:
    """OpenAI's published rule for the number of epochs, capped at 3 for what a laptop does in minutes."""
    if examples and 3 * examples < 100:
        return min(25, 100 // examples)
    return 3
