"""Dropped rows brought back by what they are: one step, counted before, undone, and replayed to the same content."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_editing import prepare
from tests.unit.services.test_retemplating import set_recipe
from webtune_tui.domain.edit_steps import Edited, EditResult
from webtune_tui.domain.errors import Stopped, UsageError
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.services.curate import CurateService
from webtune_tui.services.editing import EditingService
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Twelve products; four are filtered out by their brand or their answer, one is a copy, one an error."""
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        rows = [product(number, rating=number) for number in range(12)]
        add_records(opened, [*rows, product(3, asin="B-copy", rating=3), {"error": "x", "error_code": "dead_page"}])
        set_recipe(opened, steps__field_filters__where="brand != 'Maker 1' and brand != 'Maker 2'")
        prepare(opened)
        yield opened


async def restored(workspace: Workspace, where: str) -> EditResult:
    async for event in EditingService(workspace).restore(where):
        if isinstance(event, Edited):
            return event.result
    raise AssertionError


async def dropped(workspace: Workspace) -> dict[str, int]:
    report = await CurateService(workspace).report()
    assert report is not None
    return dict(report.dropped)


async def test_all_that_a_step_dropped_are_counted_then_back_in_one_step(workspace: Workspace) -> None:
    start = (await CurateService(workspace).version()).content_hash
    assert await dropped(workspace) == {"error": 1, "exact_duplicate": 1, "field_filter": 4}
    editing = EditingService(workspace)
    found = await editing.preview_restore("step = field_filters and rating > 5", samples=1)
    assert (found.met, found.at_once, found.waiting, dict(found.reasons)) == (2, 0, 2, {})
    assert [one.reason for one in found.samples] == ["field_filter"] and found.samples[0].title
    assert await editing.history() == []
    result = await restored(workspace, "step = field_filters and rating > 5")
    assert (len(result.waiting), result.count, result.words) == (2, 0, "Brought 2 examples back")
    assert result.version.content_hash == start, "they wait for the next run"
    again = await editing.preview_restore("reason = field_filter")
    assert (again.met, again.waiting, dict(again.reasons)) == (4, 2, {"wanted back already": 2})
    end = prepare(workspace)
    assert end != start and (await dropped(workspace))["field_filter"] == 2
    assert prepare(workspace) == end
    await editing.undo()
    assert prepare(workspace) == start


async def test_what_went_by_hand_is_back_at_once_and_gone_again_by_an_undo(workspace: Workspace) -> None:
    editing = EditingService(workspace)
    start = (await CurateService(workspace).version()).content_hash
    await editing.apply(operation_of("drop"), Selection(where="index <= 5"))
    gone = (await CurateService(workspace).version()).content_hash
    found = await editing.preview_restore("reason = by_hand")
    assert (found.met, found.at_once, found.waiting) == (5, 5, 0)
    result = await restored(workspace, "step = edits")
    assert (result.count, len(result.changed), result.waiting) == (5, 5, ())
    assert result.version.content_hash == start and "by_hand" not in await dropped(workspace)
    assert [one.words for one in await editing.history()] == [
        "Dropped 5 examples where index <= 5".replace(" where index <= 5", ""),
        "Brought 5 examples back",
    ]
    assert (await editing.undo()).version.content_hash == gone
    assert (await editing.redo()).version.content_hash == start
    assert prepare(workspace) == start


async def test_rows_that_make_no_example_are_told_and_left(workspace: Workspace) -> None:
    result = await restored(workspace, "reason = error or reason = exact_duplicate")
    assert len(result.waiting) == 1 and result.left == 1
    assert dict(result.reasons) == {"rows that make no example (error)": 1}
    nothing = await restored(workspace, "reason = error")
    assert (nothing.words, nothing.left, nothing.waiting) == ("Nothing changed", 1, ())
    assert (await restored(workspace, "reason = language")).words == "No dropped row is selected"
    assert len(await EditingService(workspace).history()) == 1


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("reson = error", "No dropped row has a field 'reson'"),
        ("reason =", "can't be read"),
        (" ", "No dropped row is selected"),
    ],
    ids=["misspelled", "unfinished", "nothing"],
)
async def test_a_condition_that_means_nothing_is_refused(workspace: Workspace, where: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        await EditingService(workspace).preview_restore(where)
    assert refused.value.hint


async def test_it_is_stopped_before_anything_is_stored(workspace: Workspace) -> None:
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Stopped):
        async for _ in EditingService(workspace).restore("step = field_filters", stopped=stopped):
            pass
    assert await EditingService(workspace).history() == []
