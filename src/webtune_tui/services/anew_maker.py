"""Examples written anew from the stored records. Blocking; a program of its own does it for the app.

The cleaned fields of a record are kept nowhere, so they are made again: by the same steps, which are shown the same
sample of the records as preparing shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from webtune_tui.pipeline.anew import GONE, NO_RECORD, SEVERAL_RECORDS, Anew, Wanted, Written
from webtune_tui.pipeline.base import Draft, Step, Surveying
from webtune_tui.pipeline.recipe import Recipe
from webtune_tui.pipeline.run import Assembly, draft_steps
from webtune_tui.pipeline.template import ChatTemplate
from webtune_tui.pipeline.tokens import TokenCounter
from webtune_tui.services.prepare_map import drafts_of_rows
from webtune_tui.services.survey_sample import SurveySample
from webtune_tui.storage.database import Database
from webtune_tui.storage.live_records import RecordQueries

_AT_ONCE = 32  # a record may have megabytes
_KEPT_SURVEYS = 8

Asked = tuple[str, tuple[int, ...]]
"""An example's id and those of its records."""


class AnewMaker:
    """Writes examples of one workspace anew; what the surveying steps learned is kept for the next template."""

    def __init__(self, database: Database, counter: TokenCounter) -> None:
        self._records = RecordQueries(database)
        self._counter = counter
        self._anew: tuple[object, Anew] | None = None
        self._learned: dict[object, tuple[Step, ...]] = {}

    def made(self, recipe: Recipe, template: ChatTemplate, asked: Sequence[Asked]) -> list[Written | str]:
        """What each example becomes, or why it is left as it is."""
        wanted = (recipe, template, self._records.extent())
        if self._anew is None or self._anew[0] != wanted:
            self._anew = (wanted, Anew(recipe, template, self._counter, self._steps_of))
        found: list[Written | str] = []
        for start in range(0, len(asked), _AT_ONCE):
            found += self._made(self._anew[1], asked[start : start + _AT_ONCE])
        return found

    def _made(self, anew: Anew, asked: Sequence[Asked]) -> list[Written | str]:
        drafts = self._drafts(sorted({ids[0] for _, ids in asked if len(ids) == 1}))
        found: list[Written | str] = [_without_record(ids, drafts) for _, ids in asked]
        able = [at for at, why in enumerate(found) if not why]
        written = anew.written([Wanted(asked[at][0], drafts[asked[at][1][0]]) for at in able])
        for at, one in zip(able, written, strict=True):
            found[at] = one
        return found

    def _drafts(self, record_ids: Sequence[int]) -> dict[int, Draft]:
        """Records as preparing sees them: equal keys are numbered."""
        drafts = drafts_of_rows(self._records.with_ids(record_ids))
        numbers = self._records.numbers_of_keys([draft.key for draft in drafts])
        return {
            one.record_id: one.evolved(key=f"{one.key}\n{numbers[one.record_id]}") if one.record_id in numbers else one
            for one in drafts
        }

    # What steps learn from a sample

    def _steps_of(self, recipe: Recipe) -> tuple[Step, ...]:
        steps = draft_steps(recipe, self._counter)
        open_places = [number for number, step in enumerate(steps) if _is_taught(step)]
        if not open_places:
            return steps
        # an example step would see what the whole template makes; the steps before it see the fields that it takes
        is_early = all(steps[number].stage == "record" for number in open_places)
        shown = (recipe.templates.fields if is_early and recipe.templates else recipe.templates, recipe.build)
        setting = (repr(recipe.steps), shown, recipe.kept_ids, self._records.extent())
        if setting not in self._learned:
            if len(self._learned) >= _KEPT_SURVEYS:
                self._learned.clear()
            sample = SurveySample(self._records)
            for number in open_places:
                step = cast("Surveying", steps[number])
                before = Assembly(recipe, self._counter, steps=steps[:number], with_sketches=False)
                learned = step.learned(self._observed(step, before, sample))
                steps = (*steps[:number], cast("Step", learned), *steps[number + 1 :])
            self._learned[setting] = steps
        return self._learned[setting]

    def _observed(self, step: Surveying, before: Assembly, sample: SurveySample) -> Iterator[object]:
        stage = cast("Step", step).stage
        for portion in sample.portions(step):
            yield step.observe(before.seen(list(self._drafts(portion).values()), stage))


def _is_taught(step: Step) -> bool:
    """Whether a step must see a sample before it can judge a record as preparing does."""
    wants = isinstance(step, Surveying) and getattr(step, "needs_survey", True)
    return wants and not getattr(step, "only_reports", False)


def _without_record(record_ids: Sequence[int], drafts: dict[int, Draft]) -> str:
    if not record_ids:
        return NO_RECORD
    if len(record_ids) > 1:
        return SEVERAL_RECORDS
    return "" if record_ids[0] in drafts else GONE
