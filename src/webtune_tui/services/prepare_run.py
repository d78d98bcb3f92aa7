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
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from typing import cast

import numpy as np
import numpy.typing as npt

from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import Noted, Prepared, PrepareEvent, Progressed
from webtune_tui.pipeline.anew import with_kept
from webtune_tui.pipeline.base import Step, Surveying
from webtune_tui.pipeline.concentration import MOST_ANSWERS, phrases_beside
from webtune_tui.pipeline.corpus import Corpus
from webtune_tui.pipeline.group_splits import places_of
from webtune_tui.pipeline.languages import detector
from webtune_tui.pipeline.recipe import Recipe, with_seed
from webtune_tui.pipeline.run import draft_steps
from webtune_tui.pipeline.split import FrozenTest, SplitPlan, random_split_rate
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.anew_maker import AnewMaker
from webtune_tui.services.editor import Editor
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
from webtune_tui.storage.workspace import Workspace

_RANGE = 1_000  # records that a process takes at a time
_EVENTS_APART = 0.1  # seconds
_SHOWN_IDS = 5


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
        recipe, text = self._recipes.load(self._request.recipe)
        recipe = self._with_border(with_seed(recipe, self._request.seed))
        recipe = with_stored_questions(recipe, self._workspace)
        total = self._records.count()
        if total == 0:
            raise InvalidInput(
                "There are no records to prepare", hint="Bring some: webtune collect brightdata, or webtune import FILE"
            )
        waiting = Shards()
        try:
            yield from self._prepare(recipe, text, waiting, total, started)
        finally:
            waiting.close()
            discard_left(self._workspace.root)

    def _prepare(
        self, recipe: Recipe, text: str, waiting: Shards, total: int, started: float
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
        tally = Tally()
        corpus = Corpus(recipe, waiting.text)
        steps = draft_steps(recipe, self._counter)
        sample = SurveySample(self._records, only) if any(map(_wants_survey, steps)) else None
        workers = self._request.workers or workers_for(wanted)
        with PartPool(setting, workers, let_go=self._workspace.database.disconnect) as pool:
            if sample is not None:
                steps = yield from self._learned(steps, sample, pool, tally)
            yield from self._map(steps, pool, waiting, corpus, tally, wanted)
            places = pool.beside(places_of, recipe.split.seed, corpus.example_ids.tolist())
            for done, parts in corpus.decide():
                yield from self._told("comparing", done, parts, "parts")
            yield from self._finish(recipe, text, waiting, corpus, tally, pool, places, started)

    def _finish(
        self,
        recipe: Recipe,
        text: str,
        waiting: Shards,
        corpus: Corpus,
        tally: Tally,
        pool: PartPool,
        places: Callable[[], npt.NDArray[np.float64]],
        started: float,
    ) -> Generator[PrepareEvent, None, None]:
        """Decides what stays in which split, and stores it unless that is what there is already."""
        tally.left_out = mixed(recipe, corpus, tally)
        random_rate = pool.beside(random_split_rate, corpus.cluster_sizes(), len(corpus), recipe.split)
        splitting = Splitting(corpus, recipe.split, self._store, tally.left_out, places())
        concentration = phrases_beside(tally.concentration, splitting.stays, pool.beside)
        if not splitting.stays.any():
            yield Noted("No record makes an example; see the reasons", level="warn")
        build = None
        digest = result_digest(splitting, corpus, tally)
        took_over = self._recipes.take_over(recipe)
        head = self._store.head()
        told = self._store.build_report(head.build) if head else None
        if head and told and told.result_digest == digest and told.encoding == self._counter.encoding and not took_over:
            revision = head
        else:
            build = self._store.begin_build()
            try:
                totals = yield from self._store_build(recipe, build, waiting, splitting, corpus, tally)
            except BaseException:
                self._store.discard_unfinished()
                raise
            revision = self._store.seal(build, totals, self._counter.encoding)
            if tells_languages(recipe):
                self._facts.note_known(Extent(build, revision.revision, True), self._facts.deletions())
            revision = self._replay(recipe, revision, tally)
        text = self._final_text(recipe, text, splitting.frozen)
        tally.notes += unknown_fields(recipe.templates, self._records)
        tally.notes += _what_stays_frozen(recipe.split)
        report = report_of(
            recipe,
            revision,
            splitting,
            corpus,
            tally,
            dropped=self._store.dropped_counts(revision.build),
            dropped_steps=self._store.dropped_steps(revision.build),
            tokens_per_split=(self._store.tokens_per_split(revision) if recipe.edits else splitting.sums(tally.tokens)),
            encoding=self._counter.encoding,
            random_rate=random_rate(),
        )
        seconds = round(time.monotonic() - started, 3)
        report = replace(report, concentration=concentration(), seconds=seconds)
        kept_of_run = BuildReport(text, self._counter.encoding, json.dumps(asdict(report)), digest)
        if build is None:
            self._store.update_report(revision.build, kept_of_run)
        else:
            self._store.publish(build, kept_of_run)
        if self._recipes.adopt(text):
            yield Noted("The recipe of the workspace was replaced; the one before is recipe.previous.toml")
        for note in report.notes:
            yield Noted(note, level="warn")
        yield Prepared(report)

    # First pass

    def _map(
        self, steps: tuple[Step, ...], pool: PartPool, waiting: Shards, corpus: Corpus, tally: Tally, wanted: int
    ) -> Iterator[PrepareEvent]:
        chosen = pickle.dumps(steps)
        cuts = self._records.cuts(_RANGE)
        ranges = (KeyRange(chosen, first, end) for first, end in zip([None, *cuts], [*cuts, None], strict=True))
        for parts in pool.parts(ranges):
            for part in parts:
                tally.add(part, len(corpus))
                corpus.add(part.columns)
                waiting.add(part.section)
            yield from self._told("reading", tally.records, wanted, "records")

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

    def _store_build(
        self, recipe: Recipe, build: int, waiting: Shards, splitting: Splitting, corpus: Corpus, tally: Tally
    ) -> Generator[PrepareEvent, None, Totals]:
        if tells_languages(recipe):
            self._facts.use_detector(detector())
        rows = Rows(waiting, splitting, corpus)
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

    def _replay(self, recipe: Recipe, revision: Revision, tally: Tally) -> Revision:
        """Applies the recipe's edits one by one, so that each can be undone."""
        stored = [edit for edit in self._store.edits() if edit.state == "applied"]
        missing: list[str] = []
        editor, maker = Editor(self._workspace), AnewMaker(self._workspace.database, self._counter)
        for number, (edit, kept) in enumerate(zip(recipe.edits, stored, strict=True)):
            before = with_kept(replace(recipe, edits=recipe.edits[:number]))
            replayed = editor.replay(edit, kept.edit_id, revision, self._counter, partial(maker.made, before))
            revision = replayed.revision
            missing += replayed.missing
            tally.notes += [replayed.note] if replayed.note else []
        if missing:
            shown = ", ".join(missing[:_SHOWN_IDS]) + (" …" if len(missing) > _SHOWN_IDS else "")
            tally.notes.append(f"{len(missing)} edited examples no longer exist: {shown}")
        return revision

    # The border of the test split

    def _with_border(self, recipe: Recipe) -> Recipe:
        """The recipe with its test border where that still binds: for the same seed and share, or for good."""
        split = recipe.split
        if split.frozen is None:
            return recipe
        if _is_same_border(split, split.frozen) or self._store.has_fixed():
            return recipe
        return replace(recipe, split=replace(split, frozen=None))

    def _final_text(self, recipe: Recipe, text: str, frozen: FrozenTest | None) -> str:
        """The recipe's text as it must stand to give this result again."""
        if frozen is None or self._request.sample is not None:
            return text
        before, _ = self._recipes.load(self._request.recipe)
        if before.split.frozen == frozen and before.split.seed == recipe.split.seed:
            return text
        return self._recipes.freeze(text, frozen, recipe.split.seed)


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
