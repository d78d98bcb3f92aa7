"""The last looks before a job: no edit makes the test leak, no personal data goes that the recipe wants out."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.errors import InvalidInput, NoSpace
from webtune_tui.domain.events import Noted
from webtune_tui.domain.examples import Split
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services import edit_leaks
from webtune_tui.services.curate import CurateService
from webtune_tui.services.edit_leaks import without_edit_leaks
from webtune_tui.services.prepare import PrepareService
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_run import PrepareRun
from webtune_tui.services.upload_check import checked_for_upload
from webtune_tui.settings import Settings
from webtune_tui.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with a prepared dataset, in whose records an address stands."""
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        told = [product(number) for number in range(20)]
        told[4]["description"] += " Ask us: help@lamp-shop.com."
        add_records(opened, told)
        list(PrepareRun(opened, BundledCounter(), PrepareRequest(workers=1)).events())
        yield opened


async def edited(workspace: Workspace, split: Split, text: str) -> tuple[str, DatasetVersion]:
    """An example of the split with this answer, and the version that has it."""
    curate = CurateService(workspace)
    page = await curate.page(limit=100)
    chosen = next(one.example_id for one in page.examples if one.split is split)
    await curate.edit(chosen, {"assistant": text})
    return chosen, await curate.version()


async def test_what_prepare_redacted_can_go(workspace: Workspace) -> None:
    version = await CurateService(workspace).version()
    assert not [one for one in checked_for_upload(workspace, version, "openai") if isinstance(one, Noted)]


async def test_an_address_that_an_edit_brought_in_is_refused_and_named_by_its_example(workspace: Workspace) -> None:
    chosen, version = await edited(workspace, Split.TRAIN, "Write to jane.roe@shop-mail.com, she answers.")
    with pytest.raises(InvalidInput, match=f"1 email in {chosen}") as refused:
        list(checked_for_upload(workspace, version, "openai"))
    assert "jane" not in refused.value.message + str(refused.value.hint)
    assert refused.value.fields == {"personal_data": {"email": 1}, "examples": [chosen]}


async def test_what_the_recipe_keeps_goes_and_is_told(workspace: Workspace) -> None:
    _, version = await edited(workspace, Split.TRAIN, "Write to jane.roe@shop-mail.com, she answers.")
    recipe = PrepareService(workspace, Settings())
    for setting in ({"steps.redact.email": "keep"}, {"steps.redact.enabled": "false"}):
        await recipe.set_option(setting)
        told = [one for one in checked_for_upload(workspace, version, "openai") if isinstance(one, Noted)]
        assert [(one.message, one.level) for one in told] == [
            ("Personal data goes to openai, since the recipe keeps it: 1 email", "warn")
        ]


async def test_the_test_split_stays_here_and_is_not_looked_at(workspace: Workspace) -> None:
    _, version = await edited(workspace, Split.TEST, "Write to jane.roe@shop-mail.com, she answers.")
    assert not [one for one in checked_for_upload(workspace, version, "openai") if isinstance(one, Noted)]


async def test_an_edit_that_brings_a_test_answer_into_training_is_refused_until_it_is_undone(
    workspace: Workspace,
) -> None:
    curate = CurateService(workspace)
    page = await curate.page(limit=100)
    tested = next(one for one in page.examples if one.split is Split.TEST)
    chosen, version = await edited(workspace, Split.TRAIN, tested.answer.replace("quiet", "calm"))
    with pytest.raises(InvalidInput, match=f"{chosen} .train. and {tested.example_id} .test."):
        list(without_edit_leaks(workspace, version))
    await curate.undo()
    assert list(without_edit_leaks(workspace, await curate.version())) == []


async def test_an_edit_that_says_something_of_its_own_is_no_leak(workspace: Workspace) -> None:
    _, version = await edited(workspace, Split.TRAIN, "A text of which no other example has so much as a sentence.")
    told = list(without_edit_leaks(workspace, version))
    assert {one.stage for one in told} == {"comparing the edits with the other splits"}
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert told[-1].done == told[-1].total == version.examples + 1


async def test_a_leak_is_found_however_many_were_edited_before(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_leaks, "_ROUND", 2)
    curate = CurateService(workspace)
    examples = (await curate.page(limit=100)).examples
    tested = next(one for one in examples if one.split is Split.TEST)
    trained = [one.example_id for one in examples if one.split is Split.TRAIN]
    for number, one in enumerate(trained[:4]):
        await curate.edit(one, {"assistant": f"Number {number} says nothing of what another one says."})
    list(without_edit_leaks(workspace, await curate.version()))
    await curate.edit(trained[4], {"assistant": tested.answer})
    with pytest.raises(InvalidInput, match=f"{trained[4]} .train. and {tested.example_id} .test."):
        list(without_edit_leaks(workspace, await curate.version()))


@pytest.mark.parametrize("answer", ["The same", "A copy with few changes"])
async def test_a_copy_is_a_leak_also_where_a_template_asks_all_the_same(workspace: Workspace, answer: str) -> None:
    curate = CurateService(workspace)
    examples = (await curate.page(limit=100)).examples
    for one in examples:
        await curate.edit(one.example_id, {"user": "Write a description."})
    list(without_edit_leaks(workspace, await curate.version()))
    tested = [one for one in examples if one.split is Split.TEST][-1]
    copied = tested.answer if answer == "The same" else tested.answer.replace("quiet", "calm")
    chosen, version = await edited(workspace, Split.TRAIN, copied)
    with pytest.raises(InvalidInput, match=f"{chosen} .train. and {tested.example_id} .test.|{tested.example_id} .*"):
        list(without_edit_leaks(workspace, version))
    assert chosen


async def test_short_answers_of_one_question_are_no_leak_unless_they_are_the_same(workspace: Workspace) -> None:
    curate = CurateService(workspace)
    examples = (await curate.page(limit=100)).examples
    long = "Say in one word which of the colours that the maker lists suits a kitchen with much light from the south."
    for number, one in enumerate(examples):
        await curate.edit(one.example_id, {"user": long, "assistant": f"Colour {number}."})
    list(without_edit_leaks(workspace, await curate.version()))


async def test_a_full_disk_is_told_and_not_taken_for_our_own_fault(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, version = await edited(workspace, Split.TRAIN, "A text of its own, which nobody else says.")

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(NoSpace):
        list(without_edit_leaks(workspace, version))
