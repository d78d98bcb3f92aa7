"""The overview: which stage stands where, and which step comes next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from webtune_tui.services.overview import OverviewService, overview_of
from webtune_tui.storage.path_state import OpenCollection, OpenJob, PathState
from webtune_tui.storage.workspace import Workspace

EMPTY = PathState(
    records=0,
    open_collections=(),
    last_collected=None,
    examples=None,
    prepared_at=None,
    open_jobs=(),
    last_job_state=None,
    tuned_models=0,
    answers=0,
    evaluations=0,
    confirmed_operations=0,
)
COLLECTED = replace(EMPTY, records=240, last_collected="2026-11-22T13:00:00.000Z")
PREPARED = replace(COLLECTED, examples=180, prepared_at="2026-11-22T13:05:00.000Z")
TUNED = replace(PREPARED, tuned_models=1, last_job_state="succeeded")
RUNNING = OpenCollection("c1", "Amazon products", "running")
LOST = OpenCollection("c2", "Amazon products", "unknown")
JOB = OpenJob("j1", "smollm2", "running", 12, 40)


@pytest.mark.parametrize(
    ("state", "screen", "words"),
    [
        (EMPTY, "collect", "Collect records"),
        (replace(EMPTY, open_collections=(RUNNING,)), "collect", "Follow"),
        (replace(PREPARED, open_collections=(LOST,)), "collect", "unknown"),
        (COLLECTED, "dataset", "240 records"),
        (PREPARED, "fine_tune", "180 examples"),
        (replace(PREPARED, open_jobs=(JOB,), last_job_state="running"), "fine_tune", "Watch"),
        (replace(PREPARED, open_jobs=(replace(JOB, state="unknown"),)), "fine_tune", "unknown"),
        (replace(PREPARED, last_job_state="failed"), "fine_tune", "failed"),
        (TUNED, "chat", "same question"),
        (replace(TUNED, answers=2), "chat", "webtune eval"),
        (
            replace(TUNED, answers=2, evaluations=1, last_collected="2026-11-22T14:00:00.000Z"),
            "dataset",
            "Prepare again",
        ),
        (replace(TUNED, answers=2, evaluations=1), "collect", "another base"),
    ],
)
def test_the_next_step_follows_from_what_is_there(state: PathState, screen: str, words: str) -> None:
    overview = overview_of(state)
    assert overview.next_screen == screen
    assert words in overview.next_step


def test_the_stages_stand_in_the_order_of_the_path_with_short_words() -> None:
    stages = overview_of(TUNED).stages
    assert [stage.name for stage in stages] == ["credentials", "collect", "dataset", "fine_tune", "chat"]
    assert [stage.summary for stage in stages[1:]] == ["240 records", "180 examples", "1 model", "ready"]
    assert all(len(stage.summary) <= 16 for stage in stages)


def test_new_records_and_lost_replies_ask_for_attention() -> None:
    newer = replace(PREPARED, last_collected="2026-11-22T14:00:00.000Z")
    assert overview_of(newer).stages[2].state == "attention"
    assert overview_of(replace(EMPTY, open_collections=(LOST,))).stages[1].state == "attention"
    assert overview_of(replace(PREPARED, open_jobs=(JOB,))).stages[3].summary == "running 12/40"


def test_everything_that_can_go_on_is_offered() -> None:
    unfinished = overview_of(replace(PREPARED, open_collections=(RUNNING, LOST), open_jobs=(JOB,))).unfinished
    assert len(unfinished) == 3
    assert "j1" in unfinished[2] and "(4)" in unfinished[2]


async def test_a_fresh_workspace_is_read_from_its_tables(tmp_path: Path) -> None:
    with Workspace.open(tmp_path, command="test") as workspace:
        assert await OverviewService(workspace).read() == overview_of(EMPTY)
