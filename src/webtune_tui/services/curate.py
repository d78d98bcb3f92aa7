"""Looking at examples and editing them: every edit is a step of the recipe, undoable and replayable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields, replace

from webtune_tui.domain.datasets import DatasetVersion, PrepareReport, RecordOrigin
from webtune_tui.domain.edit_steps import EditResult as EditResult
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.example_facets import FacetCounts
from webtune_tui.domain.example_fields import condition_on_examples
from webtune_tui.domain.examples import Example, Split
from webtune_tui.pipeline.edit import Edit, dropped, kept, set_texts
from webtune_tui.pipeline.languages import language_named
from webtune_tui.pipeline.packing import PackingPlan, plan_packing
from webtune_tui.services.body_facts import BodyFactsService
from webtune_tui.services.editor import Editor
from webtune_tui.services.example_facets import counting
from webtune_tui.services.example_listing import ExampleListing
from webtune_tui.services.example_listing import ExamplePage as ExamplePage
from webtune_tui.services.preference_pairs import EditedPair, edited_pairs
from webtune_tui.services.stepwise import to_the_end
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_scans import SORTS, ExampleScans, Wanted
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace


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
        self._scans = ExampleScans(workspace.database, language_named)
        self._facts = BodyFactsService(workspace)
        self._records = RecordQueries(workspace.database)
        self._editor = Editor(workspace)

    async def versions(self) -> Sequence[DatasetVersion]:
        """Every version, newest first; the first is the working one."""
        return await asyncio.to_thread(self._versions)

    async def version(self, name: str | None = None) -> DatasetVersion:
        """A version by name or content hash (or a head of it); the working one without a name. Raises NotFound."""
        return await asyncio.to_thread(lambda: self._named(self._revision(name)))

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
        return ExampleListing(self._scans, Wanted(revision, condition, text, sort, is_descending), self._facts)

    async def facets(
        self, version: str | None = None, *, where: str = "", text: str = "", with_languages: bool = True
    ) -> AsyncGenerator[Progressed | FacetCounts, None]:
        """Counts the examples of a listing by split, source, flag, edit state and language; ends with FacetCounts.

        Where languages are not known yet, the others are told first. Without ``with_languages`` nobody finds them out.
        Raises as :meth:`listing` does.
        """
        wanted = (await self.listing(version, where=where, text=text)).wanted
        async with aclosing(counting(self._scans, wanted, self._facts, with_languages=with_languages)) as told:
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
        return await to_the_end(lambda: self._done(set_texts(example_id, changes)))

    async def drop(self, example_ids: Sequence[str]) -> EditResult:
        """Takes examples out of the working version (reason ``by_hand``)."""
        if not example_ids:
            raise UsageError("Nothing to drop", hint="Name the examples by their ids.")
        return await to_the_end(lambda: self._done(dropped(*example_ids)))

    async def restore(self, example_ids: Sequence[str]) -> EditResult:
        """Brings dropped examples back: at once where they went by hand, else with the next prepare.

        A duplicate takes the place of the one that stayed for it; both stay where both are wanted.

        Raises:
            NotFound: one was not dropped.
        """
        return await to_the_end(lambda: self._restore(example_ids))

    async def undo(self) -> EditResult:
        """Takes the last edit back. Raises UsageError when there is none."""
        return await to_the_end(self._editor.undo)

    async def redo(self) -> EditResult:
        """Applies the last undone edit again. Raises UsageError when there is none."""
        return await to_the_end(self._editor.redo)

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

    async def tokens_per_split(self, version: str | None = None) -> Mapping[str, int]:
        """The tokens of each split of a version."""
        return await asyncio.to_thread(lambda: self._store.tokens_per_split(self._revision(version)))

    async def packing(self, version: str | None = None, *, sequence_length: int, batch_size: int) -> PackingPlan:
        """What packing the training examples of a version would save."""

        def plan() -> PackingPlan:
            lengths = self._store.token_counts(self._revision(version), Split.TRAIN)
            return plan_packing(lengths, sequence_length, batch_size)

        return await asyncio.to_thread(plan)

    def _revision(self, name: str | None) -> Revision:
        return self._editor.version(name)

    def _versions(self) -> list[DatasetVersion]:
        names = self._store.names()
        return [_with_names(one.to_version(), names) for one in self._store.revisions()]

    def _named(self, revision: Revision) -> DatasetVersion:
        return _with_names(revision.to_version(), self._store.names())

    def _report(self) -> PrepareReport | None:
        head = self._store.head()
        if head is None:
            return None
        body = json.loads(self._store.build_report(head.build).report)
        body["notes"] = tuple(body.get("notes", ()))
        known = {one.name for one in fields(PrepareReport)}  # a later version may have told more
        report = PrepareReport(**{name: value for name, value in body.items() if name in known})
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

    def _done(self, edit: Edit) -> EditResult:
        work = self._editor.applied(edit)
        while True:
            try:
                next(work)
            except StopIteration as stop:
                result: EditResult = stop.value
                return result

    def _restore(self, example_ids: Sequence[str]) -> EditResult:
        if not example_ids:
            raise UsageError("Nothing to bring back", hint="Name dropped examples by their ids.")
        head = self._revision(None)
        known = self._store.dropped_ids(head.build, example_ids) | self._store.ended(head, example_ids).keys()
        known |= self._store.by_ids(head, example_ids).keys() if known else frozenset()  # both of a pair are wanted
        missing = [one for one in example_ids if one not in known]
        if missing:
            raise NotFound(f"There is no dropped example {', '.join(missing[:5])}", hint="See: webtune dataset dropped")
        return self._done(kept(*example_ids))

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


def _with_names(version: DatasetVersion, names: Mapping[str, str]) -> DatasetVersion:
    return replace(version, names=tuple(name for name, content in names.items() if content == version.content_hash))


def _no_example(example_id: str) -> NotFound:
    return NotFound(f"There is no example {example_id} in this version", hint="See: webtune dataset show")
