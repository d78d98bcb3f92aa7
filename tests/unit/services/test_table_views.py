"""Columns and views by name lie in the workspace; what can't be read is left out, and nothing of it acts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from webtune_tui.domain.errors import StorageFailed, UsageError
from webtune_tui.services.table_views import SavedView, TableViewsService
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.presentation.example_columns import TableLayout

GOOD = {"name": "long", "where": "tokens > 800", "sort": "tokens", "is_descending": True}


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def test_a_view_is_found_again_replaced_and_deleted(workspace: Workspace) -> None:
    service = TableViewsService(workspace)
    view = SavedView("Zwei", "kettle", "tokens > 8", "test", "tokens", True, TableLayout().to_plain())
    await service.save(view)
    await service.save(SavedView("eins"))
    assert [one.name for one in (await TableViewsService(workspace).views()).views] == ["eins", "Zwei"]
    assert (await service.views()).views[1] == view
    await service.save(SavedView("Zwei"))
    assert (await service.views()).views == [SavedView("eins"), SavedView("Zwei")]
    await service.delete("eins")
    assert (await service.views()).views == [SavedView("Zwei")]


@pytest.mark.parametrize(
    "body",
    [
        7, None, [], {}, {"name": ""}, {"name": 3}, {"name": "x", "where": "tokens >"},
        {"name": "x", "where": "colour = 1"},
        {"name": "x", "sort": "ordinal; DROP"}, {"name": "x", "split": "all"}, {"name": "x", "text": "\x1b]52;c;A\x07"},
        {"name": "\u202ex"}, {"name": "x", "is_descending": "no"}, {"name": "x", "columns": [1]}, {"name": ["x"]},
    ],
    ids=str,
)  # fmt: skip
async def test_a_broken_view_is_skipped_and_the_others_stay(workspace: Workspace, body: object) -> None:
    DatasetStore(workspace.database).set_meta({"view:saved": json.dumps([body, GOOD])})
    kept = await TableViewsService(workspace).views()
    assert [one.name for one in kept.views] == ["long"] and kept.skipped == 1


@pytest.mark.parametrize(
    "kept", ["", "{", "[" * 100_000, "9" * 5_000, '"x"', "null", "[[1]]"], ids=lambda kept: kept[:4]
)
async def test_what_is_no_json_is_nothing(workspace: Workspace, kept: str) -> None:
    DatasetStore(workspace.database).set_meta({"view:saved": kept, "view:columns": kept})
    service = TableViewsService(workspace)
    assert (await service.views()).views == []
    assert TableLayout.from_plain(await service.columns()) == TableLayout()
    await service.save(SavedView("new"))
    assert (await service.views()).views == [SavedView("new")]


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x1b[2J", "a\nb", "\u202eb"], ids=ascii)
async def test_a_name_that_cannot_be_read_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        await TableViewsService(workspace).save(SavedView(name))


async def test_columns_are_kept_but_not_in_a_read_only_workspace(workspace: Workspace) -> None:
    service = TableViewsService(workspace)
    assert await service.columns() is None
    layout = TableLayout().toggled("source").widened("prompt", 2, 20)
    await service.keep_columns(layout.to_plain())
    with Workspace.open(workspace.root, command="test", write=False) as other:
        reading = TableViewsService(other)
        assert TableLayout.from_plain(await reading.columns()) == layout
        await reading.keep_columns({})
        with pytest.raises(StorageFailed):
            await reading.save(SavedView("x"))
    assert TableLayout.from_plain(await service.columns()) == layout


def test_columns_of_any_kind_are_read_as_far_as_they_are_understood() -> None:
    hostile = {
        "columns": [["answer"], {}, "answer", "number", "nope", 3],
        "widths": {"answer": 10**9, "x": 3, "id": "9"},
    }
    assert TableLayout.from_plain(hostile) == TableLayout(("answer", "number"), {"answer": 200})
