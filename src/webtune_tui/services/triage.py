"""Triage: ten kinds of harm in the workspace's records, counted in one pass, each with its rows and its fix."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from webtune_tui.domain.events import Progressed
from webtune_tui.domain.record_titles import TITLE_FIELDS
from webtune_tui.domain.triage import Tile, TriageReport, TriageRow
from webtune_tui.pipeline.columns import Columns
from webtune_tui.pipeline.template import as_text
from webtune_tui.services.bridge import lines_of_program
from webtune_tui.services.program_side import failure
from webtune_tui.services.recipes import Recipes
from webtune_tui.services.triage_marks import recipe_mark, records_mark
from webtune_tui.settings import Settings, models_folder
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

WORKER = "webtune_tui.services.triage_worker"
_KEPT = "triage"


@dataclass(frozen=True, slots=True)
class Triaged:
    """The last event of a triage."""

    report: TriageReport


TriageEvent = Progressed | Triaged


@dataclass(frozen=True, slots=True)
class KeptTriage:
    """The newest report, and what changed since it was made."""

    report: TriageReport
    have_records_changed: bool
    has_recipe_changed: bool
    has_version_changed: bool

    @property
    def is_stale(self) -> bool:
        """Whether another look would tell something else."""
        return self.have_records_changed or self.has_recipe_changed or self.has_version_changed


@dataclass(frozen=True, slots=True)
class HarmedRow:
    """One row of a tile: whether the working version has it, and whether it has the harm there too."""

    example_id: str
    record_id: int
    title: str
    is_in_version: bool
    is_harmed_now: bool = False


class TriageService:
    """Triage on one workspace. The report holds ids and counts alone: no text of a record."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)

    async def run(self, *, workers: int | None = None) -> AsyncGenerator[TriageEvent, None]:
        """Looks at all records; ends with Triaged, which is kept where the workspace can be written.

        The report is the same with any number of ``workers``; without it there are as many as the processors.

        Raises:
            InvalidInput: there are no records.
        """
        request = {
            "workspace": str(self._workspace.root),
            "base_model": self._settings.base_model,
            "models": str(models_folder()),
            "workers": workers,
        }
        async with aclosing(lines_of_program(WORKER, json.dumps(request).encode() + b"\n")) as lines:
            async for line in lines:
                kind, body = json.loads(line)
                match kind:
                    case "progressed":
                        yield Progressed(**body)
                    case "triaged":
                        if not self._workspace.read_only:
                            await asyncio.to_thread(self._store.set_meta, {_KEPT: json.dumps(body)})
                        yield Triaged(report_from(body))
                    case _:
                        raise failure(body)

    async def newest(self) -> KeptTriage | None:
        """The report that was kept last; ``None`` before the first."""
        return await asyncio.to_thread(self._newest)

    async def rows(self, tile: Tile) -> Sequence[HarmedRow]:
        """The rows of a tile that are known, those that are in the version first."""
        return await asyncio.to_thread(self._rows, tile)

    def _newest(self) -> KeptTriage | None:
        text = self._store.meta(_KEPT)
        if not text:
            return None
        report = report_from(json.loads(text))
        head = self._store.head()
        recipe = Recipes(self._workspace.recipe_path, self._store).recipe()
        return KeptTriage(
            report,
            have_records_changed=report.records_mark != records_mark(self._workspace.database),
            has_recipe_changed=report.recipe_mark != recipe_mark(recipe),
            has_version_changed=report.content_hash != (head.content_hash if head else ""),
        )

    def _rows(self, tile: Tile) -> list[HarmedRow]:
        wanted: list[TriageRow] = list(dict.fromkeys([*tile.rows_left, *tile.rows]))
        origins = self._records.origins(list(dict.fromkeys(record_id for _, record_id in wanted)))
        titles = {one.record_id: _title(one.fields) or one.url or f"record {one.position:,}" for one in origins}
        head = self._store.head()
        alive = self._store.by_ids(head, [one for one, _ in wanted]) if head else {}
        return [
            HarmedRow(one, record_id, titles[record_id], one in alive, (one, record_id) in tile.rows_left)
            for one, record_id in wanted
            if record_id in titles
        ]


def report_from(body: Mapping[str, Any]) -> TriageReport:
    """The report of its JSON."""
    return TriageReport(**{**body, "tiles": tuple(_tile(one) for one in body["tiles"])})


def _tile(body: Mapping[str, Any]) -> Tile:
    rows = {name: tuple((one, record_id) for one, record_id in body[name]) for name in ("rows", "rows_left")}
    return Tile(**{**body, **rows})


def _title(fields: Mapping[str, Any]) -> str:
    return as_text(Columns(fields).get(*TITLE_FIELDS))[:200]
