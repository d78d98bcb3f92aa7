"""Sending a job: exported, uploaded and created once, through the journal; a lost reply is looked up instead."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path

from webtune_tui.domain import clock
from webtune_tui.domain.costs import OperationState
from webtune_tui.domain.errors import NotFound, OutcomeUnknown, WebtuneError
from webtune_tui.domain.events import JobChanged, Progressed, TrainEvent
from webtune_tui.domain.examples import Split
from webtune_tui.domain.hyperparameters import hyperparameters_from
from webtune_tui.domain.jobs import Job, JobState
from webtune_tui.providers.base import JobSpec, Provider, RemoteJob
from webtune_tui.services.export import ExportService
from webtune_tui.services.job_book import JobBook
from webtune_tui.services.money import MoneyService
from webtune_tui.services.providers import ProviderCatalogue
from webtune_tui.services.reported_job import as_reported
from webtune_tui.storage.workspace import Workspace

CREATE = "create_job"


class Submission:
    """Brings the jobs of a workspace to their providers."""

    def __init__(
        self,
        workspace: Workspace,
        providers: ProviderCatalogue,
        export: ExportService,
        money: MoneyService,
        book: JobBook,
    ) -> None:
        self._workspace = workspace
        self._providers = providers
        self._export = export
        self._money = money
        self._book = book

    async def send(self, job_id: str) -> AsyncGenerator[TrainEvent]:
        """Sends a stored job, also one whose start was interrupted: what is done is not done again.

        Ends with JobChanged.

        Raises:
            OutcomeUnknown: the create's reply was lost; the job is stored as unknown.
        """
        job = await self._book.get(job_id)
        yield JobChanged(job)
        if job.provider_job_id is not None:
            return
        provider = await self._providers.get(job.provider)
        exported = await self._export.export(version=job.dataset_version)
        job = await self._book.save(dataclasses.replace(job, state=JobState.UPLOADING))
        yield JobChanged(job)
        for split in (Split.TRAIN.value, Split.VALIDATION.value):
            path = exported.paths.get(split)
            if path is None or split in job.files or not exported.examples.get(split):
                continue
            yield Progressed("uploading", len(job.files), 2, "files", path.name)
            file_id = await self._upload(provider, job, path)
            job = await self._book.save(dataclasses.replace(job, files={**job.files, split: file_id}))
        job = await self._create(provider, job)
        yield JobChanged(job)

    async def _upload(self, provider: Provider, job: Job, path: Path) -> str:
        """Uploads once; a lost reply is settled by looking for the file before sending it again."""
        name = f"{job.job_id}-{path.name}"
        named = await asyncio.to_thread(_linked_as, path, self._workspace.exports / "uploads" / name)
        found = await provider.find_upload(name, named.stat().st_size)
        return found or await provider.upload(named)

    async def _create(self, provider: Provider, job: Job) -> Job:
        created: list[RemoteJob] = []
        spec = JobSpec(
            run_id=job.job_id,
            base_model=job.base_model,
            training_file=job.files[Split.TRAIN.value],
            validation_file=job.files.get(Split.VALIDATION.value),
            suffix=job.suffix,
            seed=job.seed,
            hyperparameters=hyperparameters_from(job.hyperparameters),
        )

        async def send() -> str:
            created.append(await provider.create(spec))
            return created[0].provider_job_id

        try:
            operation = await self._money.perform(
                kind=CREATE,
                service=job.provider,
                address=provider.address,
                subject_id=job.job_id,
                fingerprint=_fingerprint(spec),
                estimate=job.estimated_cost,
                basis="estimate before the start" if job.estimated_cost else "your own hardware, or no price known",
                send=send,
            )
        except OutcomeUnknown as error:
            await self._book.save(dataclasses.replace(job, state=JobState.UNKNOWN, message=error.message))
            error.fields |= {"job_id": job.job_id, "state": JobState.UNKNOWN.value}
            raise
        except WebtuneError as error:
            if not error.retryable:
                await self._book.save(
                    dataclasses.replace(job, state=JobState.FAILED, finished_at=clock.now(), message=error.message)
                )
            error.fields |= {"job_id": job.job_id}
            raise
        job = dataclasses.replace(
            job, operation_id=operation.operation_id, provider_job_id=operation.remote_id, state=JobState.QUEUED
        )
        return await self._book.save(as_reported(job, created[0]) if created else job)

    async def was_sent(self, job: Job) -> bool:
        """Whether the create was sent, also where its reply was lost."""
        operation = await self._money.of_subject(job.job_id, CREATE)
        return operation is not None and operation.state in (OperationState.UNKNOWN, OperationState.CONFIRMED)

    async def look_up(self, job: Job) -> Job:
        """Settles an unknown create by our run id in the provider's own list.

        Raises:
            OutcomeUnknown: the provider does not (yet) show the job; nothing is sent again.
        """
        operation = await self._money.of_subject(job.job_id, CREATE)
        if operation is None:
            raise NotFound(f"{job.job_id} was never sent", hint=f"Start it: webtune jobs resume {job.job_id}")
        provider = await self._providers.get(job.provider)
        if operation.state is OperationState.CONFIRMED and operation.remote_id:
            remote: RemoteJob | None = await provider.retrieve(operation.remote_id)
        else:
            remote = await provider.find(job.job_id, since=operation.sent_at or operation.created_at)
        if remote is None:
            raise OutcomeUnknown(
                f"{job.provider} shows no job with the tag {job.job_id}",
                hint="It may appear later. Look again with jobs watch, or settle it with jobs cancel.",
                fields={"job_id": job.job_id, "state": JobState.UNKNOWN.value},
            )
        if operation.state is not OperationState.CONFIRMED:
            await self._money.resolve(operation.operation_id, remote_id=remote.provider_job_id)
        job = dataclasses.replace(
            job, operation_id=operation.operation_id, provider_job_id=remote.provider_job_id, message=""
        )
        return await self._book.save(as_reported(job, remote))


def _linked_as(path: Path, name: Path) -> Path:
    """The exported file under the name by which an upload of this job is recognised."""
    from webtune_tui.storage.files import make_folder

    make_folder(name.parent)
    name.unlink(missing_ok=True)
    try:
        name.hardlink_to(path)
    except OSError:  # another file system, or one without links
        name.write_bytes(path.read_bytes())
        name.chmod(0o600)
    return name


def _fingerprint(spec: JobSpec) -> str:
    text = json.dumps(dataclasses.asdict(spec), sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
