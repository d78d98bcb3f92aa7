"""Looking at examples and editing them: every edit is a step of the recipe, undoable and replayable."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from webtune_tui.domain.datasets import DatasetVersion, PrepareReport, RecordOrigin
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import FacetCounts
from webtune_tui.domain.example_fields import condition_on_examples
from webtune_tui.domain.examples import Example, Split
from webtune_tui.pipeline.packing import PackingPlan, plan_packing
from webtune_tui.pipeline.recipe import Edit, parse_edit
from webtune_tui.pipeline.tokens import DEFAULT_ENCODING, TokenCounter
from webtune_tui.services.edits import canonical_places, effect_of
from webtune_tui.services.example_facets import counting
from webtune_tui.services.example_listing import ExampleListing, ExamplePage
from webtune_tui.services.preference_pairs import EditedPair, edited_pairs
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.token_child import child_counter
from webtune_tui.settings import load, models_folder
from webtune_tui.storage.dataset_types import Action, Change, Revision, StoredEdit
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_scans import SORTS, ExampleScans, Wanted
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace


@dataclass(frozen=True, slots=True)
class EditResult:
    """The working version after an edit, the examples it changed, and those that wait for the next prepare."""

    version: DatasetVersion
    changed: Sequence[str]
    waiting: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """Example ids that differ between two versions."""

    added: Sequence[str]
    removed: Sequence[str]
    edited: Sequence[str]


class CurateService:
    """Dataset versions and the edits on the working one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._scans = ExampleScans(workspace.database)
        self._records = RecordQueries(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)

    async def versions(self) -> Sequence[DatasetVersion]:
        """Every version, newest first; the first is the working one."""
        return [one.to_version() for one in await asyncio.to_thread(self._store.revisions)]

    async def version(self, name: str | None = None) -> DatasetVersion:
        """A version by name or content hash (or a head of it); the working one without a name. Raises NotFound."""
        return (await asyncio.to_thread(self._revision, name)).to_version()

    async def fix(self, name: str | None = None) -> DatasetVersion:
        """Keeps a version for good and freezes its test split: it is exported, trained on or named. Raises NotFound."""

        def fix() -> Revision:
            revision = self._revision(name)
            self._store.fix(revision)
            return revision

        return (await asyncio.to_thread(fix)).to_version()

    async def report(self) -> PrepareReport | None:
        """What the newest run of prepare said, or ``None`` before the first."""
        return await asyncio.to_thread(self._report)

    async def page(
        self,
        version: str | None = None,
        *,
        text: str = "",
        split: str = "",
        offset: int = 0,
        limit: int = 100,
    ) -> ExamplePage:
        """Examples in stable order whose messages contain ``text`` (any case)."""
        if split and split not in {one.value for one in Split}:
            raise UsageError(f"There is no split {split!r}", hint="Give train, validation or test.")

        def read() -> ExamplePage:
            revision = self._revision(version)
            rows, total = self._store.page(revision, text=text, split=split, offset=offset, limit=limit)
            return ExamplePage([row.to_example() for row in rows], offset, total)

        return await asyncio.to_thread(read)

    async def listing(
        self,
        version: str | None = None,
        *,
        where: str = "",
        text: str = "",
        sort: str = "index",
        is_descending: bool = False,
    ) -> ExampleListing:
        """The examples that fulfil a condition and hold a text, sorted by a column.

        Raises:
            NotFound: there is no such version. UsageError: the condition can't be read, or asks what isn't there.
        """
        condition = condition_on_examples(where) if where.strip() else None
        if sort not in SORTS:
            raise UsageError(f"Examples can't be sorted by {sort!r}", hint=f"Sort by {', '.join(SORTS)}.")
        revision = await asyncio.to_thread(self._revision, version)
        return ExampleListing(self._scans, Wanted(revision, condition, text, sort, is_descending))

    async def facets(
        self, version: str | None = None, *, where: str = "", text: str = ""
    ) -> AsyncGenerator[Progressed | FacetCounts, None]:
        """Counts the examples of a listing by split, source, flag and edit state. Raises as :meth:`listing` does."""
        wanted = (await self.listing(version, where=where, text=text)).wanted
        async with aclosing(counting(self._scans, wanted)) as told:
            async for event in told:
                yield event

    async def present(self, example_ids: Sequence[str]) -> frozenset[str]:
        """Which of these examples the working version has. Raises NotFound where there is none."""
        return await asyncio.to_thread(lambda: self._store.present_ids(self._revision(None), example_ids))

    async def next_with(self, text: str, number: int, *, is_backwards: bool = False) -> str | None:
        """The id of the next example of the working version after (or before) a place that holds a text."""
        side = condition_on_examples(f"index {'<' if is_backwards else '>'} {number}")

        def find() -> str | None:
            wanted = Wanted(self._revision(None), side, text, is_descending=is_backwards)
            found = self._scans.rows(self._scans.first(wanted, self._scans.where(wanted), 1))
            return found[0].example_id if found else None

        return await asyncio.to_thread(find)

    async def example(self, example_id: str, version: str | None = None) -> Example:
        """One example. Raises NotFound."""

        def read() -> Example:
            found = self._store.by_ids(self._revision(version), [example_id])
            if example_id not in found:
                raise _no_example(example_id)
            return found[example_id].to_example()

        return await asyncio.to_thread(read)

    async def edit(self, example_id: str, changes: Mapping[str, str]) -> EditResult:
        """Sets ``system``, ``user``, ``assistant`` or ``messages[N].content``. Raises NotFound, UsageError."""
        if not changes:
            raise UsageError("Nothing to set", hint='Such as --set assistant="A better answer".')
        return await asyncio.to_thread(self._edit, example_id, changes)

    async def drop(self, example_ids: Sequence[str]) -> EditResult:
        """Takes examples out of the working version (reason ``by_hand``)."""
        return await asyncio.to_thread(self._drop, tuple(dict.fromkeys(example_ids)))

    async def restore(self, example_ids: Sequence[str]) -> EditResult:
        """Brings dropped examples back: at once where they went by hand, else with the next prepare.

        A duplicate takes the place of the one that stayed for it; both stay where both are wanted.

        Raises:
            NotFound: one was not dropped.
        """
        return await asyncio.to_thread(self._restore, tuple(dict.fromkeys(example_ids)))

    async def undo(self) -> EditResult:
        """Takes the last edit back. Raises UsageError when there is none."""
        return await asyncio.to_thread(self._undo)

    async def redo(self) -> EditResult:
        """Applies the last undone edit again. Raises UsageError when there is none."""
        return await asyncio.to_thread(self._redo)

    async def lineage(self, example_id: str) -> Sequence[RecordOrigin]:
        """The records behind an example, with their raw files."""
        example = await self.example(example_id)
        origins = await asyncio.to_thread(self._records.origins, example.record_ids)
        return [self._with_absolute_path(origin) for origin in origins]

    async def edited_pairs(self) -> Sequence[EditedPair]:
        """Preference pairs of the working version: each edited answer and what stood there before."""
        return await asyncio.to_thread(lambda: edited_pairs(self._store, self._revision(None)))

    async def diff(self, before: str, after: str) -> VersionDiff:
        """What changed between two versions."""
        return await asyncio.to_thread(self._diff, before, after)

    async def statistics(self, version: str | None = None) -> Mapping[str, object]:
        """Counts, token quantiles and flags of a version, for ``dataset stats``."""
        return await asyncio.to_thread(self._statistics, version)

    async def packing(self, version: str | None = None, *, sequence_length: int, batch_size: int) -> PackingPlan:
        """What packing the training examples of a version would save."""

        def plan() -> PackingPlan:
            lengths = self._store.token_counts(self._revision(version), Split.TRAIN)
            return plan_packing(lengths, sequence_length, batch_size)

        return await asyncio.to_thread(plan)

    def _revision(self, name: str | None) -> Revision:
        if not name:
            head = self._store.head()
            if head is None:
                raise NotFound("There is no dataset yet", hint="Make one with: webtune prepare")
            return head
        found = self._store.find(name.lower())
        if found is None:
            raise NotFound(f"There is no dataset version {name!r}", hint="See: webtune dataset list")
        return found

    def _report(self) -> PrepareReport | None:
        head = self._store.head()
        if head is None:
            return None
        body = json.loads(self._store.build_report(head.build).report)
        body["notes"] = tuple(body.get("notes", ()))
        report = PrepareReport(**body)
        version = head.to_version()
        dropped = self._store.dropped_counts(head.build)
        return replace(
            report,
            dataset_version=version.dataset_version,
            content_hash=version.content_hash,
            examples=version.examples,
            splits=version.splits,
            dropped=dropped,
            records_used=report.records - sum(dropped.values()),
        )

    # Edits

    def _edit(self, example_id: str, changes: Mapping[str, str]) -> EditResult:
        head = self._ready()
        found = self._store.by_ids(head, [example_id])
        if example_id not in found:
            raise _no_example(example_id)
        places = canonical_places(found[example_id], changes)
        return self._apply(head, Edit("set", (example_id,), places))

    def _drop(self, example_ids: tuple[str, ...]) -> EditResult:
        if not example_ids:
            raise UsageError("Nothing to drop", hint="Name the examples by their ids.")
        head = self._ready()
        found = self._store.by_ids(head, example_ids)
        missing = [one for one in example_ids if one not in found]
        if missing:
            raise _no_example(", ".join(missing[:5]))
        return self._apply(head, Edit("drop", example_ids))

    def _restore(self, example_ids: tuple[str, ...]) -> EditResult:
        if not example_ids:
            raise UsageError("Nothing to bring back", hint="Name dropped examples by their ids.")
        head = self._ready()
        known = self._store.dropped_ids(head.build, example_ids) | self._store.ended(head, example_ids).keys()
        missing = [one for one in example_ids if one not in known]
        if missing:
            raise NotFound(f"There is no dropped example {', '.join(missing[:5])}", hint="See: webtune dataset dropped")
        return self._apply(head, Edit("keep", example_ids))

    def _apply(self, head: Revision, edit: Edit) -> EditResult:
        effect = effect_of(edit, self._store, head, self._counter(head))
        if not effect.changes and edit.kind != "keep":
            return EditResult(head.to_version(), ())
        operation = edit.to_plain()
        text, meta = self._recipes.announce([*self._recipes.applied(), operation])
        revision = self._store.commit(head, effect.changes, action="edit", operation=operation, meta=meta)
        self._recipes.write_announced(text)
        return EditResult(revision.to_version(), _ids(effect.changes), effect.missing if edit.kind == "keep" else ())

    def _undo(self) -> EditResult:
        head = self._ready()
        edit = self._last("applied", max, "There is no edit to undo")
        number = self._store.revision_of(head.build, edit.edit_id)
        touched = self._store.touched_by(head.build, number) if number is not None else []
        ids = [one.example_id for change in touched for one in (change.before or change.after,) if one]
        alive = self._store.by_ids(head, ids)
        changes = []
        for change in touched:
            one = change.before or change.after
            assert one is not None
            back = replace(change.before, row_id=0) if change.before else None
            changes.append(Change(alive.get(one.example_id), back))
        return self._settle(head, edit, changes, is_undo=True)

    def _redo(self) -> EditResult:
        head = self._ready()
        edit = self._last("undone", min, "There is no edit to redo")
        operation = parse_edit(edit.operation, where="A stored edit")
        effect = effect_of(operation, self._store, head, self._counter(head))
        return self._settle(head, edit, effect.changes, is_undo=False)

    def _settle(self, head: Revision, edit: StoredEdit, changes: Sequence[Change], *, is_undo: bool) -> EditResult:
        applied = [
            one.operation for one in self._store.edits() if (one.state == "applied") != (one.edit_id == edit.edit_id)
        ]
        text, meta = self._recipes.announce(applied)
        action: Action = "undo" if is_undo else "redo"
        revision = self._store.commit(head, changes, action=action, edit_id=edit.edit_id, meta=meta)
        self._recipes.write_announced(text)
        return EditResult(revision.to_version(), _ids(changes))

    def _last(self, state: str, choose: Callable[..., StoredEdit], refusal: str) -> StoredEdit:
        found = [edit for edit in self._store.edits() if edit.state == state]
        if not found:
            raise UsageError(refusal, hint="See: webtune recipe show")
        return choose(found, key=lambda edit: edit.edit_id)

    def _ready(self) -> Revision:
        """The working version, with recipe file and database equal."""
        head = self._revision(None)
        self._recipes.reconcile()
        return head

    def _counter(self, revision: Revision) -> TokenCounter:
        """The counter with which the version was counted."""
        if revision.encoding == DEFAULT_ENCODING:
            return child_counter("", models_folder())
        return child_counter(load(self._workspace.root).base_model or revision.encoding, models_folder())

    # Looking

    def _with_absolute_path(self, origin: RecordOrigin) -> RecordOrigin:
        if origin.raw_path is None:
            return origin
        return replace(origin, raw_path=str(self._workspace.absolute(origin.raw_path)))

    def _diff(self, before: str, after: str) -> VersionDiff:
        old = self._store.contents(self._revision(before))
        new = self._store.contents(self._revision(after))
        return VersionDiff(
            added=[one for one in new if one not in old],
            removed=[one for one in old if one not in new],
            edited=[one for one, content in new.items() if one in old and old[one] != content],
        )

    def _statistics(self, version: str | None) -> Mapping[str, object]:
        revision = self._revision(version)
        tokens: list[int] = []
        answers: list[int] = []
        flags: Counter[str] = Counter()
        sources: Counter[str] = Counter()
        turns: Counter[int] = Counter()
        for stored in self._store.stream(revision):
            example = stored.to_example()
            tokens.append(example.tokens)
            answers.append(len(example.answer))
            flags.update(example.flags)
            sources[example.source] += 1
            turns[len(example.messages)] += 1
        told = revision.to_version()
        return {
            "dataset_version": told.dataset_version,
            "content_hash": told.content_hash,
            "examples": told.examples,
            "splits": dict(told.splits),
            "encoding": told.encoding,
            "tokens_total": told.tokens,
            "tokens_per_split": self._store.tokens_per_split(revision),
            "tokens_per_example": _quantiles(tokens),
            "answer_characters": _quantiles(answers),
            "messages_per_example": {str(count): n for count, n in sorted(turns.items())},
            "flags": dict(flags.most_common()),
            "sources": dict(sources.most_common()),
        }


def _quantiles(values: list[int]) -> dict[str, float]:
    """Smallest, quartiles, 95th percentile, largest and mean; empty without values."""
    if not values:
        return {}
    ordered = sorted(values)
    points = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}
    found: dict[str, float] = {
        name: ordered[min(math.floor(share * len(ordered)), len(ordered) - 1)] for name, share in points.items()
    }
    return found | {"mean": round(sum(ordered) / len(ordered), 1)}


def _ids(changes: Sequence[Change]) -> list[str]:
    return [one.example_id for change in changes for one in (change.after or change.before,) if one]


def _no_example(example_id: str) -> NotFound:
    return NotFound(f"There is no example {example_id} in this version", hint="See: webtune dataset show")
