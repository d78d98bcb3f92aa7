"""One triage, blocking: the records stream past once, with the examples of the working version; memory is bounded."""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from webtune_tui.domain import clock
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.triage import Tile, TriageReport
from webtune_tui.pipeline.base import Step
from webtune_tui.pipeline.part_of_recipe import without_steps
from webtune_tui.pipeline.recipe import Recipe, StepChoice
from webtune_tui.pipeline.split import random_split_rate
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.pipeline.triage import HARMS, OVER_THE_SET, Harm, fix_of
from webtune_tui.pipeline.triage_checks import Checks
from webtune_tui.pipeline.triage_counts import Counts
from webtune_tui.services.prepare_processes import workers_for
from webtune_tui.services.raw_pairs import GonePair, RawPairs
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.survey_sample import SurveySample
from webtune_tui.services.triage_marks import recipe_mark, records_mark
from webtune_tui.services.triage_part import (
    SURVEYING,
    Others,
    Stretch,
    TriageMaker,
    TriageSetting,
    surveying_step,
)
from webtune_tui.services.worker_pool import WorkerPool
from webtune_tui.storage.dataset_types import Revision
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

_RANGE = 1_000  # records that a process takes at a time
_EXAMPLES = 500  # the same of examples by themselves
_EVENTS_APART = 0.1  # seconds
_TILE_OF_REASON = {
    "exact_duplicate": "duplicates",
    "near_duplicate": "duplicates",
    "shared_target": "shared_targets",
}

Pool = WorkerPool[TriageMaker]


@dataclass(slots=True)
class _Seen:
    """What was found in the raw pairs and in the version; ``learned`` is the pickled surveying step, or none."""

    raw: Counts
    version: Counts
    learned: bytes = b""


class TriageRun:
    """One run on a workspace; it writes nothing there. Without ``workers`` it takes as many processes as fit."""

    def __init__(self, workspace: Workspace, counter: TokenCounter, workers: int | None = None) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)
        self._counter = counter
        self._workers = workers
        self._recipe = Recipes(workspace.recipe_path, self._store).recipe()
        self._last_event = 0.0

    def events(self) -> Generator[Progressed | TriageReport, None, None]:
        """Progress, and at last the report.

        Raises:
            InvalidInput: there are no records.
        """
        started = time.monotonic()
        total = self._records.count()
        if total == 0:
            raise InvalidInput(
                "There are no records to look at", hint="Bring some: webtune collect brightdata, or webtune import FILE"
            )
        mark = records_mark(self._workspace.database)
        head = self._store.head()
        setting = TriageSetting(self._workspace.database.path, self._workspace.root, self._recipe, self._counter, head)
        pairs = RawPairs(_over_the_set(self._recipe))
        try:
            make = partial(TriageMaker, setting)
            workers = self._workers or workers_for(total)
            with WorkerPool(make, workers, let_go=self._workspace.database.disconnect) as pool:
                seen, rate = yield from self._seen(pool, pairs, head, total)
        finally:
            pairs.close()
        checks = Checks(self._recipe, self._counter, _learned(seen))
        tiles = [self._tile(harm, checks, seen.raw, seen.version if head else None) for harm in HARMS]
        yield TriageReport(
            tiles=tuple(_by_harm(tiles)),
            records=total,
            pairs=seen.raw.pairs,
            examples=seen.version.pairs if head else None,
            content_hash=head.content_hash if head else "",
            leak={"raw_random_split_rate": round(rate, 6), **self._leak_of(head)},
            created=clock.now(),
            seconds=round(time.monotonic() - started, 3),
            records_mark=mark,
            recipe_mark=recipe_mark(self._recipe),
        )

    def _seen(
        self, pool: Pool, pairs: RawPairs, head: Revision | None, total: int
    ) -> Generator[Progressed, None, tuple[_Seen, float]]:
        """What the pairs and the version have, and what a random split of the pairs would leak."""
        seen = _Seen(Counts(), Counts())
        seen.learned = yield from self._survey(pool)
        yield from self._look_at_records(pool, pairs, seen, total)
        for done, parts in pairs.decide():
            yield from self._told("comparing", done, parts, "parts")
        rate = pool.beside(random_split_rate, pairs.cluster_sizes(), len(pairs), self._recipe.split)
        gone = pairs.gone()
        _take_gone(seen.raw, pairs, gone)
        if head is not None:
            yield from self._look_at_others(pool, pairs, head, seen)
            self._take_gone_left(seen.version, head, pairs, gone)
        return seen, rate()

    # The records

    def _survey(self, pool: Pool) -> Generator[Progressed, None, bytes]:
        """The step that surveys, pickled, with what a sample of the records showed it; nothing without one."""
        step = surveying_step(self._recipe, self._counter)
        if step is None:
            return b""
        portions = SurveySample(self._records).portions(step)
        total, done = sum(map(len, portions)), 0
        observed = []
        for portion, answer in zip(portions, pool.each(TriageMaker.sight, portions), strict=True):
            observed.append(answer)
            done += len(portion)
            yield from self._told("surveying", done, total, "records")
        return pickle.dumps(step.learned(observed))

    def _look_at_records(self, pool: Pool, pairs: RawPairs, seen: _Seen, total: int) -> Iterator[Progressed]:
        cuts = self._records.cuts(_RANGE)
        ranges = (Stretch(seen.learned, first, end) for first, end in zip([None, *cuts], [*cuts, None], strict=True))
        done = 0
        for batches in pool.each(TriageMaker.look, ranges):
            for looked in batches:
                seen.raw.join(looked.raw)
                seen.version.join(looked.version)
                pairs.take(looked.columns, looked.section)
                done += looked.records
            yield from self._told("reading", done, total, "records")

    # The working version

    def _look_at_others(self, pool: Pool, pairs: RawPairs, head: Revision, seen: _Seen) -> Iterator[Progressed]:
        """The examples that no record makes now: it was removed since, or the recipe parted it in another way."""
        total = head.totals.content.count
        if seen.version.pairs >= total:
            return
        others = pairs.missing(self._store.ids_in_order(head))
        asked = (Others(seen.learned, others[start : start + _EXAMPLES]) for start in range(0, len(others), _EXAMPLES))
        for found in pool.each(TriageMaker.look_at_others, asked):
            seen.version.join(found)
            yield from self._told("checking", seen.version.pairs, total, "examples")

    def _take_gone_left(self, version: Counts, head: Revision, pairs: RawPairs, gone: Sequence[GonePair]) -> None:
        """Of the pairs that are one too many those that stand in the version beside another of their kind."""
        wanted = sorted({index for _, index, _, _ in gone} | {keeper for _, _, keeper, _ in gone})
        alive = set(self._store.by_ids(head, [pairs.id_of(index) for index in wanted]))
        standing: set[tuple[str, int]] = {
            (_TILE_OF_REASON[reason], keeper) for reason, _, keeper, _ in gone if pairs.id_of(keeper) in alive
        }
        for reason, index, keeper, record_id in gone:
            tile, one = _TILE_OF_REASON[reason], pairs.id_of(index)
            if one not in alive:
                continue
            if (tile, keeper) in standing:
                version.tallies[tile].add(one, record_id)
            standing.add((tile, keeper))

    def _leak_of(self, head: Revision | None) -> Mapping[str, float]:
        """What the newest run of prepare told of the version's splits."""
        if head is None:
            return {}
        report = json.loads(self._store.build_report(head.build).report)
        return {name: float(figure) for name, figure in report.get("leak", {}).items()}

    # What is told

    def _tile(self, harm: Harm, checks: Checks, raw: Counts, version: Counts | None) -> Tile:
        detail, main = "", ""
        if harm.name == "language":
            main, detail = raw.main_language, raw.language_words()
            before = raw.in_other_languages(main)
            after = version.in_other_languages(main) if version else None
        else:
            before = raw.tallies[harm.name]
            after = version.tallies[harm.name] if version else None
        present = before if after is None else after
        is_checked = checks.is_checked(harm)
        return Tile(
            name=harm.name,
            before=before.count,
            after=after.count if after is not None and is_checked else None,
            rows=tuple(before.rows),
            rows_left=tuple(after.rows) if after else (),
            fix=fix_of(harm, self._recipe, main_language=main) if is_checked else {},
            drops=present.drops,
            mends=present.mends,
            left=present.left,
            detail=detail,
            is_checked=is_checked,
        )

    def _told(self, stage: str, done: int, total: int, unit: str) -> Iterator[Progressed]:
        """A progress event, at most ten a second."""
        now = time.monotonic()
        if now - self._last_event >= _EVENTS_APART or done == total:
            self._last_event = now
            yield Progressed(stage, done, total, unit)


_WEIGHTS = {harm.name: harm.weight for harm in HARMS}


def _by_harm(tiles: Sequence[Tile]) -> list[Tile]:
    """What harms most now first, then what harmed most before, then in the order of the kinds."""
    return sorted(tiles, key=lambda tile: (-_WEIGHTS[tile.name] * tile.now, -_WEIGHTS[tile.name] * tile.before))


def _learned(seen: _Seen) -> Mapping[str, Step]:
    return {SURVEYING: pickle.loads(seen.learned)} if seen.learned else {}  # noqa: S301 - our own


def _over_the_set(recipe: Recipe) -> Recipe:
    """The recipe with every step off but those over the set, as they drop all that is one too many."""
    steps = tuple(_switched(choice) for choice in without_steps(recipe).steps)
    return replace(recipe, steps=steps, edits=())


def _switched(choice: StepChoice) -> StepChoice:
    match choice.name:
        case "exact_duplicates" | "near_duplicates":
            return replace(choice, enabled=True)
        case "shared_targets":
            return replace(choice, enabled=True, options={"policy": "keep-one"})
    return choice


def _take_gone(raw: Counts, pairs: RawPairs, gone: Sequence[GonePair]) -> None:
    for reason, index, _, record_id in gone:
        raw.tallies[_TILE_OF_REASON[reason]].add(pairs.id_of(index), record_id)


assert set(OVER_THE_SET) == set(_TILE_OF_REASON.values())
