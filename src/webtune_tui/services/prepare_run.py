"""One run of prepare, blocking: records are streamed twice past bounded memory, events tell how far it is.

First every record goes through the recipe's steps and builder, in as many processes as asked for; the examples wait in
nameless files in the workspace, their signatures in memory. Then duplicates and splits are decided, and what stays is
stored as a new build that nobody sees before it is whole.
"""

from __future__ import annotations

import json
import pickle
import random
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Noted, Prepared, PrepareEvent, Progressed
from webtune_tui.pipeline.base import Step, Surveying
from webtune_tui.pipeline.concentration import MOST_ANSWERS, phrases_beside
from webtune_tui.pipeline.corpus import Corpus
from webtune_tui.pipeline.group_splits import places_of
from webtune_tui.pipeline.languages import detector
from webtune_tui.pipeline.recipe import Recipe, with_seed
from webtune_tui.pipeline.run import draft_steps
from webtune_tui.pipeline.split import FrozenTest, SplitPlan, random_split_rate
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.prepare_edits import RunEdits
from webtune_tui.services.prepare_part import KeyRange, Setting, Sighting, tells_languages
from webtune_tui.services.prepare_pool import PartPool
from webtune_tui.services.prepare_processes import workers_for
from webtune_tui.services.prepare_report import mixed, report_of
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_rows import Rows, gone_rows, result_digest
from webtune_tui.services.prepare_shards import Shards, discard_left
from webtune_tui.services.prepare_split import Splitting
from webtune_tui.services.prepare_tally import Tally
from webtune_tui.services.question_texts import with_stored_questions
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.survey_sample import SurveySample
from webtune_tui.services.template_fields import unknown_fields
from webtune_tui.storage.body_facts import Extent, KeptFacts
from webtune_tui.storage.dataset_types import BuildReport, Revision, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.recipe_file import with_edits
from webtune_tui.storage.workspace import Workspace

_RANGE = 1_000  # records that a process takes at a time
_EVENTS_APART = 0.1  # seconds
_SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class Begun:
    """What a run was asked to replay: the recipe and its text."""

    recipe: Recipe
    text: str


@dataclass(slots=True)
class Gathered:
    """What the passes of a run bring together."""

    waiting: Shards
    corpus: Corpus
    tally: Tally


class PrepareRun:
    """One run on a workspace that is open for writing."""

    def __init__(self, workspace: Workspace, counter: TokenCounter, request: PrepareRequest) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._facts = KeptFacts(workspace.database)
        self._records = RecordQueries(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)
        self._counter = counter
        self._request = request
        self._last_event = 0.0

    def events(self) -> Generator[PrepareEvent, None, None]:
        """The whole run; ends with Prepared.

        Raises:
            InvalidInput: there are no records. UsageError: the recipe does not fit.
        """
        started = time.monotonic()
        self._store.discard_unfinished()
        self._recipes.recover()
        edits = RunEdits(self._workspace, self._counter, self._recipes, is_own=self._request.recipe is None)
        begun = Begun(*self._recipes.load(self._request.recipe))
        recipe = self._with_border(with_seed(begun.recipe, self._request.seed))
        recipe = with_stored_questions(recipe, self._workspace)
        total = self._records.count()
        if total == 0:
            raise InvalidInput(
                "There are no records to prepare", hint="Bring some: webtune collect brightdata, or webtune import FILE"
            )
        waiting = Shards()
        try:
            yield from self._prepare(recipe, begun, edits, waiting, total, started)
        finally:
            waiting.close()
            discard_left(self._workspace.root)

    def _prepare(
        self, recipe: Recipe, begun: Begun, edits: RunEdits, waiting: Shards, total: int, started: float
    ) -> Generator[PrepareEvent, None, None]:
        only = self._sampled(recipe.split.seed)
        wanted = len(only) if only is not None else total
        setting = Setting(
            self._workspace.database.path,
            self._workspace.root,
            recipe,
            self._counter,
            only,
            max(wanted // MOST_ANSWERS, 1),
        )
        gathered = Gathered(waiting, Corpus(recipe, waiting.text), Tally())
        steps = draft_steps(recipe, self._counter)
        sample = SurveySample(self._records, only) if any(map(_wants_survey, steps)) else None
        workers = self._request.workers or workers_for(wanted)
        with PartPool(setting, workers, let_go=self._workspace.database.disconnect) as pool:
            if sample is not None:
                steps = yield from self._learned(steps, sample, pool, gathered.tally)
            yield from self._map(steps, pool, gathered, wanted)
            places = pool.beside(places_of, recipe.split.seed, gathered.corpus.example_ids.tolist())
            for done, parts in gathered.corpus.decide():
                yield from self._told("comparing", done, parts, "parts")
            yield from self._finish(recipe, begun, edits, gathered, pool, places, started)

    def _finish(
        self,
        recipe: Recipe,
        begun: Begun,
        edits: RunEdits,
        gathered: Gathered,
        pool: PartPool,
        places: Callable[[], npt.NDArray[np.float64]],
        started: float,
    ) -> Generator[PrepareEvent, None, None]:
        """Decides what stays in which split, and stores it unless that is what there is already."""
        corpus, tally = gathered.corpus, gathered.tally
        tally.left_out = mixed(recipe, corpus, tally)
        random_rate = pool.beside(random_split_rate, corpus.cluster_sizes(), len(corpus), recipe.split)
        splitting = Splitting(corpus, recipe.split, self._store, tally.left_out, places())
        concentration = phrases_beside(tally.concentration, splitting.stays, pool.beside)
        if not splitting.stays.any():
            yield Noted("No record makes an example; see the reasons", level="warn")
        digest = result_digest(splitting, corpus, tally)
        recipe, took_over = edits.taken_over(recipe)
        same = None if took_over else self._head_like(digest)
        built = same or (yield from self._stored(recipe, gathered, splitting))
        border = self._new_border(begun, recipe, splitting.frozen)
        random_share, concentrated = random_rate(), concentration()
        is_published = False
        while not is_published:  # until nothing was edited in between
            revision = same or edits.catch_up(recipe, built)
            recipe = edits.current(recipe)
            report = replace(
                self._report(recipe, revision, splitting, gathered, random_share, edits.notes()),
                concentration=concentrated,
                seconds=round(time.monotonic() - started, 3),
            )
            text = self._final_text(begun, recipe, border)
            kept_of_run = BuildReport(text, self._counter.encoding, json.dumps(asdict(report)), digest)
            is_published = self._published(revision, kept_of_run, None if same else edits.replayed_ids)
            built = revision
        yield from self._settled(begun, text, recipe, border)
        for note in report.notes:
            yield Noted(note, level="warn")
        yield Prepared(report)

    def _head_like(self, digest: str) -> Revision | None:
        """The working version where its build has this result already."""
        head = self._store.head()
        told = self._store.build_report(head.build) if head else None
        is_same = told is not None and (told.result_digest, told.encoding) == (digest, self._counter.encoding)
        return head if is_same else None

    def _published(self, revision: Revision, told: BuildReport, replayed: Sequence[int] | None) -> bool:
        """Makes a new build, which has these edits, the working version; not where others hold by now.

        Without edits the build is the working version's and only what is told of it changes.
        """
        if replayed is None:
            self._store.update_report(revision.build, told)
            return True
        return self._store.publish(revision.build, told, replayed) is not None

    def _report(
        self,
        recipe: Recipe,
        revision: Revision,
        splitting: Splitting,
        gathered: Gathered,
        random_rate: float,
        notes: Iterable[str],
    ) -> PrepareReport:
        tokens = gathered.tally.tokens
        return report_of(
            recipe,
            revision,
            splitting,
            gathered.corpus,
            gathered.tally,
            dropped=self._store.dropped_counts(revision.build),
            dropped_steps=self._store.dropped_steps(revision.build),
            tokens_per_split=self._store.tokens_per_split(revision) if recipe.edits else splitting.sums(tokens),
            encoding=self._counter.encoding,
            random_rate=random_rate,
            notes=[*notes, *unknown_fields(recipe.templates, self._records), *_what_stays_frozen(recipe.split)],
        )

    # First pass

    def _map(self, steps: tuple[Step, ...], pool: PartPool, gathered: Gathered, wanted: int) -> Iterator[PrepareEvent]:
        chosen = pickle.dumps(steps)
        cuts = self._records.cuts(_RANGE)
        ranges = (KeyRange(chosen, first, end) for first, end in zip([None, *cuts], [*cuts, None], strict=True))
        for parts in pool.parts(ranges):
            for part in parts:
                gathered.tally.add(part, len(gathered.corpus))
                gathered.corpus.add(part.columns)
                gathered.waiting.add(part.section)
            yield from self._told("reading", gathered.tally.records, wanted, "records")

    def _learned(
        self, steps: tuple[Step, ...], sample: SurveySample, pool: PartPool, tally: Tally
    ) -> Generator[PrepareEvent, None, tuple[Step, ...]]:
        """The steps, the surveying ones with what a sample of the records showed."""
        for number in [number for number, step in enumerate(steps) if _wants_survey(step)]:
            portions = sample.portions(cast("Surveying", steps[number]))
            total, done = sum(map(len, portions)), 0
            chosen = pickle.dumps(steps)
            observed = []
            for portion, answer in zip(
                portions, pool.sightings(Sighting(chosen, number, portion) for portion in portions), strict=True
            ):
                observed.append(answer)
                done += len(portion)
                yield from self._told("surveying", done, total, "records")
            step = steps[number].learned(observed)  # type: ignore[attr-defined]  # it is a surveying one
            steps = (*steps[:number], step, *steps[number + 1 :])
            if found := list(step.findings()):
                tally.findings[step.name] = found
        return steps

    def _sampled(self, seed: int) -> frozenset[int] | None:
        if self._request.sample is None:
            return None
        ids = self._records.ids_in_order()
        return frozenset(random.Random(seed).sample(ids, min(self._request.sample, len(ids))))

    def _told(self, stage: str, done: int, total: int, unit: str) -> Iterator[PrepareEvent]:
        """A progress event, at most ten a second."""
        now = time.monotonic()
        if now - self._last_event >= _EVENTS_APART or done == total:
            self._last_event = now
            yield Progressed(stage, done, total, unit)

    # Second pass

    def _stored(
        self, recipe: Recipe, gathered: Gathered, splitting: Splitting
    ) -> Generator[PrepareEvent, None, Revision]:
        """The first revision of a new build, which nobody sees yet."""
        build = self._store.begin_build()
        try:
            totals = yield from self._store_build(recipe, build, gathered, splitting)
        except BaseException:
            self._store.discard_unfinished()
            raise
        revision = self._store.seal(build, totals, self._counter.encoding)
        if tells_languages(recipe):
            self._facts.note_known(Extent(build, revision.revision, True), self._facts.deletions())
        return revision

    def _store_build(
        self, recipe: Recipe, build: int, gathered: Gathered, splitting: Splitting
    ) -> Generator[PrepareEvent, None, Totals]:
        if tells_languages(recipe):
            self._facts.use_detector(detector())
        corpus, tally = gathered.corpus, gathered.tally
        rows = Rows(gathered.waiting, splitting, corpus)
        total = int(np.count_nonzero(splitting.stays))
        with ThreadPoolExecutor(1) as thread:  # SQLite works beside what makes the rows
            storing: Future[None] | None = None
            for batch, facts in rows.batches():
                if storing is not None:
                    storing.result()
                storing = thread.submit(self._store.add_rows, build, batch, facts)
                yield from self._told("storing", rows.done, total, "examples")
            if storing is not None:
                storing.result()
        self._store.add_dropped(build, tally.dropped)
        self._store.add_dropped(build, gone_rows(splitting, corpus, tally))
        yield from self._told("storing", total, total, "examples")
        return rows.totals()

    # The border of the test split

    def _with_border(self, recipe: Recipe) -> Recipe:
        """The recipe with its test border where that still binds: for the same seed and share, or for good."""
        split = recipe.split
        if split.frozen is None:
            return recipe
        if _is_same_border(split, split.frozen) or self._store.has_fixed():
            return recipe
        return replace(recipe, split=replace(split, frozen=None))

    def _new_border(self, begun: Begun, recipe: Recipe, frozen: FrozenTest | None) -> FrozenTest | None:
        """The border that the recipe must be given to give this result again."""
        if frozen is None or self._request.sample is not None:
            return None
        is_there = begun.recipe.split.frozen == frozen and begun.recipe.split.seed == recipe.split.seed
        return None if is_there else frozen

    def _final_text(self, begun: Begun, recipe: Recipe, border: FrozenTest | None) -> str:
        """The recipe's text as it must stand to give this result again."""
        text = begun.text if border is None else self._recipes.freeze(begun.text, border, recipe.split.seed)
        now = [edit.to_plain() for edit in recipe.edits]
        return text if now == [edit.to_plain() for edit in begun.recipe.edits] else with_edits(text, now)

    def _settled(self, begun: Begun, text: str, recipe: Recipe, border: FrozenTest | None) -> Iterator[PrepareEvent]:
        """Makes what was replayed the workspace's recipe, and tells what that replaced or what waits."""
        if self._request.recipe is not None:
            if self._recipes.adopt(text):
                yield Noted("The recipe of the workspace was replaced; the one before is recipe.previous.toml")
        elif self._recipes.settle(text, begun.text, border, recipe.split.seed):
            yield Noted("The recipe was changed during the run; the next prepare uses it as it is now")


def _is_same_border(split: SplitPlan, frozen: FrozenTest) -> bool:
    return frozen.seed == split.seed and abs(frozen.share - split.test) < 1e-9


def _what_stays_frozen(split: SplitPlan) -> list[str]:
    """A note where another test split is asked for than the one that binds for good."""
    if split.frozen is None or _is_same_border(split, split.frozen):
        return []
    return [
        f"The test split stays as it was when a version was first exported or trained on: seed {split.frozen.seed},"
        f" share {split.frozen.share:g}, whatever seed {split.seed} and test {split.test:g} would draw"
    ]


def _wants_survey(step: Step) -> bool:
    return isinstance(step, Surveying) and getattr(step, "needs_survey", True)
