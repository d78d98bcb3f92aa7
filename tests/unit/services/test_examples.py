"""One example from near: its tokens, what is odd in it, how it came to be, and what is like it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_curate import prepared_hash
from webtune_tui.domain.errors import NotFound
from webtune_tui.domain.example_checks import TokenLimits
from webtune_tui.domain.examples import Message
from webtune_tui.services.clusters import ClustersService
from webtune_tui.services.curate import CurateService
from webtune_tui.services.examples import ExamplesService
from webtune_tui.services.prepare import PrepareService
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace

QUESTIONS = ("What colour has the first box?", "Where does the green lorry stand?")
ANSWER = "An answer that two different questions share, word for word."


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        rows = [product(number) for number in range(10)]
        rows.append(product(3, asin="COPY", title=f"{rows[3]['title']} again"))
        rows.append(product(3, asin="NEAR", description=rows[3]["description"].replace("steady", "calm", 1) + " New."))
        add_records(opened, rows)
        await prepared_hash(opened)
        yield opened


async def test_every_edit_of_an_example_is_told_with_both_forms(workspace: Workspace) -> None:
    curate, examples = CurateService(workspace), ExamplesService(workspace)
    first, other = [one.example_id for one in (await curate.page()).examples][:2]
    start = await curate.example(first)
    await curate.edit(first, {"assistant": "A better answer."})
    await curate.edit(other, {"assistant": "Not this one."})
    await curate.edit(first, {"user": "Hm?"})
    await curate.undo()
    await curate.drop([first])
    await curate.undo()
    forms = await examples.history(first)
    assert [one.action for one in forms] == ["prepare", "edit", "edit", "undo", "edit", "undo"]
    assert [one.example.answer if one.example else None for one in forms[1:]] == [
        *["A better answer."] * 3, None, "A better answer.",
    ]  # fmt: skip
    assert forms[0].example == start
    assert all(one.at for one in forms)
    assert len(await examples.history(other)) == 2
    assert await examples.history("ex-none") == []


async def test_edits_that_a_new_run_replayed_keep_their_time(workspace: Workspace) -> None:
    curate, examples = CurateService(workspace), ExamplesService(workspace)
    first = (await curate.page()).examples[0].example_id
    await curate.edit(first, {"assistant": "A better answer."})
    before = await examples.history(first)
    add_records(workspace, [product(20)], "c-2")
    await prepared_hash(workspace)
    after = await examples.history(first)
    assert [one.action for one in after] == ["prepare", "replay"]
    assert after[1].at <= before[1].at  # the edit is as old as it is


async def test_duplicates_are_found_from_both_sides(workspace: Workspace) -> None:
    curate, clusters = CurateService(workspace), ClustersService(workspace)
    sizes = {one.example_id: await clusters.size(one.example_id) for one in (await curate.page()).examples}
    [survivor] = [example_id for example_id, size in sizes.items() if size]
    found = await clusters.of(survivor)
    assert found.survivor_id == survivor
    assert (
        sorted(one.relation for one in found.members) == ["exact_duplicate", "near_duplicate"]
        or len(found.members) == sizes[survivor]
    )
    for one in found.members:
        assert not one.is_here and one.title
        assert (await clusters.of(one.example_id)).survivor_id == survivor
    alone = next(example_id for example_id, size in sizes.items() if not size)
    assert (await clusters.of(alone)).members == []
    with pytest.raises(NotFound):
        await clusters.of("ex-none")


async def test_examples_of_one_group_and_of_one_page_are_told(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace", command="test") as workspace:
        rows = [product(number) for number in range(10)]
        for asked in QUESTIONS:
            rows.append({"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": ANSWER}]})
        add_records(workspace, rows)
        with workspace.database.write() as connection:
            connection.execute("UPDATE records SET url = 'https://shop.example/list' WHERE position IN (2, 4)")
        await PrepareService(workspace, Settings()).set_option({"steps.shared_targets.policy": "group"})
        await prepared_hash(workspace)
        curate, clusters = CurateService(workspace), ClustersService(workspace)
        relations = {}
        for one in (await curate.page()).examples:
            found = await clusters.of(one.example_id)
            relations[one.prompt.splitlines()[0]] = [(other.relation, other.is_here) for other in found.members]
        assert [relations.pop(asked) for asked in QUESTIONS] == [[("group", True)]] * 2
        assert sorted(relations.values())[-2:] == [[("source", True)], [("source", True)]]
        assert sum(bool(told) for told in relations.values()) == 2


async def test_a_check_counts_tokens_and_names_what_is_odd(workspace: Workspace) -> None:
    examples = ExamplesService(workspace)
    limits = await examples.limits()
    assert (limits.budget, limits.trained) == (1024, 512)
    try:
        messages = (
            Message("user", "Write to ana.souza@example.org\x1b[2J\u200b"),
            Message("user", " "),
            Message("assistant", "Done <|im_end|>"),
        )
        found = await examples.check(messages, TokenLimits(10, None, ""))
        assert found is not None and len(found.tokens) == 3 and found.total > sum(found.tokens)
        codes = [(one.code, one.place, one.is_error) for one in found.remarks]
        assert ("missing_content", 1, True) in codes and ("special_token", 2, True) in codes
        assert ("over_budget", None, False) in codes
        assert ("hidden", 0, False) in codes and ("personal_data", 0, False) in codes
        assert "1 zero-width character" in found.of(0)[0].words and "email" in found.of(0)[1].words
        fine = await examples.check((Message("user", "a"), Message("assistant", "b")), limits)
        assert fine is not None and fine.remarks == ()
        odd = await examples.check((Message("assistant", "b"), Message("user", "a")), limits)
        assert odd is not None and {one.code for one in odd.remarks} == {"odd_order", "example_ends_without_answer"}
        long = await examples.check((Message("user", "a"), Message("assistant", "b c d")), TokenLimits(None, 4, "tiny"))
        cut = await examples.check((Message("user", "a"), Message("assistant", "b c d")), TokenLimits(trained=5))
        assert cut is not None and [one.code for one in cut.remarks] == ["cut_in_training"]
        assert long is not None and long.remarks[0].is_error and "tiny reads at most 4" in long.remarks[0].words
    finally:
        await examples.aclose()
