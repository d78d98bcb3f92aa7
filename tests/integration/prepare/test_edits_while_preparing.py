"""Edits, undo and options that come while the recipe is replayed: none is lost, whenever it comes."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.unit.services.prepared import make_prepared
from webtune_tui.domain.edit_steps import EditResult
from webtune_tui.domain.events import Noted, Prepared
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.curate import CurateService
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_run import PrepareRun
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.recipe_file import parse_toml
from webtune_tui.storage.workspace import Workspace

STAGES = ["reading", "storing"]
"""Before the edits of the recipe are taken, and while the new build is stored."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_prepared(tmp_path_factory.mktemp("meanwhile"))


@pytest.fixture
def workspace(template: Path, tmp_path: Path) -> Iterator[Workspace]:
    root = tmp_path / "workspace"
    shutil.copytree(template, root)
    with Workspace.open(root, command="test") as opened:
        yield opened


class EditingCounter:
    """Counts tokens, and does something the first time it is asked after it was told to."""

    def __init__(self) -> None:
        self._counter = BundledCounter()
        self.encoding = self._counter.encoding
        self.then: Callable[[], object] | None = None

    def count(self, texts: Sequence[str]) -> list[int]:
        then, self.then = self.then, None
        if then is not None:
            then()
        return self._counter.count(texts)


def run(
    workspace: Workspace,
    stage: str = "",
    meanwhile: Callable[[], object] = lambda: None,
    *,
    counter: BundledCounter | EditingCounter | None = None,
) -> tuple[Prepared, list[str]]:
    """Prepares; calls ``meanwhile`` at the first event of a stage. Answers the end and the notes."""
    notes, is_done = [], False
    for event in PrepareRun(workspace, counter or BundledCounter(), PrepareRequest(workers=1)).events():
        if getattr(event, "stage", None) == stage and not is_done:
            is_done = True
            meanwhile()
        if isinstance(event, Noted):
            notes.append(event.message)
    assert isinstance(event, Prepared)
    assert is_done or not stage
    return event, notes


class Person:
    """Works on the dataset beside the run."""

    def __init__(self, workspace: Workspace) -> None:
        self._curate = CurateService(workspace)
        self._recipes = Recipes(workspace.recipe_path, DatasetStore(workspace.database))
        self.path = workspace.recipe_path

    def ids(self) -> list[str]:
        return [one.example_id for one in asyncio.run(self._curate.page(limit=100)).examples]

    def answers(self, text: str) -> list[str]:
        """Ids of the examples with this text."""
        return [one.example_id for one in asyncio.run(self._curate.page(text=text)).examples]

    def edit(self, example_id: str, text: str) -> EditResult:
        return asyncio.run(self._curate.edit(example_id, {"assistant": text}))

    def undo(self) -> EditResult:
        return asyncio.run(self._curate.undo())

    def redo(self) -> EditResult:
        return asyncio.run(self._curate.redo())

    def option(self, key: str, value: str) -> None:
        self._recipes.set_values({key: value})

    def in_file(self) -> list[object]:
        return list(parse_toml(self.path.read_text(), "recipe").get("edits", []))

    def applied(self) -> list[object]:
        return list(self._recipes.applied())

    def hash(self) -> str:
        return asyncio.run(self._curate.version()).content_hash

    def is_whole(self) -> bool:
        """Whether the file says what the database holds."""
        return self.in_file() == self.applied()


CHANGED = "steps.length.minimum", "13"


@pytest.mark.parametrize("stage", STAGES)
def test_an_edit_made_during_a_run_is_in_the_new_version_and_in_the_recipe(workspace: Workspace, stage: str) -> None:
    person = Person(workspace)
    first, second, *_ = person.ids()
    person.edit(first, "Said before the run.")
    person.option("split.seed", "7")  # the run makes a build of its own
    prepared, notes = run(workspace, stage, lambda: person.edit(second, "Said during the run."))
    assert person.answers("Said before the run.") == [first]
    assert person.answers("Said during the run.") == [second]
    assert len(person.in_file()) == 2
    assert person.is_whole()
    assert prepared.report.content_hash == person.hash()
    assert notes == []
    again, _ = run(workspace)
    assert again.report.content_hash == person.hash() == prepared.report.content_hash
    person.undo()
    assert person.answers("Said during the run.") == []
    assert person.answers("Said before the run.") == [first]
    assert person.is_whole()
    person.redo()
    assert person.hash() == prepared.report.content_hash


@pytest.mark.parametrize("stage", STAGES)
def test_what_was_undone_during_a_run_stays_undone_and_can_be_redone(workspace: Workspace, stage: str) -> None:
    person = Person(workspace)
    first, second, *_ = person.ids()
    person.edit(first, "Said first.")
    person.edit(second, "Said second.")
    person.option("split.seed", "7")
    prepared, _ = run(workspace, stage, person.undo)
    assert person.answers("Said first.") == [first]
    assert person.answers("Said second.") == []
    assert prepared.report.content_hash == person.hash()
    assert person.is_whole()
    person.redo()
    assert person.answers("Said second.") == [second]
    assert person.is_whole()


def test_an_edit_and_an_undo_are_kept_when_they_come_while_edits_are_replayed(workspace: Workspace) -> None:
    person = Person(workspace)
    first, second, *_ = person.ids()
    person.edit(first, "Said first.")
    person.edit(second, "Said second.")
    person.option("split.seed", "7")
    counter = EditingCounter()

    def undo_and_edit() -> None:
        person.undo()
        person.edit(second, "Said at the last moment.")

    def soon() -> None:
        counter.then = undo_and_edit

    prepared, _ = run(workspace, "storing", soon, counter=counter)
    assert counter.then is None
    assert person.answers("Said first.") == [first]
    assert person.answers("Said second.") == []
    assert person.answers("Said at the last moment.") == [second]
    assert prepared.report.content_hash == person.hash()
    assert person.is_whole()
    again, _ = run(workspace)
    assert again.report.content_hash == prepared.report.content_hash


@pytest.mark.parametrize("stage", STAGES)
def test_an_option_set_during_a_run_stays_in_the_recipe_for_the_next(workspace: Workspace, stage: str) -> None:
    person = Person(workspace)
    person.option("split.seed", "7")
    before = person.path.read_text()
    _, notes = run(workspace, stage, lambda: person.option("steps.length.minimum", "13"))
    document = parse_toml(person.path.read_text(), "recipe")
    assert document["steps"]["length"]["minimum"] == 13
    assert document["split"]["frozen"]["seed"] == 7, "the border of the run is there beside it"
    assert before != person.path.read_text()
    assert notes == ["The recipe was changed during the run; the next prepare uses it as it is now"]
    assert not person.path.with_name("recipe.previous.toml").exists()


def test_a_file_half_written_by_hand_during_a_run_is_left_alone(workspace: Workspace) -> None:
    person = Person(workspace)
    person.option("split.seed", "7")
    broken = person.path.read_text() + "\n[[edits"
    prepared, notes = run(workspace, "storing", lambda: person.path.write_text(broken))
    assert person.path.read_text() == broken
    assert prepared.report.content_hash == person.hash()
    assert notes == ["The recipe was changed during the run; the next prepare uses it as it is now"]


def test_edits_written_by_hand_during_a_run_are_taken_over_by_the_next(workspace: Workspace) -> None:
    person = Person(workspace)
    first, *_ = person.ids()
    person.option("split.seed", "7")

    def write() -> None:
        text = f'\n[[edits]]\nexample = "{first}"\nset.assistant = "Said by hand."\n'
        person.path.write_text(person.path.read_text() + text)

    run(workspace, "storing", write)
    assert len(person.in_file()) == 1
    assert person.answers("Said by hand.") == []
    run(workspace)
    assert person.answers("Said by hand.") == [first]
    assert person.is_whole()
