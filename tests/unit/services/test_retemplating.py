"""Examples written anew from their records with another template, as preparing would; nothing redacted comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_editing import conversation, prepare
from webtune_tui.domain.edit_steps import EditResult
from webtune_tui.domain.errors import InvalidInput, Stopped, UsageError
from webtune_tui.domain.examples import Example
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.anew import GONE, OTHER_NUMBER, SEVERAL_RECORDS, UNKNOWN_PART
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.services.curate import CurateService
from webtune_tui.services.edit_leaks import without_edit_leaks
from webtune_tui.services.editing import EditingService
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

ALL = Selection.everything()
FOOTER = "Free shipping on every order over thirty pounds, always."
MAIL = "Write to jane.doe@example.com before you buy."
TEXTS = {"system": "Sell.", "user": "What is {title}?\nBy {brand}\nNot {there}", "assistant": "{title}. {description}"}
RETEMPLATE = operation_of("retemplate", **TEXTS)


def sold(number: int) -> dict[str, Any]:
    """A product whose description has a line that recurs and, in every third one, a private address."""
    row = product(number)
    mail = f"{MAIL}\n" if number % 3 == 0 else ""
    return row | {"description": f"{row['description']}\n{mail}{FOOTER}"}


ROWS = [*map(sold, range(12)), *map(conversation, range(3))]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        add_records(opened, ROWS)
        yield opened


async def examples_of(workspace: Workspace) -> dict[str, Example]:
    page = await CurateService(workspace).page(limit=1_000)
    return {one.example_id: one for one in page.examples}


async def written(workspace: Workspace, selection: Selection = ALL, **texts: str) -> EditResult:
    operation = operation_of("retemplate", **(texts or TEXTS))
    return await EditingService(workspace).apply(operation, selection)


def set_recipe(workspace: Workspace, **values: str) -> None:
    Recipes(workspace.recipe_path, DatasetStore(workspace.database)).set_values(
        {name.replace("__", "."): value for name, value in values.items()}
    )


async def test_the_texts_are_those_that_preparing_with_the_template_makes(workspace: Workspace, tmp_path: Path) -> None:
    prepare(workspace)
    before = await examples_of(workspace)
    first = next(iter(before))
    await EditingService(workspace).apply(operation_of("tag", tag="mine"), Selection.of(first))
    result = await written(workspace)
    assert (result.count, result.left, dict(result.reasons)) == (12, 3, {"the template gives it no answer": 3})
    after = await examples_of(workspace)
    with Workspace.open(tmp_path / "other", command="test") as other:
        add_records(other, ROWS[:12])
        set_recipe(other, **{f"template__{role}": text for role, text in TEXTS.items()})
        prepare(other)
        wanted = await examples_of(other)
    assert len(wanted) == 12
    for name, one in wanted.items():
        assert after[name].messages == one.messages
        assert set(after[name].flags) - {"edited", "tag:mine"} == set(one.flags)
        assert (after[name].tokens, after[name].split) == (one.tokens, before[name].split)
    said = "\n".join(message.content for one in after.values() for message in one.messages)
    assert "jane.doe" not in said and said.count("[EMAIL]") == 4 and FOOTER not in said and "Not " not in said
    assert "tag:mine" in after[first].flags
    assert [after[name] for name in before if name not in wanted] == [
        before[name] for name in before if name not in wanted
    ]


async def test_the_step_keeps_the_template_and_is_undone_done_again_and_replayed(workspace: Workspace) -> None:
    start = prepare(workspace)
    editing = EditingService(workspace)
    result = await written(workspace)
    end = result.version.content_hash
    step = workspace.recipe_path.read_text().split("[[edits]]")[1]
    assert 'do = "retemplate"' in step and "{description}" in step and "met = 15" in step and len(step) < 200
    assert (await editing.undo()).version.content_hash == start
    assert (await editing.redo()).version.content_hash == end
    assert prepare(workspace) == end
    report = await CurateService(workspace).report()
    assert report is not None and not any("edit" in note for note in report.notes)
    await editing.goto(0)
    add_records(workspace, [{"error": "x", "error_code": "dead_page"}], "c-2")
    prepare(workspace)
    assert (await editing.redo()).version.content_hash == end, "also after another run"


async def test_a_changed_recipe_file_waits_for_the_next_run(workspace: Workspace) -> None:
    prepare(workspace)
    set_recipe(workspace, steps__redact__enabled="false")
    await written(workspace)
    assert all("jane.doe" not in one.answer for one in (await examples_of(workspace)).values())


async def test_a_preview_shows_both_texts_and_why_some_stay(workspace: Workspace) -> None:
    start = prepare(workspace)
    found = await EditingService(workspace).preview(RETEMPLATE, ALL, samples=2)
    assert (found.met, found.looked_at, found.changed, found.left) == (15, 15, 12, 3)
    assert dict(found.reasons) == {"the template gives it no answer": 3} and len(found.samples) == 2
    before, (after,) = found.samples[0].before, found.samples[0].after
    assert before.messages != after.messages and after.messages[0].content == "Sell."
    assert (await CurateService(workspace).version()).content_hash == start


async def test_records_that_are_gone_and_merged_examples_are_told(workspace: Workspace) -> None:
    prepare(workspace)
    examples = list((await examples_of(workspace)).values())
    train = [one for one in examples if one.split.value == "train" and len(one.messages) == 3]
    await EditingService(workspace).apply(operation_of("merge"), Selection.of(*(one.example_id for one in train[:2])))
    gone = train[2]
    with workspace.database.write() as connection:
        connection.execute("DELETE FROM records WHERE record_id = ?", gone.record_ids)
    with pytest.raises(UsageError, match=f"{gone.example_id} can't be written anew: {GONE}"):
        await written(workspace, Selection.of(gone.example_id))
    chosen = [train[0].example_id, gone.example_id, train[3].example_id]
    result = await written(workspace, Selection.of(*chosen))
    assert dict(result.reasons) == {SEVERAL_RECORDS: 1, GONE: 1} and list(result.changed) == [chosen[2]]
    step = workspace.recipe_path.read_text().split("[[edits]]")[2]
    assert f'ids = ["{chosen[2]}"]' in step, "the step names those alone that it changed"
    nothing = await written(workspace, Selection.of(*chosen[:2]))
    assert (nothing.count, nothing.left, nothing.words) == (0, 2, "Nothing changed")


async def test_what_was_wanted_back_by_hand_is_written_whatever_a_filter_says(workspace: Workspace) -> None:
    set_recipe(workspace, steps__field_filters__where="brand != 'Maker 1'")
    prepare(workspace)
    curate = CurateService(workspace)
    head = DatasetStore(workspace.database).head()
    assert head is not None
    dropped = DatasetStore(workspace.database).dropped(head.build, "field_filter", 50)
    wanted = next(one.example_id for one in dropped if "number 1" in one.title)
    await curate.restore([wanted])
    prepare(workspace)
    result = await written(workspace, Selection.of(wanted))
    assert result.count == 1
    assert prepare(workspace) == result.version.content_hash


async def test_the_chunks_of_a_record_stay_what_they_are_where_their_number_changes(workspace: Workspace) -> None:
    set_recipe(workspace, build__chunk_tokens="150")
    same = product(0, description=f"{product(50)['description']} {product(51)['description']}")
    add_records(workspace, [same], "c-2")  # another record of the first one's key
    prepare(workspace)
    before = await examples_of(workspace)
    several = {one.record_ids for one in before.values() if len(one.messages) == 3 and "kettle number 0" in one.prompt}
    assert len(several) == 2 and len(before) > 16
    copied = next(name for name, one in before.items() if one.record_ids == max(several))
    await EditingService(workspace).apply(operation_of("duplicate"), Selection.of(copied))
    result = await written(workspace, user="Now {title}:", assistant="{description}")
    assert result.reasons[UNKNOWN_PART] == 1, "the copy of a part"
    after = await examples_of(workspace)
    changed = [one for name, one in after.items() if one.prompt.startswith("Now ")]
    assert {one.record_ids for one in changed} >= several
    assert all(after[one.example_id].answer == before[one.example_id].answer for one in changed)
    fewer = await written(workspace, user="Then {title}:", assistant="{brand} makes {title}, which is a good one.")
    assert fewer.reasons[OTHER_NUMBER] > 2
    assert prepare(workspace) == fewer.version.content_hash


async def test_it_is_stopped_while_records_are_read(workspace: Workspace) -> None:
    start = prepare(workspace)
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Stopped):
        async for _ in EditingService(workspace).run(RETEMPLATE, ALL, stopped=stopped):
            pass
    assert (await CurateService(workspace).version()).content_hash == start
    assert (await written(workspace)).count == 12, "the next one works"


async def test_equal_texts_in_two_splits_are_found_before_training(workspace: Workspace) -> None:
    prepare(workspace)
    result = await written(workspace, user="Say something.", assistant="Everything here is as good as it was before.")
    assert result.count == 15
    with pytest.raises(InvalidInput, match="examples of different splits say the same"):
        list(without_edit_leaks(workspace, await CurateService(workspace).version()))
