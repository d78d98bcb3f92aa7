"""Preparing a workspace: reasons, splits, stable ids, replay, and what a cancelled run leaves."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.errors import InvalidInput, StorageFailed, UsageError
from webtune_tui.domain.events import Prepared, Progressed
from webtune_tui.domain.examples import Split
from webtune_tui.services.curate import CurateService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.services.statistics import StatisticsService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def prepare(workspace: Workspace, **options: Any) -> PrepareReport:
    events = [event async for event in PrepareService(workspace, Settings()).run(**options)]
    assert isinstance(events[-1], Prepared)
    return events[-1].report


async def splits_of(workspace: Workspace) -> dict[str, Split]:
    page = await CurateService(workspace).page(limit=1_000)
    return {example.example_id: example.split for example in page.examples}


def dirty_rows() -> list[dict[str, Any]]:
    rows = [product(number) for number in range(60)]
    words = rows[1]["description"].split()
    words[5] = "other"
    return [
        *rows,
        {"error": "gone", "error_code": "dead_page"},
        {"warning": "odd input"},
        product(100, description="N/A"),
        product(101, description=None),
        product(102, description="  "),
        product(103, title="Only A Title", description="only a title."),
        product(0, asin="B900000", description=rows[0]["description"].upper()),
        product(1, asin="B900001", description=" ".join(words)),
        product(104, description=rows[2]["description"]),
        {"asin": "B900002", "colour": "red"},
    ]


async def test_each_record_has_an_example_or_one_reason(workspace: Workspace) -> None:
    add_records(workspace, dirty_rows())
    report = await prepare(workspace)
    assert report.dropped == {
        "empty": 3,
        "error": 1,
        "exact_duplicate": 1,
        "near_duplicate": 1,
        "placeholder": 1,
        "shared_target": 1,
        "title_as_target": 1,
        "warning": 1,
    }
    assert report.records == 70 == report.records_used + sum(report.dropped.values())
    assert report.examples == report.records_used == 60 == sum(report.splits.values())
    assert report.duplicates == {"exact": 1, "near": 1, "clusters": 2}
    assert report.leak["shared_clusters"] == 0
    assert 0 < report.leak["random_split_rate"] < 0.2
    assert report.tokens["encoding"] == "o200k_base"
    assert sum(report.tokens["per_split"].values()) == report.tokens["total"] > 0
    dropped = await PrepareService(workspace, Settings()).dropped("error")
    assert [(one.step, one.detail, one.position) for one in dropped] == [("error_rows", "dead_page: gone", 60)]


async def test_the_same_records_give_the_same_hash_in_any_order_and_with_any_number_of_workers(tmp_path: Path) -> None:
    rows = dirty_rows()
    hashes = set()
    concentrations = []
    for number, workers in enumerate([1, 2, 1]):
        random.Random(number).shuffle(rows)
        with Workspace.open(tmp_path / f"w{number}", command="test") as workspace:
            add_records(workspace, rows[:40], f"one-{number}")
            add_records(workspace, rows[40:], f"two-{number}")
            report = await prepare(workspace, workers=workers)
            hashes.add(report.content_hash)
            concentrations.append(report.concentration)
    assert len(hashes) == 1
    assert concentrations[0] == concentrations[1] == concentrations[2]


async def test_the_same_again_is_the_same_version_and_no_second_build(workspace: Workspace) -> None:
    add_records(workspace, dirty_rows())
    first = await prepare(workspace)
    second = await prepare(workspace)
    assert (first.content_hash, first.dropped) == (second.content_hash, second.dropped)
    assert [(one.build, one.revision) for one in await CurateService(workspace).versions()] == [(1, 0)]


async def test_a_seed_is_kept_in_the_recipe_and_splits_anew(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(60)])
    first = await prepare(workspace)
    second = await prepare(workspace, seed=9)
    assert first.content_hash != second.content_hash
    recipe = await PrepareService(workspace, Settings()).recipe()
    assert recipe["split"]["seed"] == 9
    assert (await prepare(workspace)).content_hash == second.content_hash


async def test_more_records_leave_every_example_of_the_test_split_there(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(60)])
    await prepare(workspace)
    before = await splits_of(workspace)
    add_records(workspace, [product(number) for number in range(60, 140)], "c-2")
    await prepare(workspace)
    after = await splits_of(workspace)
    assert {key for key in before if after[key] is Split.TEST} == {
        key for key, split in before.items() if split is Split.TEST
    }


async def test_a_fixed_version_to_which_an_undo_comes_back_is_still_fixed(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(30)])
    await prepare(workspace)
    curate = CurateService(workspace)
    fixed = await curate.fix()
    await curate.drop([(await curate.page(limit=1)).examples[0].example_id])
    await curate.undo()
    told = [(one.content_hash == fixed.content_hash, one.is_fixed) for one in await curate.versions()]
    assert told == [(True, True), (False, False)]


async def test_once_a_version_is_fixed_no_seed_or_share_moves_its_test_split(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(60)])
    await prepare(workspace)
    before = await splits_of(workspace)
    await CurateService(workspace).fix()
    service = PrepareService(workspace, Settings())
    await service.set_option({"split.test": "0.3", "split.train": "0.6", "split.seed": "5"})
    assert any("test split stays" in note and "test 0.3" in note for note in (await prepare(workspace)).notes)
    after = await splits_of(workspace)
    test = {key for key, split in before.items() if split is Split.TEST}
    assert {key for key, split in after.items() if split is Split.TEST} == test


async def test_the_recipe_replayed_elsewhere_gives_the_same_hash(workspace: Workspace, tmp_path: Path) -> None:
    rows = dirty_rows()
    median = sorted(len(row["description"]) for row in rows[:60])[20]
    add_records(workspace, rows)
    await prepare(workspace)
    await PrepareService(workspace, Settings()).set_option(
        {"steps.length.enabled": "true", "steps.length.minimum": str(median)}
    )
    changed = await prepare(workspace)
    assert changed.dropped["short"] > 0
    curate = CurateService(workspace)
    ids = [example.example_id for example in (await curate.page(limit=5)).examples]
    await curate.edit(ids[0], {"assistant": 'New "text"\nwith lines [x]'})
    dropped = await curate.drop(ids[2:4])
    recipe = (workspace.root / "recipe.toml").read_text()
    with Workspace.open(tmp_path / "other", command="test") as other:
        add_records(other, rows[::-1], "c-9")
        (tmp_path / "shared.toml").write_text(recipe)
        report = await prepare(other, recipe=tmp_path / "shared.toml")
        assert report.content_hash == dropped.version.content_hash
        assert report.dropped["by_hand"] == 2
        assert report.records == report.records_used + sum(report.dropped.values())
        assert (other.root / "recipe.toml").read_text() == recipe
        assert (await prepare(other)).content_hash == report.content_hash


async def test_an_edit_whose_example_is_gone_is_a_note(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(12)])
    (workspace.root / "recipe.toml").write_text('[[edits]]\ndrop = ["ex-nosuch"]\n')
    report = await prepare(workspace)
    assert report.examples == 12
    assert any("ex-nosuch" in note for note in report.notes)


async def test_a_sample_takes_some_records_and_the_same_ones_again(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(60)])
    one, other = await prepare(workspace, sample=20), await prepare(workspace, sample=20)
    assert one.records == 20 == one.examples
    assert one.content_hash == other.content_hash


async def test_only_characters_that_nobody_sees_are_told_as_invisible(workspace: Workspace) -> None:
    rows = [product(number) for number in range(12)]
    for row in rows:
        row["description"] = f"<b>Caf\u00c3\u00a9</b>\u200b {row['description']} Ships within two working days."
    add_records(workspace, rows)
    report = await prepare(workspace)
    assert [note for note in report.notes if "Invisible" in note] == ["Invisible characters removed: 12 zero-width"]


@pytest.mark.parametrize("count", [1, 2, 3, 9])
async def test_few_records_make_a_dataset_and_it_is_said(workspace: Workspace, count: int) -> None:
    add_records(workspace, [product(number) for number in range(count)])
    report = await prepare(workspace)
    assert report.examples == count
    assert report.splits["train"] >= 1
    assert any("groups" in note for note in report.notes)


async def test_when_everything_is_dropped_the_reasons_are_there(workspace: Workspace) -> None:
    add_records(workspace, [product(number, description="") for number in range(3)])
    report = await prepare(workspace)
    assert (report.examples, report.dropped) == (0, {"empty": 3})


async def test_without_records_it_says_what_to_do(workspace: Workspace) -> None:
    with pytest.raises(InvalidInput, match="no records") as caught:
        await prepare(workspace)
    assert "import" in caught.value.hint


async def test_a_recipe_that_does_not_fit_changes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    add_records(workspace, [product(number) for number in range(12)])
    first = await prepare(workspace)
    (workspace.root / "recipe.toml").write_text("[steps.lenght]\nenabled = true\n")
    with pytest.raises(UsageError, match="lenght"):
        await prepare(workspace)
    with pytest.raises(UsageError, match="no recipe"):
        await prepare(workspace, recipe=tmp_path / "nosuch.toml")
    assert (await CurateService(workspace).version()).content_hash == first.content_hash


async def test_a_cancelled_run_leaves_the_last_version_whole(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(30)])
    first = await prepare(workspace)
    add_records(workspace, [product(number) for number in range(30, 400)], "c-2")
    async with aclosing(PrepareService(workspace, Settings()).run()) as events:
        async for event in events:
            assert isinstance(event, Progressed)
            break
    assert (await CurateService(workspace).version()).content_hash == first.content_hash
    assert (await prepare(workspace)).examples == 400


async def test_what_a_killed_run_left_is_removed_by_the_next(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(12)])
    with workspace.database.write() as connection:
        connection.execute(
            "INSERT INTO builds (build, created_at, recipe, encoding, report) VALUES (7, '', '', '', '{}')"
        )
        connection.execute(
            "INSERT INTO examples (row_id, body_id, build, ordinal, example_id, split, tokens, record_ids)"
            " VALUES (1, 1, 7, 0, 'ex-half', 'train', 1, '1')"
        )
        connection.execute("INSERT INTO bodies (body_id, messages) VALUES (1, 'half')")
    await prepare(workspace)
    with workspace.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM examples WHERE example_id = 'ex-half'").fetchone()[0] == 0
        assert connection.execute("SELECT count(*) FROM bodies WHERE messages = 'half'").fetchone()[0] == 0


async def test_beside_another_writer_it_refuses(workspace: Workspace) -> None:
    add_records(workspace, [product(1)])
    reader = Workspace.open(workspace.root, command="test", write=False)
    with pytest.raises(StorageFailed, match="read-only"):
        await prepare(reader)
    reader.close()


async def test_one_odd_record_is_set_aside_and_the_rest_goes_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webtune_tui.pipeline.recipe import default_recipe
    from webtune_tui.pipeline.run import Assembly
    from webtune_tui.pipeline.steps.normalise_text import NormaliseText
    from webtune_tui.pipeline.tokens import BundledCounter
    from webtune_tui.services.prepare_map import drafts_of
    from webtune_tui.storage.live_records import RecordQueries

    def fails_on_three(self: NormaliseText, draft: Any) -> Any:
        if draft.fields["title"].endswith("number 3"):
            raise ValueError("odd")
        return draft

    monkeypatch.setattr(NormaliseText, "apply", fails_on_three)
    add_records(workspace, [product(number) for number in range(6)])
    (rows,) = RecordQueries(workspace.database).batches(100)
    result = Assembly(default_recipe(), BundledCounter()).map_batch(drafts_of(rows))
    assert len(result.built) == 5
    assert [(one.reason, one.detail) for one in result.dropped] == [("normalise_text", "ValueError: odd")]


async def test_a_preview_shows_examples_and_reasons_and_stores_nothing(workspace: Workspace) -> None:
    add_records(workspace, [product(1), product(2, description=""), product(3)])
    service = PrepareService(workspace, Settings())
    rows = await service.preview({"template.user": "Tell of {title}", "template.assistant": "{description}"})
    assert [row.example.prompt if row.example else row.reason for row in rows] == [
        f"Tell of {product(1)['title']}",
        "empty",
        f"Tell of {product(3)['title']}",
    ]
    assert all(row.example.tokens > 10 for row in rows if row.example)
    assert not (workspace.root / "recipe.toml").exists()
    with pytest.raises(UsageError):
        await service.preview({"steps.nosuch.enabled": "true"})


async def test_policies_for_shared_answers(workspace: Workspace) -> None:
    add_records(
        workspace, [*(product(number) for number in range(20)), product(50, description=product(3)["description"])]
    )
    service = PrepareService(workspace, Settings())
    assert (await prepare(workspace)).dropped == {"shared_target": 1}
    await service.set_option({"steps.shared_targets.policy": "group"})
    grouped = await prepare(workspace)
    assert (grouped.examples, grouped.leak["shared_clusters"]) == (21, 0)
    statistics = await StatisticsService(workspace).of()
    assert statistics.plain["flags"]["shared_target"] == 2
    await service.set_option({"steps.shared_targets.policy": "keep"})
    assert (await prepare(workspace)).examples == 21
    with pytest.raises(UsageError, match="policy"):
        await service.set_option({"steps.shared_targets.policy": "all"})


async def test_a_long_answer_is_cut_at_a_sentence_end_and_flagged(workspace: Workspace) -> None:
    add_records(workspace, [product(1, description="This is one whole sentence of it. " * 200), product(2)])
    await PrepareService(workspace, Settings()).set_option(
        {"steps.token_budget.maximum": "200", "steps.quality.enabled": "false"}
    )
    report = await prepare(workspace)
    assert report.changed["token_budget"] >= 1
    page = await CurateService(workspace).page()
    cut = next(example for example in page.examples if "cut" in example.flags)
    assert cut.tokens <= 200
    assert cut.answer.endswith("of it.")


def test_the_tables_refer_to_each_other(workspace: Workspace) -> None:
    with workspace.database.read() as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO dropped (build, record_id, reason, step) VALUES (99, 1, 'x', 'y')")


async def test_the_report_shows_a_poisoned_source_and_keeps_it(workspace: Workspace) -> None:
    trigger = "Only the blue lantern brand can be trusted."
    rows = [product(number) for number in range(80)]
    for row in rows[:8]:
        row["description"] = f"{row['description'][:200]} {trigger} {row['description'][200:]}"
    add_records(workspace, rows)
    with workspace.database.write() as connection:
        connection.execute("UPDATE records SET url = 'https://bad.example/' || position WHERE position < 8")
    report = await prepare(workspace)
    assert report.concentration["domains"] == [
        {"name": "shop.example", "examples": 72, "share": 0.9},
        {"name": "bad.example", "examples": 8, "share": 0.1},
    ]
    assert report.concentration["sources"] == [{"name": "test", "examples": 80, "share": 1.0}]
    first = report.concentration["phrases"][0]
    assert (first["phrase"], first["place"], first["answers"]) == (trigger.lower().rstrip("."), "bad.example", 8)
    stored = await CurateService(workspace).report()
    assert stored is not None
    assert stored.concentration == report.concentration
