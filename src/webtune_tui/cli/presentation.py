"""Jobs and estimates as JSON fields of the contract and as lines for a person."""

from __future__ import annotations

import dataclasses
from typing import Any

from webtune_tui.domain import clock
from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.jobs import Checkpoint, Job, LossSummary


def job_fields(job: Job) -> dict[str, Any]:
    """What every command says of a job."""
    return {
        "job_id": job.job_id,
        "provider": job.provider,
        "provider_job_id": job.provider_job_id,
        "state": job.state.value,
        "raw_state": job.raw_state,
        "base_model": job.base_model,
        "tuned_model": job.tuned_model,
        "dataset_version": job.dataset_version,
        "suffix": job.suffix,
        "seed": job.seed,
        "trained_tokens": job.trained_tokens,
        "steps": job.step,
        "total_steps": job.total_steps,
        "hyperparameters": dict(job.hyperparameters),
        "created": job.created_at,
        "started": job.started_at,
        "finished": job.finished_at,
        "seconds": clock.seconds_between(job.started_at, job.finished_at),
        "estimated_cost": job.estimated_cost,
        "cost": job.cost,
        "message": job.message,
    }


def job_report(job: Job, train: LossSummary, valid: LossSummary, checkpoints: list[Checkpoint]) -> dict[str, Any]:
    """The whole object of ``train``, ``jobs show`` and ``jobs watch``."""
    best = min(
        (c for c in checkpoints if _valid_loss(c) is not None), key=lambda c: _valid_loss(c) or 0.0, default=None
    )
    chosen = best or (checkpoints[-1] if checkpoints else None)
    return job_fields(job) | {
        "train_loss": {"first": train.first, "last": train.last},
        "valid_loss": {"first": valid.first, "best": valid.best, "last": valid.last},
        "best_checkpoint": chosen.model if chosen else None,
    }


def job_lines(report: dict[str, Any]) -> str:
    """A job in a few lines."""
    lines = [f"{report['job_id']}  {report['state']}  {report['base_model']} at {report['provider']}"]
    if report["total_steps"]:
        lines.append(f"  step {report['steps']} of {report['total_steps']}")
    valid = report["valid_loss"]
    if valid["first"] is not None:
        lines.append(f"  validation loss {valid['first']:.3f} -> {valid['last']:.3f} (best {valid['best']:.3f})")
    if report["tuned_model"]:
        lines.append(f"  tuned model {report['tuned_model']}")
    if report["seconds"] is not None:
        lines.append(f"  took {report['seconds']:.0f} s, cost {report['cost'] or 0:.2f} USD")
    if report["message"]:
        lines.append(f"  {report['message']}")
    return "\n".join(lines)


def estimate_fields(estimate: Estimate) -> dict[str, Any]:
    """The object of ``estimate``."""
    return dataclasses.asdict(estimate)


def estimate_line(estimate: Estimate) -> str:
    """An estimate in one line with its basis."""
    parts = [f"{estimate.tokens:,} tokens in {estimate.epochs} epochs"]
    if estimate.seconds is not None:
        parts.append(f"about {estimate.seconds / 60:.0f} min")
    if estimate.memory_bytes is not None:
        parts.append(f"{estimate.memory_bytes / 1e9:.1f} GB of memory")
    price = "price unknown" if estimate.cost is None else f"{estimate.cost:.2f} USD"
    parts.append("no charge" if estimate.cost == 0 else price)
    dated = f", prices of {estimate.prices_dated}" if estimate.prices_dated else ""
    return f"{', '.join(parts)} ({estimate.basis}{dated})"


def _valid_loss(checkpoint: Checkpoint) -> float | None:
    value = checkpoint.metrics.get("full_valid_loss")
    return value if value is not None else checkpoint.metrics.get("valid_loss")
