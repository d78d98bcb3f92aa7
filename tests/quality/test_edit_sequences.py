"""Laws of edits: any sequence undone gives the start, done again gives the same, replayed elsewhere gives the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.services.records_in import add_records, product
from tests.unit.services.test_editing import conversation, prepare
from webtune_tui.domain.edit_steps import Edited
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import operation_of, set_texts
from webtune_tui.services.editor import Editor
from webtune_tui.storage.workspace import Workspace

ROWS = [*(product(number) for number in range(8)), *(conversation(number) for number in range(6))]
CONDITIONS = ["all", "tokens > 150", "split = train", 'answer ~ "the"', "turns > 3", "flags has tag:a", "index < 6"]

OPERATIONS = st.one_of(
    st.just(("drop", {})),
    st.just(("keep", {})),
    st.builds(lambda to: ("move", {"to": to}), st.sampled_from(["train", "validation", "test"])),
    st.builds(
        lambda find, put, regex: ("replace", {"find": find, "replacement": put, "regex": regex}),
        st.sampled_from(["the", "a", "question", "."]),
        st.sampled_from(["", "X", "é\n"]),
        st.booleans(),
    ),
    st.builds(
        lambda user, answer: ("retemplate", {"user": user, "assistant": answer}),
        st.sampled_from(["About {title}?\nBrand: {brand}", "{asin}"]),
        st.sampled_from(["{description}", "{description}\n- {features[]}"]),
    ),
    st.builds(lambda tokens: ("trim", {"tokens": tokens}), st.sampled_from([0, 30, 60])),
    st.builds(lambda name, tag: (name, {"tag": tag}), st.sampled_from(["tag", "untag"]), st.sampled_from("ab")),
    st.builds(lambda at: ("role", {"to": "user", "message": at}), st.sampled_from([-1, 1])),
    st.builds(lambda weight: ("weight", {"weight": weight}), st.sampled_from([0, 1])),
    st.just(("split_in_two", {"message": 2})),
    st.just(("duplicate", {})),
    st.just(("merge", {})),
    st.just(("set", {})),
    st.just(("undo", {})),
    st.just(("redo", {})),
)
STEPS = st.lists(st.tuples(OPERATIONS, st.integers(0, 40), st.sampled_from(CONDITIONS), st.booleans()), max_size=7)


class Bench:
    """A prepared workspace, and its records alone in another order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = self._with_records(folder / "edited", ROWS)
        self.start = prepare(self.workspace)
        self.editor = Editor(self.workspace)
        with self._with_records(folder / "records", ROWS[::-1]):
            pass
        self.seen: set[str] = set()

    def close(self) -> None:
        self.workspace.close()

    def hash(self) -> str:
        head = self.editor.store.head()
        assert head is not None
        return head.content_hash

    def do(self, name: str, options: dict[str, Any], number: int, condition: str, by_condition: bool) -> None:
        """One step; what is refused changes nothing."""
        before = self.hash()
        try:
            if name in ("undo", "redo"):
                getattr(self.editor, name)()
                return
            head = self.editor.store.head()
            assert head is not None
            ids = list(self.editor.store.ids_in_order(head))
            one, other = (ids[(number + at) % len(ids)] if ids else "ex-none" for at in (0, 1))
            if name == "set":
                edit = set_texts(one, {"assistant": f"Written {number}."})
                for _ in self.editor.applied(edit):
                    pass
                return
            if name == "keep":
                gone = sorted(self.seen - set(ids))
                selection = Selection.of(*gone[number % 3 : number % 3 + 2])
            elif name == "merge":
                selection = Selection.of(one, other)
            else:
                selection = Selection(where=condition) if by_condition else Selection.of(one, other)
            self.seen.update(ids)
            events = list(self.editor.run(operation_of(name, **options), selection))
            assert isinstance(events[-1], Edited)
        except UsageError:
            assert self.hash() == before

    def replayed(self) -> str:
        """What the recipe gives in a workspace that never saw the edits."""
        fresh = self.folder / "fresh"
        shutil.copytree(self.folder / "records", fresh)
        try:
            with Workspace.open(fresh, command="test") as workspace:
                shutil.copy(self.workspace.recipe_path, workspace.recipe_path)
                return prepare(workspace)
        finally:
            shutil.rmtree(fresh)

    def _with_records(self, root: Path, rows: list[dict[str, Any]]) -> Workspace:
        workspace = Workspace.open(root, command="test")
        add_records(workspace, rows)
        return workspace


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("sequences"))
    yield made
    made.close()


def laws_hold(bench: Bench, steps: list[Any], *, is_replayed: bool) -> None:
    bench.editor.goto(0)
    assert bench.hash() == bench.start
    for (name, options), number, condition, by_condition in steps:
        bench.do(name, options, number, condition, by_condition)
    end = bench.hash()
    history = bench.editor.history()
    applied = sum(step.is_applied for step in history)
    states = [end]
    for _ in range(applied):
        states.append(bench.editor.undo().version.content_hash)
    assert states[-1] == bench.start
    for wanted in states[-2::-1]:
        assert bench.editor.redo().version.content_hash == wanted
    head = bench.editor.store.head()
    assert head is not None
    summed = bench.editor.store.stream(head)
    counted = list(summed)
    assert head.totals.content.count == len(counted) and head.totals.tokens == sum(one.tokens for one in counted)
    assert head.totals.content.total == sum(one.digest for one in counted) % (1 << 512)
    splits = {}
    for one in counted:
        assert splits.setdefault(one.group, one.split) is one.split, "no group lies in two splits"
    if is_replayed:
        assert bench.replayed() == end


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_edits_undone_give_the_start_and_done_again_the_end(bench: Bench, steps: list[Any]) -> None:
    laws_hold(bench, steps, is_replayed=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_edits_replayed_in_a_fresh_workspace_give_the_same_hash(bench: Bench, steps: list[Any]) -> None:
    laws_hold(bench, steps, is_replayed=True)


def test_one_of_each_operation_is_replayed_in_a_fresh_workspace(bench: Bench) -> None:
    steps: list[Any] = [
        (("duplicate", {}), 3, "turns > 3", True),
        (("split_in_two", {"message": 2}), 0, "turns > 3", True),
        (("merge", {}), 12, "all", False),
        (("replace", {"find": "the", "replacement": "THE", "regex": True}), 0, "all", True),
        (("retemplate", {"user": "About {title}?", "assistant": "{description}"}), 0, "tokens > 100", True),
        (("retemplate", {"user": "{asin}", "assistant": "{description}"}), 2, "all", False),
        (("trim", {"tokens": 60}), 0, "all", True),
        (("set", {}), 5, "all", False),
        (("move", {"to": "validation"}), 1, "index < 6", True),
        (("tag", {"tag": "a"}), 0, "tokens > 60", True),
        (("role", {"to": "user", "message": -1}), 2, "all", False),
        (("weight", {"weight": 0}), 2, "turns > 3", True),
        (("drop", {}), 4, "all", False),
        (("keep", {}), 0, "all", False),
        (("untag", {"tag": "a"}), 0, "split = train", True),
    ]
    laws_hold(bench, steps, is_replayed=True)
    assert len(bench.editor.history()) >= 12
