"""The edits of a run of prepare: those of its recipe, and those that a person makes while it goes on.

A run takes its time, and the working version can be edited meanwhile. What is other by the time the new build is
published is replayed on it, or taken back there, so that no edit is lost whenever it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Any

from webtune_tui.pipeline.anew import with_kept
from webtune_tui.pipeline.edit import Edit, parse_edit
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.anew_maker import AnewMaker
from webtune_tui.services.editor import Editor, Replayed
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.dataset_types import Revision, StoredEdit
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

_SHOWN_IDS = 5


class RunEdits:
    """Replays edits on the build of a run. ``is_own``: the run replays the workspace's recipe, not another file."""

    def __init__(self, workspace: Workspace, counter: TokenCounter, recipes: Recipes, *, is_own: bool) -> None:
        self._store = DatasetStore(workspace.database)
        self._editor = Editor(workspace)
        self._maker = AnewMaker(workspace.database, counter)
        self._counter = counter
        self._recipes = recipes
        self._is_own = is_own
        self._at_start = _ids(self._applied())
        self._replayed: dict[int, tuple[Edit, Replayed]] = {}

    @property
    def replayed_ids(self) -> Sequence[int]:
        """The edits that the build has, in order."""
        return list(self._replayed)

    def taken_over(self, recipe: Recipe) -> tuple[Recipe, bool]:
        """The recipe with the edits that hold now; whether those of the database were others and are replaced."""
        if self._is_own and _ids(self._applied()) != self._at_start:
            return self.current(recipe), False
        return recipe, self._recipes.take_over(recipe)

    def current(self, recipe: Recipe) -> Recipe:
        """The recipe with the edits that are applied at this moment."""
        return replace(recipe, edits=tuple(_parsed(edit.operation) for edit in self._applied()))

    def catch_up(self, recipe: Recipe, revision: Revision) -> Revision:
        """Brings a build that nobody sees yet to the edits that are applied; each can be undone in it."""
        applied = self._applied()
        pairs = zip(self._replayed, _ids(applied), strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        for edit_id in reversed(self.replayed_ids[shared:]):
            revision = self._editor.replay_undo(edit_id, revision)
            del self._replayed[edit_id]
        earlier = [parsed for parsed, _ in self._replayed.values()]
        for edit in applied[shared:]:
            parsed = _parsed(edit.operation)
            write_anew = partial(self._maker.made, with_kept(replace(recipe, edits=tuple(earlier))))
            earlier.append(parsed)
            replayed = self._editor.replay(parsed, edit.edit_id, revision, self._counter, write_anew)
            self._replayed[edit.edit_id] = parsed, replayed
            revision = replayed.revision
        return revision

    def notes(self) -> Iterator[str]:
        """What is worth a note of the edits that the build has."""
        outcomes = [outcome for _, outcome in self._replayed.values()]
        yield from (outcome.note for outcome in outcomes if outcome.note)
        missing = [one for outcome in outcomes for one in outcome.missing]
        if missing:
            shown = ", ".join(missing[:_SHOWN_IDS]) + (" …" if len(missing) > _SHOWN_IDS else "")
            yield f"{len(missing)} edited examples no longer exist: {shown}"

    def _applied(self) -> list[StoredEdit]:
        return [edit for edit in self._store.edits() if edit.state == "applied"]


def _ids(edits: Sequence[StoredEdit]) -> list[int]:
    return [edit.edit_id for edit in edits]


def _parsed(operation: Mapping[str, Any]) -> Edit:
    return parse_edit(operation, where="A stored edit")
