"""What the table [build] makes of records, through prepare: questions, dialogues, chunks, preference pairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_prepare import prepare
from webtune_tui.domain.examples import Example
from webtune_tui.pipeline.preferences import rejected_of
from webtune_tui.services.curate import CurateService
from webtune_tui.storage.workspace import Workspace

TALK = [
    {"start": 0, "end": 1, "speaker": "Host", "text": "How is the kettle made quiet?"},
    {"start": 1, "end": 2, "speaker": "Guest", "text": "By a thicker base, and by a lid that closes well all around."},
    {"start": 2, "end": 3, "speaker": "Host", "text": "And what of the price of such a base?"},
    {"start": 3, "end": 4, "speaker": "Guest", "text": "It is dearer by a few coins, which the quiet is well worth."},
]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def prepared(workspace: Workspace, rows: list[dict[str, Any]], recipe: str) -> list[Example]:
    if rows:
        add_records(workspace, rows)
    (workspace.root / "recipe.toml").write_text(recipe)
    report = await prepare(workspace)
    assert report.records == report.records_used + sum(report.dropped.values())
    again = await prepare(workspace, workers=2)
    assert again.content_hash == report.content_hash
    return list((await CurateService(workspace).page(limit=1_000)).examples)


def guide(number: int) -> dict[str, Any]:
    parts = [
        f"## {name} of {number}\n\n{product(100 + number * 4 + at)['description']}"
        for at, name in enumerate(("Use", "Care", "Repair", "Storage"))
    ]
    return {"url": f"https://g.example/{number}", "title": f"Guide {number}", "article_text": "\n\n".join(parts)}


async def test_a_long_guide_becomes_an_example_for_each_part_and_all_share_a_split(workspace: Workspace) -> None:
    examples = await prepared(workspace, [guide(n) for n in range(12)], "[build]\nchunk_tokens = 300\n")
    by_record: dict[int, list[Example]] = {}
    for example in examples:
        by_record.setdefault(example.record_ids[0], []).append(example)
    assert len(by_record) == 12
    assert all(len(parts) == 4 and len({part.split for part in parts}) == 1 for parts in by_record.values())
    assert len({example.example_id for example in examples}) == len(examples)
    assert {example.split.value for example in examples} == {"train", "validation", "test"}
    assert all(example.prompt.splitlines()[-1].startswith("Section: ") for example in examples)


async def test_titles_become_questions_and_transcripts_dialogues(workspace: Workspace) -> None:
    rows = [{"title": "Quiet kettles", "segments": TALK, "language": "en"}, guide(1), product(2)]
    examples = await prepared(workspace, rows, '[build]\ndocuments = "question"\n')
    prompts = {example.prompt for example in examples}
    assert any("“Guide 1”" in prompt and prompt.endswith("?") for prompt in prompts)
    assert any(prompt.startswith("Write the product description") for prompt in prompts)
    (talk,) = [example for example in examples if len(example.messages) == 5]
    assert [message.role for message in talk.messages] == ["system", "user", "assistant", "user", "assistant"]


async def test_pairs_stand_beside_the_better_answer_only_where_they_are_wanted(workspace: Workspace) -> None:
    chosen, rejected = product(1)["description"], product(2)["description"]
    row = {"prompt": "Tell me of kettles.", "chosen": chosen, "rejected": rejected}
    (without,) = await prepared(workspace, [row], "")
    assert without.answer == chosen and rejected_of(without.messages) == ""
    (paired,) = await prepared(workspace, [], "[build]\npreferences = true\n")
    assert (paired.answer, rejected_of(paired.messages)) == (chosen, rejected)
    assert paired.example_id == without.example_id


async def test_an_edited_answer_makes_a_pair_until_it_is_undone(workspace: Workspace) -> None:
    await prepared(workspace, [product(n) for n in range(4)], "")
    curate = CurateService(workspace)
    one, other = (await curate.page(limit=2)).examples
    await curate.edit(one.example_id, {"assistant": "First try."})
    await curate.edit(one.example_id, {"assistant": "A better text."})
    await curate.edit(other.example_id, {"user": "Another prompt.", "assistant": "Another answer."})
    (pair,) = await curate.edited_pairs()
    assert (pair.example_id, pair.messages[-1].content) == (one.example_id, "A better text.")
    assert rejected_of(pair.messages) == one.answer
    for _ in range(3):
        await curate.undo()
    assert await curate.edited_pairs() == []
