"""Which examples a review takes, and that it goes on where it was left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.benchmarks.made_workspace import make
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.reviews import REVIEW_TAG, Choice, Pass, Review, decode, encode
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.services.curate import CurateService
from webtune_tui.services.editing import EditingService
from webtune_tui.services.review import ReviewService
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    make(tmp_path / "workspace", 120)
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def begun(
    service: ReviewService, choice: Choice, count: int, person: str = "ana", *, where: str = "", seed: int = 0
) -> Review:
    events = [one async for one in service.begin(choice, count, person, where=where, seed=seed)]
    review = events[-1]
    assert isinstance(review, Review)
    return review


async def test_a_sample_is_drawn_from_what_the_condition_lists_and_is_the_same_for_the_same_seed(
    workspace: Workspace,
) -> None:
    curate = CurateService(workspace)
    service = ReviewService(workspace, curate)
    first = await begun(service, "random", 10, where="split = test", seed=7)
    assert len(set(first.ids)) == 10
    assert {(await curate.example(one)).split.value for one in first.ids} == {"test"}
    assert (await begun(service, "random", 10, where="split = test", seed=7)).ids == first.ids
    assert (await begun(service, "random", 10, where="split = test", seed=8)).ids != first.ids
    assert len((await begun(service, "random", 50, where="split = test")).ids) == 12


async def test_the_worst_have_the_most_flags_and_the_shortest_answers_and_then_come_the_shortest_of_all(
    workspace: Workspace,
) -> None:
    curate = CurateService(workspace)
    review = await begun(ReviewService(workspace, curate), "worst", 20)
    examples = [await curate.example(one) for one in review.ids]
    flags = [len(one.flags) for one in examples]
    assert flags[:14] == sorted(flags[:14], reverse=True) and flags[0] == 2 and flags[13] == 1 and not any(flags[14:])
    answers = [len(one.answer) for one in examples if len(one.flags) == 1]
    assert answers == sorted(answers)
    tokens = [one.tokens for one in examples[14:]]
    assert tokens == sorted(tokens) and len(set(review.ids)) == 20


async def test_those_that_were_sent_are_reviewed_and_a_later_pass_sees_them_as_they_were(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    service, editing = ReviewService(workspace, curate), EditingService(workspace)
    with pytest.raises(UsageError, match="nothing to review"):
        await begun(service, "tagged", 10)
    await editing.apply(operation_of("tag", tag=REVIEW_TAG), Selection(where="index <= 3"))
    assert await service.waiting() == 3
    review = await begun(service, "tagged", 10)
    gone, changed = review.ids[:2]
    before = await curate.example(changed)
    await curate.drop([gone])
    await curate.edit(changed, {"assistant": "Another answer."})
    seen = await service.example(review, changed)
    assert seen is not None and seen.answer == "Another answer."
    assert (await service.example(review, gone)) is not None
    again = review.with_pass("ben")
    assert (await service.example(again, changed)) == before
    assert (await service.example(again, "ex-none")) is None


async def test_it_goes_on_where_it_was_left(workspace: Workspace) -> None:
    service = ReviewService(workspace, CurateService(workspace))
    assert await service.kept() is None
    review = await begun(service, "random", 5)
    await service.keep(review.with_verdict(review.ids[0], "keep"))
    later = await ReviewService(workspace, CurateService(workspace)).kept()
    assert later is not None and later.next_id == review.ids[1]


@pytest.mark.parametrize(("count", "person"), [(0, "ana"), (2_001, "ana"), (5, "  ")], ids=["none", "many", "no-name"])
async def test_what_cannot_be_a_review_is_refused(workspace: Workspace, count: int, person: str) -> None:
    with pytest.raises(UsageError):
        await begun(ReviewService(workspace, CurateService(workspace)), "random", count, person)


def test_a_review_is_kept_with_the_tags_that_verdicts_took_off_and_older_ones_are_read() -> None:
    review = Review("all", "0", ("a", "b"), (Pass("ana", {"a": "keep"}),)).with_untagged("a")
    assert decode(encode(review)) == review
    assert review.with_untagged("a", is_untagged=False).untagged == frozenset()
    older = {name: value for name, value in json.loads(encode(review)).items() if name != "untagged"}
    assert decode(json.dumps(older)) == replace(review, untagged=frozenset())
    assert decode("[" * 100_000) is None
