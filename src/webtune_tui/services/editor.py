"""Edits as steps: applied, taken back, applied again, walked through and replayed. Blocking.

The database is committed first, with the edit and the rows in one transaction; the recipe is written after it.
"""

from __future__ import annotations

import re
import threading
import time
from array import array
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from webtune_tui.domain.datasets import DatasetVersion
from webtune_tui.domain.edit_steps import Edited, EditPreview, EditResult, EditSample, EditStep
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_fields import condition_on_examples, field_named
from webtune_tui.domain.examples import Split
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.anew import Written, with_kept
from webtune_tui.pipeline.edit import Edit, check_selection, parse_edit, with_met
from webtune_tui.pipeline.edits.base import Operation
from webtune_tui.pipeline.languages import language_named
from webtune_tui.pipeline.recipe import Recipe, parse_recipe
from webtune_tui.pipeline.template import ChatTemplate
from webtune_tui.pipeline.tokens import DEFAULT_ENCODING, TokenCounter
from webtune_tui.services.anew_child import Place, Question, anew_program
from webtune_tui.services.edit_selection import Picked, picked
from webtune_tui.services.edit_tools import EditTools, WriteAnew
from webtune_tui.services.edit_work import BATCH, EditWork
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.token_child import child_counter
from webtune_tui.settings import load, models_folder
from webtune_tui.storage.dataset_steps import Step
from webtune_tui.storage.dataset_types import Revision, StoredEdit
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_scans import ExampleScans
from webtune_tui.storage.recipe_file import parse_toml
from webtune_tui.storage.workspace import Workspace

SHOWN_IDS = 1_000
_NAME = re.compile(r"[^\W_][\w.-]{0,63}")
_HASH = re.compile(r"[0-9a-fA-F]+")
_TRIED = 20  # examples at a time while a preview looks how far it comes


@dataclass(frozen=True, slots=True)
class Replayed:
    """The revision after an edit was replayed, the ids that are no more, and what is worth a note."""

    revision: Revision
    missing: tuple[str, ...] = ()
    note: str = ""


class Editor:
    """The edits on a workspace's working version."""

    def __init__(self, workspace: Workspace) -> None:
        self.store = DatasetStore(workspace.database)
        self._scans = ExampleScans(workspace.database, language_named)
        self._workspace = workspace
        self._recipes = Recipes(workspace.recipe_path, self.store)

    # Applying

    def run(
        self, operation: Operation, selection: Selection, stopped: threading.Event | None = None
    ) -> Generator[Progressed | Edited, None, None]:
        """Applies an operation; ends with Edited.

        Raises:
            UsageError: the selection can't be read, or the operation is refused. NotFound: an id is not there.
        """
        result = yield from self.applied(Edit(operation, selection), stopped)
        yield Edited(result)

    def applied(self, edit: Edit, stopped: threading.Event | None = None) -> Generator[Progressed, None, EditResult]:
        """Applies an edit and makes it a step of the recipe; once ``stopped`` is set before it is stored, it raises."""
        edit.operation.check()
        check_selection(edit)
        head = self._ready()
        with self._tools(head, stopped) as tools, self._work(edit, head, tools, stopped=stopped) as work:
            yield from work.select()
            work.require_all()
            selected = work.selected
            if work.met == 0:
                return EditResult(head.to_version(), (), words="No example is selected")
            yield from work.plan()
            reasons = dict(work.reasons.most_common())
            if not work.count and edit.operation.kind != "back":
                return EditResult(head.to_version(), (), left=work.left, words="Nothing changed", reasons=reasons)
            edit = self._lasting(_without(with_met(edit, work.met), work.left_ids), selected)
            operation = edit.to_plain()
            text, meta = self._recipes.announce([*self._recipes.applied(), operation])
            revision = work.commit(Step("edit", operation=operation, meta=meta))
            self._recipes.write_announced(text)
            waiting = work.missing if edit.operation.kind == "back" else ()
            return EditResult(
                revision.to_version(),
                self._touched(head, revision),
                waiting,
                count=work.count,
                left=work.left,
                words=edit.told(work.count + len(waiting)),
                reasons=reasons,
            )

    def replay(
        self, edit: Edit, edit_id: int, revision: Revision, counter: TokenCounter, write_anew: WriteAnew
    ) -> Replayed:
        """Applies a stored edit to a build that is being made; one that no longer fits is left out and told."""
        with EditTools(counter, write_anew) as tools, self._work(edit, revision, tools, is_replay=True) as work:
            try:
                _exhaust(work.select())
                _exhaust(work.plan())
            except UsageError as error:
                return Replayed(revision, note=f"An edit no longer fits ({_named(edit)}): {error.message}")
            note = ""
            if work.misfit is not None and edit.met is None:
                note = f"An edit no longer fits ({_named(edit)}): {work.misfit.message}"
            if edit.met is not None and edit.met != work.met:
                note = f"An edit ({_named(edit)}) met {edit.met:,} examples when it was made and {work.met:,} now"
            revision = work.commit(Step("replay", edit_id, is_replay=True))
            return Replayed(revision, work.missing, note)

    def replay_undo(self, edit_id: int, revision: Revision) -> Revision:
        """Takes an edit back in a build that is being made, where it was replayed last."""
        number = self.store.revision_of(revision.build, edit_id)
        return self._reverted(revision, number, Step("undo", edit_id, keeps_count=True, is_replay=True))

    def preview(self, operation: Operation, selection: Selection, samples: int, seconds: float) -> EditPreview:
        """What an operation would do, looked at for so many seconds at most.

        Raises:
            UsageError: the selection can't be read. NotFound: an id is not there.
        """
        edit = Edit(operation, selection)
        operation.check()
        check_selection(edit)
        head = self._head()
        with self._tools(head) as tools, self._work(edit, head, tools) as work:
            refusal = ""
            try:
                _exhaust(work.select())
                work.require_all()
                if operation.kind in ("pair", "back"):
                    _exhaust(work.plan())
            except NotFound:
                raise
            except UsageError as error:
                refusal = error.message
            if operation.kind == "text" and not refusal:
                return _tried(work, tools, samples, seconds)
            shown = () if refusal or operation.kind != "row" else self._turned(work, samples)
            return EditPreview(
                edit.told(work.count), work.met, work.met, work.count, samples=tuple(shown), refusal=refusal
            )

    def count(self, selection: Selection) -> int:
        """How many examples a selection has."""
        return len(self._picked(selection))

    def ids(self, selection: Selection, limit: int | None) -> list[str]:
        """The ids of the selected examples in order."""
        head = self._head()
        if selection.ids:
            found = self.store.rows_of_ids(head, selection.ids)
            return [one for one in selection.ids if one in found][:limit]
        return self.store.ids_of_rows(self._picked(selection)[:limit])

    def changed_ids(self, result: EditResult) -> list[str]:
        """The ids of all examples that an edit changed."""
        if len(result.changed) < SHOWN_IDS:
            return list(result.changed)
        return self.store.ids_touched(result.version.build, result.version.revision)

    def wanted_back(self) -> frozenset[str]:
        """The examples that applied steps bring back."""
        edits = [one["keep"] for one in self._recipes.applied() if "keep" in one]
        return frozenset(one for ids in edits for one in ids)

    # Undo, redo and the history

    def undo(self) -> EditResult:
        """Takes the last edit back. Raises UsageError when there is none."""
        head = self._ready()
        applied = [edit for edit in self.store.edits() if edit.state == "applied"]
        if not applied:
            raise UsageError("There is no edit to undo", hint="See: webtune dataset history")
        text, meta = self._recipes.announce([dict(one.operation) for one in applied[:-1]])
        result = self._taken_back(head, applied[-1], meta)
        self._recipes.write_announced(text)
        return result

    def redo(self) -> EditResult:
        """Applies the last undone edit again. Raises UsageError when there is none."""
        head = self._ready()
        edits = self.store.edits()
        undone = [edit for edit in edits if edit.state == "undone"]
        if not undone:
            raise UsageError("There is no edit to redo", hint="See: webtune dataset history")
        applied = [dict(one.operation) for one in edits if one.state == "applied"]
        text, meta = self._recipes.announce([*applied, dict(undone[0].operation)])
        result = self._done_again(head, undone[0], meta)
        self._recipes.write_announced(text)
        return result

    def _taken_back(self, head: Revision, edit: StoredEdit, meta: Mapping[str, str]) -> EditResult:
        number = self.store.revision_of(head.build, edit.edit_id)
        revision = self._reverted(head, number, Step("undo", edit.edit_id, meta=meta, keeps_count=True))
        return self._settled(head, revision, edit, "Took back")

    def _done_again(
        self, head: Revision, edit: StoredEdit, meta: Mapping[str, str], stopped: threading.Event | None = None
    ) -> EditResult:
        undoing = self.store.undoing_of(head.build, edit.edit_id)
        if undoing is not None:
            step = Step("redo", edit.edit_id, meta=meta, keeps_count=True)
            revision = self._reverted(head, undoing, step)
        else:  # the dataset was prepared since
            parsed = parse_edit(edit.operation, where="A stored edit")
            with (
                self._tools(head, stopped) as tools,
                self._work(parsed, head, tools, is_replay=True, stopped=stopped) as work,
            ):
                _exhaust(work.select())
                _exhaust(work.plan())
                revision = work.commit(Step("redo", edit.edit_id, meta=meta))
        return self._settled(head, revision, edit, "Did again")

    def history(self) -> list[EditStep]:
        """Every step in order, the undone ones last."""
        edits = self.store.edits()
        last = max((edit.edit_id for edit in edits if edit.state == "applied"), default=None)
        return [
            EditStep(number, _words(edit), edit.created_at, edit.state == "applied", edit.changed, edit.edit_id == last)
            for number, edit in enumerate(edits, start=1)
        ]

    def goto(
        self,
        number: int,
        stopped: threading.Event | None = None,
        told: Callable[[Progressed], None] = lambda event: None,
    ) -> EditResult:
        """Walks to the state after a step; 0 is the start. The walk is stored as a whole or not at all.

        ``told`` hears how many steps are behind it.

        Raises:
            UsageError: there is no such step. Stopped: ``stopped`` was set before it was stored.
        """
        edits = self.store.edits()
        if not 0 <= number <= len(edits):
            raise UsageError(
                f"There is no step {number}",
                hint=f"There are {len(edits)}; 0 is the start. See: webtune dataset history",
            )
        head = self._ready()
        applied = sum(edit.state == "applied" for edit in edits)
        if applied == number:
            return EditResult(head.to_version(), (), words="Already there")
        is_back = number < applied
        way = edits[number:applied][::-1] if is_back else edits[applied:number]
        text, meta = self._recipes.announce([dict(edit.operation) for edit in edits[:number]])
        changed: dict[str, None] = {}
        count = 0
        with self._workspace.database.together(stopped):
            for done, edit in enumerate(way):
                told(Progressed("walking", done, len(way), "steps"))
                last = meta if edit is way[-1] else {}
                head = self._head()
                result = self._taken_back(head, edit, last) if is_back else self._done_again(head, edit, last, stopped)
                changed |= dict.fromkeys(islice(result.changed, SHOWN_IDS - len(changed)))
                count += result.count
        self._recipes.write_announced(text)
        steps = f"{len(way)} step{'' if len(way) == 1 else 's'} {'back' if is_back else 'forward'}"
        return replace(result, changed=list(changed), count=count, words=f"Went {steps}")

    # Names

    def name_version(self, name: str, version: str | None) -> DatasetVersion:
        """Gives a version a name for good and fixes it.

        Raises:
            UsageError: it can't be a name, or is another version's. NotFound: there is no such version.
        """
        if not _NAME.fullmatch(name) or _HASH.fullmatch(name):
            raise UsageError(
                f"{name[:80]!r} can't be a version's name",
                hint="Take letters, digits, - _ or . (64 at most), and not only those of a content hash (0-9, a-f).",
            )
        revision = self.version(version)
        taken = {known.casefold(): content for known, content in self.store.names().items()}.get(name.casefold())
        if taken not in (None, revision.content_hash):
            raise UsageError(
                f"{name!r} is the name of version {taken[:12]}", hint="A name stays with its version. Take another one."
            )
        self.store.give_name(name, revision)
        return self.version(revision.content_hash).to_version()

    def version(self, name: str | None) -> Revision:
        """A version by its name, or by its content hash or a head of it; the working one without. Raises NotFound."""
        if not name:
            return self._head()
        found = self.store.find(name)
        if found is None:
            raise NotFound(f"There is no dataset version {name!r}", hint="See: webtune dataset list")
        return found

    # Within

    def _head(self) -> Revision:
        head = self.store.head()
        if head is None:
            raise NotFound("There is no dataset yet", hint="Make one with: webtune prepare")
        return head

    def _ready(self) -> Revision:
        """The working version, with recipe file and database equal."""
        head = self._head()
        self._recipes.reconcile()
        return head

    @contextmanager
    def _work(
        self,
        edit: Edit,
        revision: Revision,
        tools: EditTools,
        *,
        is_replay: bool = False,
        stopped: threading.Event | None = None,
    ) -> Iterator[EditWork]:
        folder = self._workspace.root
        work = EditWork(edit, self.store, self._scans, revision, tools, folder, is_replay=is_replay, stopped=stopped)
        with closing(work):
            yield work

    def _picked(self, selection: Selection) -> array[int]:
        search = picked(self.store, self._scans, self._head(), selection)
        while True:
            try:
                next(search)
            except StopIteration as stop:
                found: Picked = stop.value
                return found.rows

    def _lasting(self, edit: Edit, rows: array[int]) -> Edit:
        """The edit as it means the same examples in another workspace: places there depend on the order of imports."""
        if edit.selection.ids or edit.selection.is_all:
            return edit
        condition = condition_on_examples(edit.selection.where)
        if "index" not in map(field_named, condition.fields):
            return edit
        return Edit(edit.operation, Selection.of(*self.store.ids_of_rows(rows)))

    def _reverted(self, head: Revision, number: int | None, step: Step) -> Revision:
        if number is None:  # it changed nothing here
            return self.store.commit_changes(head, (), head.totals, 0, step)
        return self.store.revert(head, number, step)

    def _settled(self, head: Revision, revision: Revision, edit: StoredEdit, what: str) -> EditResult:
        changed = self._touched(head, revision)
        count = edit.changed or len(changed)
        return EditResult(revision.to_version(), changed, count=count, words=f"{what}: {_words(edit)}")

    def _touched(self, before: Revision, after: Revision) -> list[str]:
        if after.revision == before.revision:
            return []
        return self.store.ids_touched(after.build, after.revision, SHOWN_IDS)

    def _turned(self, work: EditWork, samples: int) -> Iterator[EditSample]:
        for before in self.store.by_rows(work.rows[:samples]):
            turned = work.turn(before.split.value, " ".join(before.flags))
            example = before.to_example()
            after = replace(example, split=Split(turned[0]), flags=tuple(turned[1].split())) if turned else None
            yield EditSample(example, (after,) if after else ())

    def _tools(self, revision: Revision, stopped: threading.Event | None = None) -> EditTools:
        """The tools of an edit on a version; what it was made with is looked up when it is needed."""
        place = Place(self._workspace.database.path, self._base_of(revision), models_folder())
        recipe = lru_cache(maxsize=1)(lambda: self._recipe_of(revision))

        def write_anew(template: ChatTemplate, asked: Sequence[tuple[str, tuple[int, ...]]]) -> list[Written | str]:
            return anew_program().made(Question(place, recipe(), template, asked), stopped)

        return EditTools(self._counter(revision), write_anew)

    def _recipe_of(self, revision: Revision) -> Recipe:
        """The recipe that made a version, with the examples that edits want back so far."""
        text = self.store.build_report(revision.build).recipe
        recipe = parse_recipe(parse_toml(text, "The version's recipe"), where="The version's recipe")
        applied = [parse_edit(one, where="A stored edit") for one in self._recipes.applied()]
        return with_kept(replace(recipe, edits=tuple(applied)))

    def _counter(self, revision: Revision) -> TokenCounter:
        """The counter with which the version was counted."""
        return child_counter(self._base_of(revision), models_folder())

    def _base_of(self, revision: Revision) -> str:
        if revision.encoding == DEFAULT_ENCODING:
            return ""
        return load(self._workspace.root).base_model or revision.encoding


def _tried(work: EditWork, tools: EditTools, samples: int, seconds: float) -> EditPreview:
    """Tries an operation on texts, example by example, as long as there is time."""
    found: list[EditSample] = []
    looked = changed = 0
    started = time.monotonic()
    refusal = ""
    while looked < len(work.rows) and (not looked or time.monotonic() - started < seconds):
        portion = work.rows[looked : looked + (BATCH if looked else _TRIED)]
        try:
            for before, changes in work.changes(portion):
                changed += bool(changes)
                if changes and len(found) < samples:
                    after = tuple(one.after.to_example() for one in changes if one.after)
                    kept = (before.to_example(),) if all(one.before is None for one in changes) else ()
                    found.append(EditSample(before.to_example(), (*kept, *after)))
        except UsageError as error:
            refusal = error.message
            break
        looked += len(portion)
    return EditPreview(
        work.edit.told(changed),
        work.met,
        looked,
        changed,
        work.left,
        tools.occurrences,
        tuple(found),
        refusal,
        dict(work.reasons.most_common()),
    )


def _without(edit: Edit, left_ids: Collection[str]) -> Edit:
    """The edit of those named examples alone to which it fits."""
    if not left_ids:
        return edit
    return replace(edit, selection=Selection.of(*(one for one in edit.example_ids if one not in left_ids)))


def _exhaust(work: Generator[Progressed, None, None]) -> None:
    for _ in work:
        pass


def _words(edit: StoredEdit) -> str:
    try:
        parsed = parse_edit(edit.operation, where="A stored edit")
    except UsageError as error:
        return f"An edit that can't be read: {error.message}"
    return parsed.told(edit.changed or parsed.met or len(parsed.example_ids))


def _named(edit: Edit) -> str:
    if edit.example_ids:
        return f"{edit.kind} {edit.example_ids[0]}" + (" …" if len(edit.example_ids) > 1 else "")
    return f"{edit.kind} where {edit.selection.where}"
