"""Where personal data and secrets stand in the records of a dataset version, counted by kind and domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import takewhile

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.pipeline.base import Draft, Step, Surveying
from webtune_tui.pipeline.private_data.fields import FoundIn, hits_of
from webtune_tui.pipeline.private_data.hits import KINDS
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.run import Assembly
from webtune_tui.pipeline.steps.redact import Redact
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.services.curate import CurateService
from webtune_tui.services.prepare_map import drafts_of
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.stepwise import in_thread
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

_AT_ONCE = 200  # records between two words of progress


@dataclass(frozen=True, slots=True)
class PrivateHit:
    """One find in a record that an example was made of; the value itself is never told."""

    example_id: str
    record_id: int
    found: FoundIn


@dataclass(slots=True)
class PrivateFindings:
    """How many finds of each kind the records of each domain hold (kind -> domain -> count), and some of them."""

    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    hits: list[PrivateHit] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many finds there are, told one by one or not."""
        return sum(sum(domains.values()) for domains in self.kinds.values())


class PrivateDataService:
    """Looks through the records behind the working version; it changes nothing."""

    def __init__(self, workspace: Workspace, curate: CurateService) -> None:
        self._curate = curate
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)

    async def find(self, kind: str | None = None, *, limit: int = 100) -> PrivateFindings:
        """What :meth:`finding` ends with."""
        async with aclosing(self.finding(kind, limit=limit)) as events:
            async for event in events:
                if isinstance(event, PrivateFindings):
                    return event
        raise AssertionError("a search ends with its findings")

    async def finding(
        self, kind: str | None = None, *, limit: int = 100
    ) -> AsyncGenerator[Progressed | PrivateFindings]:
        """Every find in the fields that examples are made of, as they stand before they are redacted; ends with them.

        ``limit`` bounds the finds that are told one by one; all are counted.

        Raises:
            NotFound: there is no dataset version yet.
            UsageError: there is no such kind.
        """
        if kind is not None and kind not in KINDS:
            raise UsageError(f"There is no kind {kind!r} of personal data", hint=f"Give one of {', '.join(KINDS)}.")
        version = await self._curate.version()
        async with aclosing(in_thread(self._find(version.content_hash, kind, limit))) as events:
            async for event in events:
                yield event

    def _find(
        self, content_hash: str, kind: str | None, limit: int
    ) -> Generator[Progressed | PrivateFindings, None, None]:
        findings = PrivateFindings()
        revision = self._store.find(content_hash)
        if revision is not None:
            recipe = self._recipes.recipe()
            assembly = Assembly(recipe, BundledCounter(), steps=_steps_before(recipe), with_sketches=False)
            examples = self._examples_of_records(revision)
            done = 0
            for rows in self._records.batches(_AT_ONCE, frozenset(examples)):
                for draft in assembly.seen(drafts_of(rows), "record"):
                    _add(findings, draft, examples[draft.record_id], kind, limit)
                done += len(rows)
                yield Progressed("looking", done, len(examples), "records")
        yield findings

    def _examples_of_records(self, revision: Revision) -> Mapping[int, str]:
        return {
            record_id: example.example_id
            for example in self._store.stream(revision)
            for record_id in reversed(example.record_ids)
        }


def _steps_before(recipe: Recipe) -> Sequence[Step]:
    """The record's own steps up to redaction. What was learned from a whole source is left out."""
    before = takewhile(lambda step: not isinstance(step, Redact), recipe.enabled("record"))
    return [step for step in before if not isinstance(step, Surveying)]


def _add(findings: PrivateFindings, draft: Draft, example_id: str, kind: str | None, limit: int) -> None:
    for found in hits_of(draft.fields, draft.wanted):
        if kind is not None and found.kind != kind:
            continue
        findings.kinds.setdefault(found.kind, Counter())[draft.domain or draft.source] += 1
        if len(findings.hits) < limit:
            findings.hits.append(PrivateHit(example_id, draft.record_id, found))
