"""Where the person stands on the path, and the next step."""

from __future__ import annotations

import asyncio

from webtune_tui.domain.events import Overview, StageState
from webtune_tui.storage.path_state import PathState, PathStateReader
from webtune_tui.storage.workspace import Workspace


class OverviewService:
    """Reads the state of every stage from the workspace alone: no network, no keyring."""

    def __init__(self, workspace: Workspace) -> None:
        self._reader = PathStateReader(workspace.database)

    async def read(self) -> Overview:
        """The stages Credentials, Collect, Dataset, Fine-tune and Chat with their state, and the next step."""
        return overview_of(await asyncio.to_thread(self._reader.read))


def overview_of(state: PathState) -> Overview:
    """The overview that a state of the workspace means."""
    next_step, next_screen = _next(state)
    return Overview(
        stages=(_credentials(state), _collect(state), _dataset(state), _fine_tune(state), _chat(state)),
        next_step=next_step,
        next_screen=next_screen,
        unfinished=_unfinished(state),
    )


def _credentials(state: PathState) -> StageState:
    used = state.confirmed_operations > 0
    return StageState("credentials", "Credentials", "done" if used else "todo", "" if used else "optional")


def _collect(state: PathState) -> StageState:
    if any(collection.state == "unknown" for collection in state.open_collections):
        return StageState("collect", "Collect", "attention", "unknown")
    if state.open_collections:
        return StageState("collect", "Collect", "active", f"{len(state.open_collections)} running")
    if state.records:
        return StageState("collect", "Collect", "done", f"{state.records:,} records")
    return StageState("collect", "Collect", "todo", "no records")


def _dataset(state: PathState) -> StageState:
    if state.examples is None:
        return StageState("dataset", "Dataset", "todo", "none yet")
    if _has_newer_records(state):
        return StageState("dataset", "Dataset", "attention", "new records")
    if not state.examples:
        return StageState("dataset", "Dataset", "attention", "no examples")
    return StageState("dataset", "Dataset", "done", f"{state.examples:,} examples")


def _fine_tune(state: PathState) -> StageState:
    for job in state.open_jobs:
        if job.state == "unknown":
            return StageState("fine_tune", "Fine-tune", "attention", "unknown")
        steps = f" {job.step}/{job.total_steps}" if job.total_steps else ""
        return StageState("fine_tune", "Fine-tune", "active", f"{job.state}{steps}")
    if state.last_job_state in ("failed", "cancelled") and not state.tuned_models:
        return StageState("fine_tune", "Fine-tune", "attention", state.last_job_state)
    if state.tuned_models:
        models = "1 model" if state.tuned_models == 1 else f"{state.tuned_models} models"
        return StageState("fine_tune", "Fine-tune", "done", models)
    return StageState("fine_tune", "Fine-tune", "todo", "no job")


def _chat(state: PathState) -> StageState:
    if state.answers:
        return StageState("chat", "Chat", "done", "1 answer" if state.answers == 1 else f"{state.answers:,} answers")
    return StageState("chat", "Chat", "todo", "ready" if state.tuned_models else "no model")


def _next(state: PathState) -> tuple[str, str]:
    """The next step in words and the screen where it is taken. What runs or needs the person comes first."""
    if any(collection.state == "unknown" for collection in state.open_collections):
        return "Look up a collection whose fate is unknown", "collect"
    if any(job.state == "unknown" for job in state.open_jobs):
        return "Look up a job whose fate is unknown", "fine_tune"
    if not state.records:
        words = "Follow the collection" if state.open_collections else "Collect records, or import files"
        return words, "collect"
    if state.examples is None:
        return f"Prepare {state.records:,} records into examples", "dataset"
    if state.open_jobs:
        return "Watch the job learn", "fine_tune"
    if not state.tuned_models and state.last_job_state is None:
        return f"Fine-tune a base model on {state.examples:,} examples", "fine_tune"
    if not state.tuned_models:
        return f"See why the job {state.last_job_state}, then start again", "fine_tune"
    if not state.answers:
        return "Ask base and tuned model the same question", "chat"
    if not state.evaluations:
        return "Measure it on held-out examples: webtune eval", "chat"
    if _has_newer_records(state):
        return "Prepare again: there are new records", "dataset"
    return "Collect more records, or try another base model", "collect"


def _has_newer_records(state: PathState) -> bool:
    return bool(state.prepared_at and state.last_collected and state.last_collected > state.prepared_at)


def _unfinished(state: PathState) -> tuple[str, ...]:
    collections = [
        f"Collection “{collection.label}” is {collection.state}. Collect (2), then r to go on."
        for collection in state.open_collections
    ]
    jobs = [
        f"Job {job.job_id} on {job.base_model} is {job.state}. Fine-tune (4) shows it live." for job in state.open_jobs
    ]
    return (*collections, *jobs)
