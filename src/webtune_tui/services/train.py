"""Fine-tuning begun: the base models, and a start that is checked, asked of the cap and sent once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.errors import CapExceeded, InvalidInput, UsageError
from webtune_tui.domain.events import JobChanged, Noted, TrainEvent
from webtune_tui.domain.examples import Split
from webtune_tui.domain.jobs import Hyperparameters, Job, JobState
from webtune_tui.providers import local
from webtune_tui.providers.base import BaseModel, Capabilities
from webtune_tui.services import base_models
from webtune_tui.services.curate import CurateService
from webtune_tui.services.edit_leaks import without_edit_leaks
from webtune_tui.services.estimates import EstimatesService
from webtune_tui.services.job_book import JobBook
from webtune_tui.services.money import MoneyService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.services.stepwise import in_thread
from webtune_tui.services.submission import Submission
from webtune_tui.services.upload_check import checked_for_upload
from webtune_tui.storage.workspace import Workspace


class TrainService:
    """Starts jobs on the dataset of a workspace."""

    def __init__(
        self,
        workspace: Workspace,
        providers: ProviderCatalogue,
        curate: CurateService,
        estimates: EstimatesService,
        money: MoneyService,
        book: JobBook,
        submission: Submission,
    ) -> None:
        self._workspace = workspace
        self._providers = providers
        self._curate = curate
        self._estimates = estimates
        self._money = money
        self._book = book
        self._submission = submission

    async def bases(self, provider: str) -> Sequence[BaseModel]:
        """Base models of a provider; for ``local`` also those that can be added."""
        if self._providers.describe(provider).is_local:
            folder = self._providers.models_folder
            present = await asyncio.to_thread(base_models.cached, folder)
            return [*present, *await asyncio.to_thread(base_models.addable, folder)]
        return await (await self._providers.get(provider)).bases()

    async def add_base(self, model: str) -> AsyncGenerator[TrainEvent]:
        """Downloads and converts a base model for local training; ends with Noted."""
        async for event in base_models.add(model, self._providers.models_folder):
            yield event

    async def start(
        self,
        *,
        provider: str,
        base_model: str,
        version: str | None = None,
        suffix: str = "",
        seed: int = 0,
        hyperparameters: Hyperparameters | None = None,
    ) -> AsyncGenerator[TrainEvent]:
        """Exports, uploads and creates the job once; ends with JobChanged as soon as the provider has it.

        The very same start that was interrupted, or whose outcome is unknown, is taken up instead of a second one.

        Raises:
            InvalidInput: too few examples, the base is not there, an edit made the test leak, or personal data would
                leave this machine.
            CapExceeded: the estimate goes beyond the cap; nothing was sent.
            OutcomeUnknown: the create's reply was lost; the job stands in the list as unknown.
        """
        capabilities = self._providers.describe(provider)
        chosen = hyperparameters or Hyperparameters()
        dataset = await self._curate.version(version)
        await self._require_trainable(capabilities, base_model, dict(dataset.splits))
        estimate = await self._estimates.estimate(provider, base_model, chosen, dataset.content_hash)
        job = Job(
            job_id=f"job-{secrets.token_hex(4)}",
            provider=provider,
            state=JobState.DRAFT,
            base_model=base_model,
            created_at=clock.now(),
            dataset_version=dataset.dataset_version,
            suffix=suffix,
            seed=seed,
            hyperparameters=chosen.chosen(),
            estimated_cost=estimate.cost,
        )
        unfinished = await self._same_start(job)
        if unfinished is not None:
            yield Noted(f"Going on with {unfinished.job_id}, the same start, which is {unfinished.state.value}")
            if await self._submission.was_sent(unfinished):
                yield JobChanged(unfinished)
                yield JobChanged(await self._submission.look_up(unfinished))
                return
            job = unfinished
        await self._require_allowed(estimate)
        await self._providers.get(provider)  # without its key no job is begun
        async with aclosing(in_thread(without_edit_leaks(self._workspace, dataset))) as looking:
            async for compared in looking:
                yield compared
        if not capabilities.is_local:
            async with aclosing(in_thread(checked_for_upload(self._workspace, dataset, provider))) as looking:
                async for seen in looking:
                    yield seen
        await self._book.save(job)
        async for event in self._submission.send(job.job_id):
            yield event

    async def _require_trainable(self, capabilities: Capabilities, base_model: str, splits: Mapping[str, int]) -> None:
        examples = splits.get(Split.TRAIN.value, 0)
        if examples < capabilities.minimum_examples:
            raise InvalidInput(
                f"{examples} training examples are too few: {capabilities.title} needs "
                f"at least {capabilities.minimum_examples}",
                hint="Collect or import more records, then run: webtune prepare",
            )
        if not base_model:
            raise UsageError("No base model is chosen", hint="Name one with --base; see: webtune bases")
        if capabilities.is_local:
            local.require_extra()
        if capabilities.is_local and not Path(base_model).is_absolute():
            present = await asyncio.to_thread(base_models.cached, self._providers.models_folder)
            if base_model not in {model.model for model in present}:
                raise InvalidInput(
                    f"The base model {base_model!r} is not on this machine",
                    hint=f"Add it: webtune bases add {base_model}",
                )

    async def _require_allowed(self, estimate: Estimate) -> None:
        """Refuses what the cap forbids before anything is sent. Raises CapExceeded."""
        if estimate.cost is None and (cap := (await self._money.balance()).cap) is not None:
            raise CapExceeded(
                f"{estimate.base_model} at {estimate.provider} has no price that is known here, "
                f"and the workspace has a cap of {usd(cap)}",
                hint=f"Choose a base with a known price, or remove cap_usd in {self._workspace.settings_path}",
                fields={"estimated_cost": None, "cap": cap},
            )
        await self._money.require_allowed(
            estimate.cost or 0.0, f"Training {estimate.base_model} at {estimate.provider}"
        )

    async def _same_start(self, job: Job) -> Job | None:
        """An earlier start with the same choices that no provider has confirmed yet; ``None`` where there is none."""

        def choices(one: Job) -> tuple[object, ...]:
            asked = dict(one.hyperparameters)
            return (one.provider, one.base_model, one.dataset_version, one.suffix, one.seed, asked)

        for earlier in await self._book.all():
            is_open = earlier.provider_job_id is None and not earlier.state.is_final
            if is_open and choices(earlier) == choices(job):
                return earlier
        return None
