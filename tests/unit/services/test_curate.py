"""Editing the working version: each edit undoable, replayable, and equal in the recipe and the database."""

from __future__ import annotations

import random
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import Prepared
from webtune_tui.pipeline.edit import set_texts
from webtune_tui.services.curate import CurateService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.settings import Settings
from webtune_tui.storage.recipe_file import RecipeFile
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        add_records(opened, [product(number) for number in range(12)])
        await prepared_hash(opened)
        yield opened


async def prepared_hash(workspace: Workspace) -> str:
    last = [event async for event in PrepareService(workspace, Settings()).run()][-1]
    assert isinstance(last, Prepared)
    return last.report.content_hash


async def ids_of(workspace: Workspace) -> list[str]:
    return [example.example_id for example in (await CurateService(workspace).page()).examples]


def edits_in_file(workspace: Workspace) -> list[dict[str, Any]]:
    return tomllib.loads((workspace.root / "recipe.toml").read_text()).get("edits", [])


async def test_an_edit_makes_a_version_of_its_own_and_undo_gives_the_old_one_back(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    start = await curate.version()
    first = (await ids_of(workspace))[0]
    result = await curate.edit(
        first, {"assistant": "A better answer.", "system": "Be kind.", "messages[1].content": "Hm?"}
    )
    assert result.changed == [first]
    assert result.version.content_hash != start.content_hash
    example = await curate.example(first)
    assert [message.content for message in example.messages] == ["Be kind.", "Hm?", "A better answer."]
    assert "edited" in example.flags
    assert (await curate.example(first, start.dataset_version)).answer != "A better answer."
    assert edits_in_file(workspace)[0]["example"] == first
    undone = await curate.undo()
    assert undone.version.content_hash == start.content_hash
    assert undone.version.tokens == start.tokens
    assert undone.changed == [first]
    assert edits_in_file(workspace) == []
    assert (await curate.redo()).version.content_hash == result.version.content_hash
    assert len(await curate.versions()) == 2


async def test_dropped_examples_have_a_reason_and_come_back(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    ids = await ids_of(workspace)
    result = await curate.drop([ids[3], ids[5], ids[3]])
    assert (result.version.examples, sorted(result.changed)) == (10, sorted([ids[3], ids[5]]))
    report = await curate.report()
    assert report is not None
    assert (report.dropped["by_hand"], report.records_used) == (2, 10)
    by_hand = await PrepareService(workspace, Settings()).dropped("by_hand")
    assert [one.detail for one in by_hand] == [ids[3], ids[5]]
    with pytest.raises(NotFound):
        await curate.example(ids[3])
    await curate.undo()
    assert await ids_of(workspace) == ids
    assert (await curate.report()).dropped == {}  # type: ignore[union-attr]  # there is one


async def test_any_sequence_of_edits_undone_is_the_start_and_replayed_gives_the_same_hash(workspace: Workspace) -> None:
    for seed in range(2):
        chance = random.Random(seed)
        curate = CurateService(workspace)
        start = await prepared_hash(workspace)
        applied = 0
        for step in range(14):
            ids = await ids_of(workspace)
            match chance.randrange(4):
                case 0 if len(ids) > 4:
                    await curate.drop(chance.sample(ids, 2))
                    applied += 1
                case 1 if applied:
                    await curate.undo()
                    applied -= 1
                    if chance.random() < 0.5:
                        await curate.redo()
                        applied += 1
                case _:
                    await curate.edit(chance.choice(ids), {"assistant": f"Answer {seed} {step}"})
                    applied += 1
        now = (await curate.version()).content_hash
        assert await prepared_hash(workspace) == now
        with_changed_records = product(500 + seed)
        add_records(workspace, [with_changed_records], f"more-{seed}")
        assert await prepared_hash(workspace) != now
        while applied:
            await curate.undo()
            applied -= 1
        with pytest.raises(UsageError, match="no edit"):
            await curate.undo()
        assert (await curate.version()).examples == 12 + seed + 1
        assert (await curate.version()).content_hash != start


async def test_undo_and_redo_survive_a_restart(tmp_path: Path) -> None:
    root = tmp_path / "kept"
    with Workspace.open(root, command="test") as opened:
        add_records(opened, [product(number) for number in range(12)])
        start = await prepared_hash(opened)
        edited = (await CurateService(opened).edit((await ids_of(opened))[0], {"user": "New?"})).version.content_hash
    with Workspace.open(root, command="test") as opened:
        assert (await CurateService(opened).undo()).version.content_hash == start
    with Workspace.open(root, command="test") as opened:
        assert (await CurateService(opened).redo()).version.content_hash == edited


async def test_a_new_edit_ends_what_could_be_redone(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    ids = await ids_of(workspace)
    await curate.edit(ids[0], {"user": "One?"})
    await curate.undo()
    await curate.edit(ids[1], {"user": "Two?"})
    with pytest.raises(UsageError, match="redo"):
        await curate.redo()


async def test_a_crash_between_database_and_file_is_mended(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    curate = CurateService(workspace)
    ids = await ids_of(workspace)
    await curate.edit(ids[0], {"user": "One?"})

    def crash(self: RecipeFile, text: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(RecipeFile, "write", crash)
        curate._done(set_texts(ids[1], {"user": "Two?"}))  # in this thread, so that the crash is ours to see
    assert len(edits_in_file(workspace)) == 1
    again = CurateService(workspace)
    expected = (await again.version()).content_hash
    assert await prepared_hash(workspace) == expected
    assert len(edits_in_file(workspace)) == 2
    await again.edit(ids[2], {"user": "Three?"})
    assert [edit["example"] for edit in edits_in_file(workspace)] == ids[:3]


async def test_edits_changed_by_hand_win_at_the_next_prepare(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    ids = await ids_of(workspace)
    await curate.edit(ids[0], {"user": "One?"})
    path = workspace.root / "recipe.toml"
    path.write_text(path.read_text().replace("One?", "Mine?") + f'[[edits]]\ndrop = ["{ids[4]}"]\n')
    with pytest.raises(UsageError, match="by hand"):
        await curate.edit(ids[1], {"user": "Two?"})
    await prepared_hash(workspace)
    assert (await curate.example(ids[0])).prompt == "Mine?"
    assert (await curate.version()).examples == 11
    await curate.undo()
    assert (await curate.version()).examples == 12


async def test_other_changes_by_hand_do_not_hinder_an_edit(workspace: Workspace) -> None:
    path = workspace.root / "recipe.toml"
    path.write_text("# my word\n" + path.read_text())
    await CurateService(workspace).edit((await ids_of(workspace))[0], {"user": "One?"})
    assert path.read_text().startswith("# my word\n")
    assert len(edits_in_file(workspace)) == 1


@pytest.mark.parametrize("changes", [{"nosuch": "x"}, {"messages[9].content": "x"}, {"messages[0]": "x"}, {}])
async def test_a_place_that_is_not_there_is_refused(workspace: Workspace, changes: dict[str, str]) -> None:
    curate = CurateService(workspace)
    before = await curate.version()
    with pytest.raises(UsageError):
        await curate.edit((await ids_of(workspace))[0], changes)
    assert await curate.version() == before


async def test_unknown_names_are_refused(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    with pytest.raises(NotFound):
        await curate.edit("ex-nosuch", {"user": "x"})
    with pytest.raises(NotFound):
        await curate.drop([(await ids_of(workspace))[0], "ex-nosuch"])
    with pytest.raises(NotFound):
        await curate.version("ffffffffffff")
    with pytest.raises(UsageError):
        await curate.page(split="tests")


async def test_the_same_text_again_is_no_edit(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    example = (await curate.page(limit=1)).examples[0]
    assert (await curate.edit(example.example_id, {"user": example.prompt})).changed == ()
    assert edits_in_file(workspace) == []


async def test_pages_filter_by_text_in_any_case_and_by_split(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    ids = await ids_of(workspace)
    await curate.edit(ids[2], {"assistant": 'Über "ALLES" é\nneu'})
    assert [one.example_id for one in (await curate.page(text='über "alles" É')).examples] == [ids[2]]
    assert (await curate.page(text="role")).total == 0
    version = await curate.version()
    test = await curate.page(split="test", limit=1)
    assert (test.total, len(test.examples)) == (version.splits["test"], 1)
    rest = await curate.page(offset=5, limit=100)
    assert [one.example_id for one in rest.examples] == ids[5:]


async def test_a_diff_names_added_removed_and_edited_examples(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    ids = await ids_of(workspace)
    before = await curate.version()
    await curate.drop([ids[1]])
    after = (await curate.edit(ids[0], {"assistant": "New."})).version
    found = await curate.diff(before.dataset_version, after.dataset_version)
    assert (list(found.added), list(found.removed), list(found.edited)) == ([], [ids[1]], [ids[0]])
    back = await curate.diff(after.content_hash, before.content_hash)
    assert (list(back.added), list(back.removed)) == ([ids[1]], [])


async def test_lineage_leads_to_the_record_and_its_raw_file(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    examples = (await curate.page()).examples
    (origin,) = await curate.lineage(examples[3].example_id)
    assert (origin.collection_id, origin.position) == ("c-1", 3)
    assert origin.raw_path == str(workspace.root / "raw" / "c-1")
    assert origin.fields["asin"] == "B000003"


async def test_ids_stay_when_the_records_change_place(workspace: Workspace, tmp_path: Path) -> None:
    ids = await ids_of(workspace)
    with Workspace.open(tmp_path / "other", command="test") as other:
        add_records(other, [product(number) for number in reversed(range(12))], "c-7")
        await prepared_hash(other)
        assert await ids_of(other) == ids
