"""What a provider is: a place where models are tuned and served, with its limits and its end date."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from webtune_tui.domain.credentials import Secret
from webtune_tui.domain.examples import Message
from webtune_tui.domain.jobs import Checkpoint, Hyperparameters, JobEvent, JobState, MetricPoint
from webtune_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do. ``closes_on`` is the day after which no job can be created there (YYYY-MM-DD)."""

    name: str
    title: str
    is_local: bool
    key_name: str | None
    minimum_examples: int
    maximum_file_bytes: int | None
    validation_file: bool = True
    checkpoints: bool = True
    cancel: bool = True
    pause: bool = False
    held_out_loss: bool = False
    closes_on: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A model that can be tuned. Sizes are bytes, ``context`` tokens, ``shutdown_date`` YYYY-MM-DD."""

    model: str
    title: str
    size_bytes: int | None = None
    parameters: int | None = None
    licence: str = ""
    context: int | None = None
    shutdown_date: str | None = None
    is_present: bool = True
    trainable_here: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a create call sends. ``run_id`` is our own id, by which a job with a lost reply is found again."""

    run_id: str
    base_model: str
    training_file: str
    validation_file: str | None
    suffix: str
    seed: int
    hyperparameters: Hyperparameters


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """A job as the provider describes it, in our words."""

    provider_job_id: str
    state: JobState
    raw_state: str
    base_model: str
    tuned_model: str | None = None
    trained_tokens: int | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    estimated_finish: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class ChatDelta:
    """The next piece of a streamed answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ChatEnd:
    """The end of an answer. ``finish_reason`` is ``None`` where the stream broke off: the answer is incomplete."""

    finish_reason: str | None
    usage: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeldOutLoss:
    """The mean loss per answer token of one example, in nats; ``None`` where nothing was left to predict."""

    loss: float | None
    tokens: int


@dataclass(frozen=True, slots=True)
class Price:
    """Training price in USD per million tokens of one epoch, with the day and the source of the figure."""

    per_million_tokens: float
    dated: str
    source: str


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What a provider module gets to connect: addresses, keys and folders, nothing it could keep."""

    settings: Settings
    find_key: KeyLookup
    jobs_folder: Path
    models_folder: Path


class KeyLookup(Protocol):
    """Finds the key of a service for a host."""

    async def __call__(self, name: str, host: str) -> Secret:
        """The key. Raises CredentialMissing."""
        ...


class ProviderModule(Protocol):
    """What a file in ``providers/`` declares; reading it loads no SDK."""

    CAPABILITIES: Capabilities

    async def connect(self, context: ProviderContext) -> Provider:
        """The provider, ready to be called."""
        ...

    def training_price(self, base_model: str) -> Price | None:
        """The listed price, or ``None`` where none is known."""
        ...

    def longest_example(self, base_model: str, models: Path) -> int | None:
        """The tokens of an example that the base can read; ``None`` where that isn't known. ``models`` is the cache."""
        ...


class Provider(Protocol):
    """One place to tune and chat. Adapters translate library errors into those of domain/errors.py."""

    capabilities: Capabilities
    address: str

    async def check(self) -> str:
        """Says in words that the key and the address work; spends nothing. Raises the error otherwise."""
        ...

    async def bases(self) -> Sequence[BaseModel]:
        """The base models that can be named, with their shut-down dates."""
        ...

    async def upload(self, path: Path) -> str:
        """Uploads a training file and waits until the provider has taken it; answers its file id."""
        ...

    async def find_upload(self, name: str, size: int) -> str | None:
        """The id of an uploaded file of this name and size, or ``None``; settles an upload with a lost reply."""
        ...

    async def create(self, spec: JobSpec) -> RemoteJob:
        """Creates a job: sent exactly once.

        Raises:
            OutcomeUnknown: the reply was lost; find the job by its run id.
            ClosedForTuning: the provider lets this account create no jobs.
        """
        ...

    async def find(self, run_id: str, *, since: str) -> RemoteJob | None:
        """The job that carries our run id, or ``None`` where the provider surely has none."""
        ...

    async def retrieve(self, provider_job_id: str) -> RemoteJob:
        """The job's present state."""
        ...

    async def events(self, provider_job_id: str, *, known: frozenset[str]) -> Sequence[JobEvent]:
        """The events that are not yet known, oldest first."""
        ...

    async def metrics(self, provider_job_id: str, events: Sequence[JobEvent]) -> Sequence[MetricPoint]:
        """The measured points that came with these events, or that the provider serves apart."""
        ...

    async def checkpoints(self, provider_job_id: str) -> Sequence[Checkpoint]:
        """The saved states that can be chatted with."""
        ...

    async def cancel(self, provider_job_id: str) -> RemoteJob:
        """Asks the provider to stop the job; answers the true state afterwards."""
        ...

    async def pause(self, provider_job_id: str) -> RemoteJob:
        """Asks to save a checkpoint and stop. Only where the capabilities say ``pause``."""
        ...

    async def resume(self, provider_job_id: str) -> RemoteJob:
        """Goes on with a paused job."""
        ...

    def chat(
        self, model: str, messages: Sequence[Message], *, max_tokens: int, temperature: float
    ) -> AsyncGenerator[ChatDelta | ChatEnd]:
        """Streams an answer; the last item is always a :class:`ChatEnd`."""
        ...

    async def held_out_losses(
        self, model: str, examples: Sequence[Sequence[Message]], *, sequence_length: int | None = None
    ) -> Sequence[HeldOutLoss]:
        """The loss of each example's last answer. Only where the capabilities say ``held_out_loss``.

        Two models are comparable only at the same ``sequence_length`` in tokens.
        """
        ...

    async def aclose(self) -> None:
        """Closes the connections; a local server and its jobs go on."""
        ...
