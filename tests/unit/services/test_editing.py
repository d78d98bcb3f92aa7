"""Many examples at once: selected, previewed, changed, walked through the history, named and compared."""

from __future__ import annotations

import asyncio
import errno
import io
import threading
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.services.records_in import add_records, product
from webtune_tui.domain.edit_steps import Edited, ExampleChange
from webtune_tui.domain.errors import InvalidInput, NoSpace, NotFound, Stopped, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.examples import Example, Split
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.curate import CurateService
from webtune_tui.services.edit_leaks import without_edit_leaks
from webtune_tui.services.editing import EditingService
from webtune_tui.services.editor import Editor
from webtune_tui.services.pattern_child import PatternProgram
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_run import PrepareRun
from webtune_tui.storage.dataset_steps import Step
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

ALL = Selection.everything()


def conversation(number: int) -> dict[str, Any]:
    """A row of two questions and answers unlike any other number's."""
    words = product(number + 100)["description"].split()
    half = len(words) // 2
    turns = [("user", f"First question {number}?"), ("assistant", " ".join(words[:half]))]
    turns += [("user", f"Second question {number}?"), ("assistant", " ".join(words[half:]))]
    return {"asin": f"T{number}", "messages": [{"role": role, "content": text} for role, text in turns]}


def prepare(workspace: Workspace) -> str:
    events = list(PrepareRun(workspace, BundledCounter(), PrepareRequest(workers=1)).events())
    digest: str = events[-1].report.content_hash  # type: ignore[union-attr]  # the last event is the result
    return digest


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("editing") / "workspace"
    with Workspace.open(root, command="test") as workspace:
        rows = [*(product(number) for number in range(12)), *(conversation(number) for number in range(4))]
        add_records(workspace, rows)
        prepare(workspace)
    return root


@pytest.fixture
async def workspace(template: Path, tmp_path: Path) -> AsyncIterator[Workspace]:
    import shutil

    shutil.copytree(template, tmp_path / "workspace")
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


async def examples_of(workspace: Workspace) -> Sequence[Example]:
    return (await CurateService(workspace).page(limit=1_000)).examples


async def split_of(workspace: Workspace, example_id: str) -> Split:
    return (await CurateService(workspace).example(example_id)).split


async def long_ones(workspace: Workspace) -> list[str]:
    return [one.example_id for one in await examples_of(workspace) if len(one.messages) == 4]


async def test_a_condition_is_one_step_and_stands_in_the_recipe_with_what_it_met(workspace: Workspace) -> None:
    editing = EditingService(workspace)
    start = (await CurateService(workspace).version()).content_hash
    where = Selection(where='answer ~ "kettle" or prompt ~ "kettle"')
    met = await editing.count(where)
    assert 0 < met < 16 and len(await editing.ids(where)) == met
    result = await editing.apply(operation_of("drop"), where)
    assert (result.count, len(result.changed), result.version.examples) == (met, met, 16 - met)
    recipe = (workspace.root / "recipe.toml").read_text()
    assert 'do = "drop"' in recipe and f"met = {met}" in recipe and "ex-" not in recipe.split("[[edits]]")[1]
    (step,) = await editing.history()
    assert step.words == f"Dropped {met} example{'s' if met > 1 else ''} where {where.where}"
    assert (step.number, step.is_applied, step.is_current, step.count) == (1, True, True, met)
    report = await CurateService(workspace).report()
    assert report is not None and report.dropped["by_hand"] == met
    undone = await editing.undo()
    assert undone.version.content_hash == start and undone.count == met
    report = await CurateService(workspace).report()
    assert report is not None and "by_hand" not in report.dropped
    again = await editing.redo()
    assert again.version.content_hash == result.version.content_hash
    assert prepare(workspace) == result.version.content_hash


async def test_a_replay_that_meets_another_number_says_so(workspace: Workspace) -> None:
    await EditingService(workspace).apply(operation_of("tag", tag="all"), ALL)
    add_records(workspace, [product(number) for number in range(40, 43)], "c-2")
    prepare(workspace)
    report = await CurateService(workspace).report()
    assert report is not None
    assert any("met 16 examples when it was made and 19 now" in note for note in report.notes)
    assert all("tag:all" in one.flags for one in await examples_of(workspace))


async def test_the_history_is_walked_and_a_new_edit_ends_what_was_undone(workspace: Workspace) -> None:
    editing = EditingService(workspace)
    hashes = [(await CurateService(workspace).version()).content_hash]
    for find in ("the", "a", "e"):
        operation = operation_of("replace", find=find, replacement=f"<{find}>")
        hashes.append((await editing.apply(operation, ALL)).version.content_hash)
    assert len(set(hashes)) == 4
    for number in (0, 3, 1, 2):
        assert (await editing.goto(number)).version.content_hash == hashes[number]
        steps = await editing.history()
        assert [one.is_applied for one in steps] == [True] * number + [False] * (3 - number)
        assert [one.number for one in steps if one.is_current] == ([number] if number else [])
    assert (await editing.goto(2)).words == "Already there"
    with pytest.raises(UsageError, match="no step 4"):
        await editing.goto(4)
    await editing.apply(operation_of("tag", tag="x"), ALL)
    assert [one.words.split()[0] for one in await editing.history()] == ["Replaced", "Replaced", "Tagged"]


async def test_undone_edits_can_be_applied_again_after_a_restart_and_another_prepare(
    workspace: Workspace, tmp_path: Path
) -> None:
    editing = EditingService(workspace)
    await editing.apply(operation_of("replace", find="the", replacement="THE"), ALL)
    wanted = (await editing.apply(operation_of("drop"), Selection.of((await long_ones(workspace))[0]))).version
    await editing.goto(0)
    add_records(workspace, [{"error": "x", "error_code": "dead_page"}], "c-2")
    prepare(workspace)
    workspace.close()
    with Workspace.open(workspace.root, command="test") as opened:
        assert (await EditingService(opened).goto(2)).version.content_hash == wanted.content_hash


async def test_a_preview_counts_and_shows_and_changes_nothing(workspace: Workspace) -> None:
    editing = EditingService(workspace)
    before = await CurateService(workspace).version()
    operation = operation_of("replace", find=r"(?i)\bthe\b", replacement="A", regex=True)
    told = await editing.preview(operation, ALL, samples=2)
    assert (told.met, told.looked_at, told.changed, len(told.samples)) == (16, 16, 16, 2) and told.is_complete
    assert told.occurrences > 16 and not told.refusal
    assert " A " in told.samples[0].after[0].answer and " A " not in told.samples[0].before.answer
    dropped = await editing.preview(operation_of("drop"), ALL, samples=1)
    assert dropped.changed == 16 and dropped.samples[0].after == ()
    assert await CurateService(workspace).version() == before
    assert await editing.history() == []
    assert (await editing.apply(operation, ALL)).count == 16


async def test_a_pattern_that_would_never_end_is_ended_and_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webtune_tui.services.edit_tools.PatternProgram", _hasty)
    editing, curate = EditingService(workspace), CurateService(workspace)
    first = (await examples_of(workspace))[0].example_id
    await curate.edit(first, {"assistant": "a" * 60 + "b"})
    before = await curate.version()
    operation = operation_of("replace", find=r"(a+)+c", replacement="x", regex=True)
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"\(a\+\)\+c' took more than 0\.3 s on one text"):
        await editing.apply(operation, Selection.of(first))
    told = await editing.preview(operation, Selection.of(first))
    assert "took more than" in told.refusal
    assert time.monotonic() - started < 30
    assert await curate.version() == before


def _hasty(find: str, replacement: str) -> PatternProgram:
    return PatternProgram(find, replacement, seconds=0.3)


async def test_a_replacement_that_would_fill_the_memory_is_refused(workspace: Workspace) -> None:
    operation = operation_of("replace", find="(?:)", replacement="x" * 2_000_000, regex=True)
    with pytest.raises(UsageError, match="longer than"):
        await EditingService(workspace).apply(operation, ALL)


async def test_copies_halves_and_merged_examples_keep_their_place_in_lineage_and_split(workspace: Workspace) -> None:
    editing, curate = EditingService(workspace), CurateService(workspace)
    start = (await curate.version()).content_hash
    one = (await long_ones(workspace))[0]
    parent = await curate.example(one)
    halves = await editing.apply(operation_of("split_in_two", message=2), Selection.of(one))
    (second,) = [name for name in halves.changed if name != one]
    half = await curate.example(second)
    assert (half.split, half.group, half.record_ids) == (parent.split, parent.group, parent.record_ids)
    assert half.messages == parent.messages[2:] and "edited" in half.flags
    copied = await editing.apply(operation_of("duplicate"), Selection.of(one))
    (copy,) = copied.changed
    assert "copied" in (await curate.example(copy)).flags
    again = await editing.apply(operation_of("duplicate"), Selection.of(one))
    assert again.changed[0] not in (copy, one)
    merged = await editing.apply(operation_of("merge"), Selection.of(one, second))
    assert set(merged.changed) == {one, second}
    assert (await curate.example(one)).messages == parent.messages
    report = await curate.report()
    assert report is not None and "by_hand" not in report.dropped, "its record still makes an example"
    digest = merged.version.content_hash
    assert prepare(workspace) == digest
    ids = {example.example_id for example in await examples_of(workspace)}
    assert {one, copy, again.changed[0]} <= ids and second not in ids, "the ids are the same when replayed"
    assert (await editing.goto(0)).version.content_hash == start


async def test_a_group_moves_whole_and_comes_back_into_the_split_of_its_group(workspace: Workspace) -> None:
    editing = EditingService(workspace)
    one, other = (await long_ones(workspace))[:2]
    (copy,) = (await editing.apply(operation_of("duplicate"), Selection.of(one))).changed
    here = await split_of(workspace, one)
    there = Split.VALIDATION if here is Split.TRAIN else Split.TRAIN
    moved = await editing.apply(operation_of("move", to=there.value), Selection.of(copy))
    assert set(moved.changed) == {one, copy}
    assert await split_of(workspace, one) is there is await split_of(workspace, copy)
    await editing.apply(operation_of("drop"), Selection.of(copy))
    await editing.apply(operation_of("move", to=here.value), Selection.of(one))
    restored = await CurateService(workspace).restore([copy])
    assert list(restored.changed) == [copy]
    assert await split_of(workspace, copy) is here
    nothing = await editing.apply(operation_of("move", to=here.value), Selection.of(one))
    assert (nothing.count, nothing.words) == (0, "Nothing changed")
    assert other not in moved.changed


async def test_the_frozen_test_split_is_not_mixed(workspace: Workspace) -> None:
    editing = EditingService(workspace)
    examples = await examples_of(workspace)
    tested = next(one.example_id for one in examples if one.split is Split.TEST)
    trained = next(one.example_id for one in examples if one.split is Split.TRAIN)
    free = await editing.apply(operation_of("move", to="train"), Selection.of(tested))
    assert free.count == 1, "before a version is fixed nothing binds"
    await editing.undo()
    await editing.name_version("baseline")
    with pytest.raises(UsageError, match=f"tests on {tested}"):
        await editing.apply(operation_of("move", to="train"), Selection.of(tested))
    with pytest.raises(UsageError, match=f"learned from {trained}"):
        await editing.apply(operation_of("move", to="test"), Selection.of(trained))
    told = await editing.preview(operation_of("move", to="train"), ALL)
    assert "frozen" in told.refusal
    assert (await editing.apply(operation_of("move", to="validation"), Selection.of(trained))).count == 1


async def test_a_name_stays_with_its_version_wherever_one_is_asked_for(workspace: Workspace) -> None:
    editing, curate = EditingService(workspace), CurateService(workspace)
    first = await editing.name_version("First-good")
    assert (await curate.versions())[0].names == ("First-good",)
    await editing.apply(operation_of("drop"), Selection.of((await long_ones(workspace))[0]))
    assert (await curate.version("first-GOOD")).content_hash == first.content_hash
    assert (await curate.page("First-good")).total == 16
    assert (await editing.name_version("First-good", first.dataset_version)).content_hash == first.content_hash
    with pytest.raises(UsageError, match="is the name of version"):
        await editing.name_version("first-good")
    for name in ("beef", "a b", "", "-x", "../x", "x" * 65, "\x1b[31m"):
        with pytest.raises(UsageError, match="can't be a version's name"):
            await editing.name_version(name)
    with pytest.raises(NotFound, match="no dataset version 'nope'"):
        await editing.name_version("other", "nope")


async def test_two_versions_are_compared_word_by_word(workspace: Workspace) -> None:
    editing, curate = EditingService(workspace), CurateService(workspace)
    start = await curate.version()
    one, gone = (await long_ones(workspace))[:2]
    answer = (await curate.example(one)).answer
    await curate.edit(one, {"assistant": f"{answer} Indeed.", "system": "Be kind."})
    await editing.apply(operation_of("drop"), Selection.of(gone))
    (copy,) = (await editing.apply(operation_of("duplicate"), Selection.of(one))).changed
    now = await curate.version()
    found: list[ExampleChange] = [
        change async for change in editing.changes(start.dataset_version, now.dataset_version)
    ]
    assert [(change.kind, change.example_id) for change in found] == [
        ("added", copy),
        ("removed", gone),
        ("edited", one),
    ]
    system, last = found[2].messages
    assert [(word.kind, word.text) for word in system.words] == [("new", "Be"), ("new", " kind.")]
    assert (last.place, last.role) == (4, "assistant")
    assert [word.text for word in last.words if word.kind == "new"] == [" Indeed."]
    assert not any(word.kind == "gone" for word in last.words)


async def test_what_does_not_fit_is_left_of_many_and_refused_of_one(workspace: Workspace) -> None:
    editing = EditingService(workspace)
    short = next(one.example_id for one in await examples_of(workspace) if len(one.messages) != 4)
    with pytest.raises(UsageError, match="can't be split"):
        await editing.apply(operation_of("split_in_two", message=1), Selection.of(short))
    result = await editing.apply(operation_of("split_in_two", message=2), ALL)
    assert (result.count, result.left, result.version.examples) == (4, 12, 20)
    for refused, error in ((Selection.of("ex-0"), NotFound), (Selection(), UsageError)):
        with pytest.raises(error):
            await editing.apply(operation_of("drop"), refused)
    nothing = await editing.apply(operation_of("drop"), Selection(where="tokens > 1000000"))
    assert nothing.words == "No example is selected" and len(await editing.history()) == 1


async def test_an_edit_that_is_stopped_has_changed_nothing(workspace: Workspace) -> None:
    editing, stopped = EditingService(workspace), threading.Event()
    operation = operation_of("replace", find="the", replacement="THE")
    before = await CurateService(workspace).version()
    with pytest.raises(Stopped, match="nothing was changed"):
        async for event in editing.run(operation, ALL, stopped=stopped):
            assert isinstance(event, Progressed)
            stopped.set()
    assert await CurateService(workspace).version() == before and await editing.history() == []


async def test_an_edit_that_was_worked_out_on_a_version_before_another_prepare_is_refused(
    workspace: Workspace,
) -> None:
    editing, curate = EditingService(workspace), CurateService(workspace)
    edit = editing.run(operation_of("replace", find="the", replacement="THE"), ALL)
    assert isinstance(await anext(edit), Progressed)
    add_records(workspace, [product(number) for number in range(40, 44)], "c-2")
    prepared = await asyncio.to_thread(prepare, workspace)
    with pytest.raises(UsageError, match="changed meanwhile"):
        async for _ in edit:
            pass
    assert (await curate.version()).content_hash == prepared and await editing.history() == []
    await editing.apply(operation_of("replace", find="the", replacement="THE"), ALL)
    assert len(await editing.history()) == 1


async def test_an_edit_for_which_the_disk_is_too_full_has_changed_nothing_and_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", lambda **_: Full())
    editing, before = EditingService(workspace), await CurateService(workspace).version()
    with pytest.raises(NoSpace, match="No space left"):
        await editing.apply(operation_of("replace", find="the", replacement="THE"), ALL)
    assert await CurateService(workspace).version() == before and await editing.history() == []


async def test_an_edit_that_is_stopped_while_it_is_stored_has_changed_nothing(workspace: Workspace) -> None:
    stopped = threading.Event()
    store, before = DatasetStore(workspace.database), await CurateService(workspace).version()
    head = store.head()
    assert head is not None

    def turn(split: str, flags: str) -> tuple[str, str]:
        stopped.set()  # it is asked within the transaction
        return split, "tag:x"

    rows = array(
        "q", [one.row_id for one in store.by_ids(head, [one.example_id for one in store.stream(head)]).values()]
    )
    with pytest.raises(Stopped):
        store.commit_rows(head, rows, turn, Step("edit", operation={"do": "tag"}), stopped)
    assert await CurateService(workspace).version() == before and store.edits() == []
    assert (await EditingService(workspace).apply(operation_of("tag", tag="x"), ALL)).count == 16


@pytest.mark.parametrize("is_prepared", [False, True], ids=["walked back", "replayed after another prepare"])
async def test_a_walk_that_is_stopped_ends_where_it_began(workspace: Workspace, is_prepared: bool) -> None:
    editor, editing, stopped = Editor(workspace), EditingService(workspace), threading.Event()
    for find in ("the", "a", "e"):
        await editing.apply(operation_of("replace", find=find, replacement=f"<{find}>"), ALL)
    if is_prepared:  # its undone edits are worked out anew
        await editing.goto(0)
        add_records(workspace, [{"error": "x", "error_code": "dead_page"}], "c-2")
        prepare(workspace)
    before, history = await CurateService(workspace).version(), await editing.history()
    recipe = (workspace.root / "recipe.toml").read_bytes()
    told: list[tuple[int, int | None]] = []

    def stop_at_the_last(event: Progressed) -> None:
        told.append((event.done, event.total))
        if event.done == 2:
            stopped.set()

    with pytest.raises(Stopped):
        await asyncio.to_thread(editor.goto, 3 if is_prepared else 0, stopped, stop_at_the_last)
    assert told == [(0, 3), (1, 3), (2, 3)]
    assert await CurateService(workspace).version() == before and await editing.history() == history
    assert (workspace.root / "recipe.toml").read_bytes() == recipe
    events = [event async for event in editing.walk(1)]
    assert isinstance(events[-1], Edited) and sum(one.is_applied for one in await editing.history()) == 1


async def test_a_replacement_that_makes_splits_say_the_same_is_refused_before_training(workspace: Workspace) -> None:
    editing, curate = EditingService(workspace), CurateService(workspace)
    harmless = operation_of("replace", find="the", replacement="THE")
    await editing.apply(harmless, ALL)
    assert list(without_edit_leaks(workspace, await curate.version()))
    sentence = "This one answer of ten words stands in every example now."
    same = operation_of("replace", find=r"(?s)\A.*\Z", replacement=sentence, regex=True)
    await editing.apply(same, ALL)
    with pytest.raises(InvalidInput, match="examples of different splits say the same"):
        list(without_edit_leaks(workspace, await curate.version()))
