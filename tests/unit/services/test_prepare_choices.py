"""What a person may choose in a recipe: rows brought back, several templates, a mix, the order of steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.files.importing import import_files
from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_prepare import dirty_rows, prepare
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.services.curate import CurateService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace
from webtune_tui.tui.presentation.recipe_form import touched_by_step


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def set_recipe(workspace: Workspace, text: str) -> None:
    (workspace.root / "recipe.toml").write_text(text)


async def test_a_dropped_row_names_its_example_and_the_one_that_stayed(workspace: Workspace) -> None:
    add_records(workspace, dirty_rows())
    await prepare(workspace)
    service = PrepareService(workspace, Settings())
    rows = {one.reason: one for one in await service.dropped()}
    assert all(one.example_id.startswith("ex-") for one in rows.values())
    keeper = await CurateService(workspace).example(rows["near_duplicate"].keeper_id)
    assert keeper.answer
    clusters = await service.clusters()
    assert sorted(member.reason for one in clusters for member in one.members) == [
        "exact_duplicate",
        "near_duplicate",
        "shared_target",
    ]


async def test_a_filtered_row_comes_back_and_a_duplicate_takes_its_survivors_place(workspace: Workspace) -> None:
    add_records(workspace, dirty_rows())
    before = await prepare(workspace)
    service, curate = PrepareService(workspace, Settings()), CurateService(workspace)
    rows = {one.reason: one for one in await service.dropped()}
    wanted = [rows[reason].example_id for reason in ("near_duplicate", "exact_duplicate", "placeholder", "error")]
    result = await curate.restore(wanted)
    assert (list(result.changed), sorted(result.waiting)) == ([], sorted(wanted))
    after = await prepare(workspace)
    assert after.examples == before.examples + 1
    assert after.dropped["error"] == 1
    assert "placeholder" not in after.dropped
    staying = {example.example_id for example in (await curate.page(limit=1_000)).examples}
    assert staying >= set(wanted[:3])
    assert not staying & {rows[reason].keeper_id for reason in ("near_duplicate", "exact_duplicate")}
    assert after.leak["shared_clusters"] == 0
    assert any(rows["error"].example_id in note for note in after.notes)
    assert (await prepare(workspace)).content_hash == after.content_hash
    await curate.restore([rows["near_duplicate"].keeper_id])
    assert (await prepare(workspace)).examples == after.examples + 1
    await curate.undo()
    await curate.undo()
    assert (await prepare(workspace)).content_hash == before.content_hash


async def test_what_went_by_hand_comes_back_at_once_and_replays(workspace: Workspace, tmp_path: Path) -> None:
    rows = [product(number) for number in range(20)]
    add_records(workspace, rows)
    first = await prepare(workspace)
    curate = CurateService(workspace)
    ids = [example.example_id for example in (await curate.page(limit=3)).examples]
    await curate.drop(ids)
    back = await curate.restore(ids[:2])
    assert sorted(back.changed) == sorted(ids[:2])
    report = await curate.report()
    assert report is not None and report.dropped == {"by_hand": 1}
    assert (await prepare(workspace)).content_hash == back.version.content_hash
    await curate.restore(ids[2:])
    assert (await curate.version()).content_hash == first.content_hash
    with pytest.raises(NotFound, match="no dropped example"):
        await curate.restore(["ex-nosuch"])


async def test_templates_share_the_records_by_weight_and_keep_theirs(workspace: Workspace) -> None:
    short = '[[templates]]\nname = "short"\nweight = 3\nuser = "Sell {title}"\nassistant = "{description}"\n'
    long = '[[templates]]\nname = "long"\nuser = "Tell me of {title} by {brand}"\nassistant = "{description}"\n'
    third = '[[templates]]\nname = "third"\nuser = "And {title}?"\nassistant = "{description}"\n'
    add_records(workspace, [product(number) for number in range(200)])

    async def prompts() -> dict[str, str]:
        await prepare(workspace)
        page = await CurateService(workspace).page(limit=1_000)
        return {example.example_id: example.prompt for example in page.examples}

    set_recipe(workspace, short + long)
    two = await prompts()
    assert 0.65 < sum(text.startswith("Sell") for text in two.values()) / len(two) < 0.85
    set_recipe(workspace, short + long + third)
    three = await prompts()
    assert two.keys() == three.keys()
    assert all(three[one].startswith("And") or three[one] == two[one] for one in two)
    set_recipe(workspace, "[template]\nuser = 'a'\nassistant = 'b {title}'\n" + short)
    with pytest.raises(UsageError, match="both"):
        await prepare(workspace)


async def test_a_field_of_the_template_that_no_record_has_is_told(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(30)])
    set_recipe(workspace, '[template]\nuser = "Sell {titel} for {nosuch}"\nassistant = "{description}"\n')
    notes = [note for note in (await prepare(workspace)).notes if "template" in note]
    assert [("{titel}" in note, "did you mean {title}?" in note) for note in notes] == [(True, True), (False, False)]


async def test_a_template_whose_prompt_vanishes_makes_no_example(workspace: Workspace) -> None:
    titles = ["" if number % 3 else f"Kettle {number}" for number in range(30)]
    add_records(workspace, [product(number) | {"title": title} for number, title in enumerate(titles)])
    set_recipe(workspace, '[template]\nsystem = "S"\nuser = "Sell {title}"\nassistant = "{description}"\n')
    report = await prepare(workspace)
    assert (report.examples, report.dropped) == (10, {"empty": 20})
    dropped = await PrepareService(workspace, Settings()).dropped()
    assert {one.detail for one in dropped} == {"none of the fields in the template's prompt is filled"}


async def test_a_dropped_row_is_counted_for_the_step_that_took_it_and_called_by_its_name(workspace: Workspace) -> None:
    rows = [{"product_name": f"Kettle {n}", "review_header": f"Fine {n}", "review_text": "Ok."} for n in range(3)]
    add_records(workspace, [*rows, *(product(number) for number in range(12))])
    report = await prepare(workspace)
    assert (report.dropped, report.dropped_steps) == ({"short": 3}, {"substance": 3})
    assert touched_by_step(report)["substance"] == 3 and "length" not in touched_by_step(report)
    assert touched_by_step(replace(report, dropped_steps={}))["length"] == 3  # a report from before
    dropped = await PrepareService(workspace, Settings()).dropped()
    assert {one.title for one in dropped} == {"Fine 0", "Fine 1", "Fine 2"}


async def test_a_mix_keeps_the_ratio_and_counts_what_it_left_out(workspace: Workspace) -> None:
    add_records(workspace, [product(number) for number in range(60)])
    add_records(workspace, [{"prompt": f"What is {n} plus {n}?", "completion": spelled(n)} for n in range(90)], "c-2")
    with workspace.database.write() as connection:
        connection.execute("UPDATE collections SET label = 'general.jsonl' WHERE collection_id = 'c-2'")
    set_recipe(
        workspace,
        '[[mix]]\nname = "general"\nmatch = ["general*"]\nshare = 0.25\n[[mix]]\nname = "own"\nshare = 0.75\n',
    )
    report = await prepare(workspace)
    assert {name: counts["examples"] for name, counts in report.mix.items()} == {"general": 20, "own": 60}
    assert report.dropped["mix"] == 70
    assert report.records == report.records_used + sum(report.dropped.values())
    assert (await prepare(workspace)).content_hash == report.content_hash


async def test_a_part_of_the_mix_is_one_file_among_several_that_came_together(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = {"general-1.jsonl": range(30), "shop.jsonl": range(30, 60)}
    for name, numbers in rows.items():
        lines = [json.dumps({"prompt": f"What is {n} plus {n}?", "completion": spelled(n)}) for n in numbers]
        (tmp_path / name).write_text("\n".join(lines))
    await import_files(workspace, *(tmp_path / name for name in rows))
    set_recipe(workspace, '[[mix]]\nname = "general"\nmatch = ["GENERAL*.jsonl"]\ncap = 7\n')
    report = await prepare(workspace)
    assert {name: counts["examples"] for name, counts in report.mix.items()} == {"general": 7}
    assert (report.examples, report.dropped["mix"]) == (37, 23)


def spelled(number: int) -> str:
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    return f"Adding gives {' and '.join(words[int(digit)] for digit in str(number * 2 + 1000))} {number}x{number * 31}."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[mix]]\nname = "x"\nshare = -1\n', "share"),
        ('[[mix]]\nby = "words"\n', "by"),
        ('mix = "x"\n', "mix"),
        ("[[templates]]\nuser = 'a'\nassistant = 'b'\n", "name"),
        ("[[templates]]\nname = 'x'\nweight = 0\nuser = 'a'\nassistant = 'b'\n", "weight"),
        ("[build]\nchunk_tokens = -5\n", "chunk_tokens"),
        ("[steps.length]\norder = 'first'\n", "order"),
    ],
)
async def test_what_does_not_fit_is_named(workspace: Workspace, text: str, told: str) -> None:
    add_records(workspace, [product(1)])
    set_recipe(workspace, text)
    with pytest.raises(UsageError, match=told):
        await prepare(workspace)


async def test_steps_run_in_the_order_of_the_recipe(workspace: Workspace) -> None:
    add_records(workspace, [product(1, description="N/A"), *(product(number) for number in range(2, 14))])
    service = PrepareService(workspace, Settings())
    await service.set_option({"steps.length.enabled": "true", "steps.length.minimum": "10"})
    assert (await prepare(workspace)).dropped == {"placeholder": 1}
    assert await service.set_option({"steps.length.order": "1"}) == ["steps.length.order"]
    assert (await prepare(workspace)).dropped == {"short": 1}
    names = [step.name for step in await service.steps()]
    assert names.index("length") < names.index("placeholder_rows")
    assert await service.set_option({"steps.length.order": "", "build.documents": "question"})
    recipe: dict[str, Any] = dict(await service.recipe())
    assert "order" not in recipe["steps"]["length"]
    assert recipe["build"]["documents"] == "question"


async def answers_staying(workspace: Workspace, **options: str) -> set[str]:
    await PrepareService(workspace, Settings()).set_option(
        {f"steps.exact_duplicates.{name}": value for name, value in options.items()}
        | {f"steps.near_duplicates.{name}": value for name, value in options.items()}
    )
    await prepare(workspace)
    page = await CurateService(workspace).page(limit=1_000)
    return {example.answer for example in page.examples}


async def test_the_survivor_is_the_longest_the_newest_or_the_best_rated(workspace: Workspace) -> None:
    text = product(50)["description"]
    copies = [
        product(50, asin="B1", rating="4.9 out of 5", description=f"{text} Well liked."),
        product(50, asin="B2", rating=3, description=f"{text} This one is the longest of them."),
        product(50, asin="B3", rating=2.5, description=f"{text} The newest."),
    ]
    add_records(workspace, [*(product(number) for number in range(12)), *copies])
    with workspace.database.write() as connection:
        connection.execute("UPDATE records SET collected_at = '2025-01-01T00:00:00Z' WHERE key <> 'B3'")
    for rule, copy in (("longest", 1), ("newest", 2), ("rated", 0), ("first", 0)):
        staying = await answers_staying(workspace, survivor=rule)
        assert [number for number, one in enumerate(copies) if one["description"] in staying] == [copy]


async def test_copies_are_told_by_prompt_answer_or_both(workspace: Workspace) -> None:
    same_prompt = [product(50, asin="B1"), product(50, asin="B2", description=product(51)["description"])]
    same_answer = [product(60, asin="B3"), product(61, asin="B4", description=product(60)["description"])]
    add_records(workspace, [*(product(number) for number in range(12)), *same_prompt, *same_answer])
    await PrepareService(workspace, Settings()).set_option({"steps.shared_targets.enabled": "false"})
    assert len(await answers_staying(workspace, on="both")) == 15
    assert (await prepare(workspace)).examples == 16
    await answers_staying(workspace, on="prompt")
    by_prompt = await prepare(workspace)
    assert (by_prompt.dropped, by_prompt.leak["shared_clusters"]) == ({"exact_duplicate": 1}, 0)
    await answers_staying(workspace, on="answer")
    by_answer = await prepare(workspace)
    assert (by_answer.dropped, by_answer.leak["shared_clusters"]) == ({"exact_duplicate": 1}, 0)
    assert by_prompt.content_hash != by_answer.content_hash
