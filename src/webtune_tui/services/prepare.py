"""Preparing: the recipe turns the workspace's records into a dataset version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webtune_tui.domain.datasets import Cluster, DroppedRecord
from webtune_tui.domain.errors import StorageFailed
from webtune_tui.domain.events import PrepareEvent
from webtune_tui.domain.examples import Example, Split
from webtune_tui.domain.options import Option, options_of
from webtune_tui.domain.record_titles import TITLE_FIELDS
from webtune_tui.pipeline.base import Dropped
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.recipe import StepChoice, parse_recipe, step_class
from webtune_tui.pipeline.run import Assembly, example_id
from webtune_tui.pipeline.template import as_text
from webtune_tui.services.bridge import lines_of_program
from webtune_tui.services.prepare_map import drafts_of
from webtune_tui.services.prepare_request import PrepareRequest
from webtune_tui.services.prepare_shards import discard_left
from webtune_tui.services.prepare_worker import read_event, request_line
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.token_child import child_counter
from webtune_tui.settings import Settings, models_folder
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import LiveRecord, RecordQueries
from webtune_tui.storage.recipe_file import parse_toml
from webtune_tui.storage.workspace import Workspace

WORKER = "webtune_tui.services.prepare_worker"


@dataclass(frozen=True, slots=True)
class StepDescription:
    """One step for forms, help and ``recipe steps``: its options with defaults and words."""

    name: str
    title: str
    enabled: bool
    is_default: bool
    options: Sequence[Mapping[str, Any]]
    stage: str = ""
    order: int = 0


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What would become of one record: an example, or the reason why not."""

    record_id: int
    title: str
    example: Example | None
    reason: str = ""


class PrepareService:
    """The recipe of a workspace and its runs."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._store = DatasetStore(workspace.database)
        self._recipes = Recipes(workspace.recipe_path, self._store)

    async def run(
        self,
        *,
        recipe: Path | None = None,
        seed: int | None = None,
        sample: int | None = None,
        workers: int | None = None,
    ) -> AsyncGenerator[PrepareEvent, None]:
        """Replays the recipe on all records; ends with Prepared. A cancelled run leaves the last version whole.

        Raises:
            InvalidInput: there are no records, or the recipe does not fit.
        """
        request = PrepareRequest(recipe=recipe, seed=seed, sample=sample, workers=workers)
        asked = request_line(self._workspace.root, self._settings.base_model, models_folder(), request)
        if self._workspace.read_only:
            raise StorageFailed(
                f"{self._workspace.root} is open read-only", hint="Close the other webtune that uses it."
            )
        try:
            async with aclosing(lines_of_program(WORKER, asked)) as lines:
                async for line in lines:
                    yield read_event(line)
        finally:
            await asyncio.to_thread(self._discard_unfinished)

    async def recipe(self) -> Mapping[str, Any]:
        """The workspace's recipe as plain values; the default one where there is none yet."""
        recipe = await asyncio.to_thread(self._recipes.recipe)
        return recipe.to_plain()

    async def set_option(self, assignments: Mapping[str, str]) -> Sequence[str]:
        """Sets keys such as ``steps.length.minimum`` in ``recipe.toml``; answers the changed keys.

        Raises:
            UsageError: an unknown key or a value that does not fit; nothing is written.
        """
        return await asyncio.to_thread(self._recipes.set_values, assignments)

    async def steps(self) -> Sequence[StepDescription]:
        """Every step in order, with what this recipe says of it."""
        return await asyncio.to_thread(self._steps)

    async def preview(self, assignments: Mapping[str, str], *, limit: int = 20) -> Sequence[PreviewRow]:
        """What the recipe with these changes would make of some real records; stores nothing."""
        return await asyncio.to_thread(self._preview, assignments, limit)

    async def dropped(self, reason: str | None = None, *, limit: int = 200) -> Sequence[DroppedRecord]:
        """The records of the newest run that made no example."""
        return await asyncio.to_thread(self._dropped, reason, limit)

    async def clusters(self, *, limit: int = 20) -> Sequence[Cluster]:
        """The examples that stayed for dropped duplicates of the newest run, the largest clusters first."""

        def read() -> list[Cluster]:
            head = self._store.head()
            return self._store.clusters(head.build, limit) if head else []

        return await asyncio.to_thread(read)

    def _discard_unfinished(self) -> None:
        self._store.discard_unfinished()
        discard_left(self._workspace.root)

    def _steps(self) -> list[StepDescription]:
        recipe = self._recipes.recipe()
        return [
            StepDescription(
                name=choice.name,
                title=step_class(choice.name).title,
                enabled=choice.enabled,
                is_default=step_class(choice.name).is_default,
                options=[_told(declared, choice) for declared in options_of(step_class(choice.name))],
                stage=step_class(choice.name).stage,
                order=choice.place[1],
            )
            for choice in recipe.steps
        ]

    def _preview(self, assignments: Mapping[str, str], limit: int) -> list[PreviewRow]:
        text = self._recipes.changed_text(assignments)
        recipe = parse_recipe(parse_toml(text, "The recipe"), where="The recipe")
        counter = child_counter(self._settings.base_model, models_folder())
        assembly = Assembly(recipe, counter, with_sketches=False)
        rows = RecordQueries(self._workspace.database).sample(limit)
        return [_previewed(row, assembly) for row in rows]

    def _dropped(self, reason: str | None, limit: int) -> list[DroppedRecord]:
        head = self._store.head()
        return self._store.dropped(head.build, reason, limit) if head else []


def _told(declared: Option, choice: StepChoice) -> Mapping[str, Any]:
    return {
        "name": declared.name,
        "label": declared.label,
        "help": declared.help,
        "type": declared.kind.__name__,
        "default": declared.default,
        "value": choice.options.get(declared.name, declared.default),
        "choices": list(declared.choices),
        "minimum": declared.minimum,
        "maximum": declared.maximum,
    }


def _previewed(row: LiveRecord, assembly: Assembly) -> PreviewRow:
    (draft,) = drafts_of([row])
    title = as_text(Columns(draft.fields).get(*TITLE_FIELDS)) or row.url or row.key
    outcome = assembly.outcomes(draft)[0]
    if isinstance(outcome, Dropped):
        return PreviewRow(row.record_id, title, None, outcome.reason)
    example = Example(
        example_id=example_id(outcome.key, outcome.part),
        split=Split.TRAIN,
        messages=outcome.messages,
        tokens=outcome.tokens,
        flags=outcome.flags,
        record_ids=(row.record_id,),
        source=row.source,
    )
    return PreviewRow(row.record_id, title, example)
