"""Fine-tuning jobs in our own words, whatever the provider calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """Where a job stands. A provider's word that we do not know reads as UNKNOWN and means: still going."""

    DRAFT = "draft"
    UPLOADING = "uploading"
    VALIDATING = "validating"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHING = "finishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """No further change will come."""
        return self in (self.SUCCEEDED, self.FAILED, self.CANCELLED)


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a person may set; ``None`` leaves the choice to the provider.

    ``learning_rate`` is absolute; providers that take a multiplier use ``learning_rate_multiplier``.
    """

    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    learning_rate_multiplier: float | None = None
    max_steps: int | None = None
    sequence_length: int | None = None
    lora_rank: int | None = None
    lora_alpha: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def chosen(self) -> dict[str, Any]:
        """Only the values that were set, by name."""
        names = (
            "epochs", "batch_size", "learning_rate", "learning_rate_multiplier", "max_steps",
            "sequence_length", "lora_rank", "lora_alpha",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None} | dict(self.extra)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One line of a job's history. ``event_id`` is the provider's, or derived where it gives none."""

    event_id: str
    time: str
    level: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One measured value: ``train_loss``, ``valid_loss``, ``full_valid_loss`` ... in nats per answer token."""

    step: int
    name: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A saved state of a job that can be chatted with under ``model``."""

    checkpoint_id: str
    step: int
    model: str
    metrics: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A fine-tuning job as the workspace knows it. Times are RFC 3339 UTC, money is USD.

    ``raw_state`` is the provider's own word. ``hyperparameters`` are those really used once the job runs.
    """

    job_id: str
    provider: str
    state: JobState
    base_model: str
    created_at: str
    provider_job_id: str | None = None
    raw_state: str = ""
    tuned_model: str | None = None
    dataset_version: str = ""
    suffix: str = ""
    seed: int = 0
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    system_prompt: str = ""
    operation_id: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    started_at: str | None = None
    finished_at: str | None = None
    estimated_finish: str | None = None
    trained_tokens: int | None = None
    step: int = 0
    total_steps: int | None = None
    cost: float | None = None
    estimated_cost: float | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class LossSummary:
    """The first, best and last value of a loss curve; ``best_step`` is where the best stands."""

    first: float | None = None
    best: float | None = None
    last: float | None = None
    best_step: int | None = None

    @classmethod
    def of(cls, points: list[MetricPoint]) -> LossSummary:
        """The summary of points of one metric in order of their steps."""
        known = [(point.value, point.step) for point in points if point.value is not None]
        if not known:
            return cls()
        best, best_step = min(known)
        return cls(first=known[0][0], best=best, last=known[-1][0], best_step=best_step)
