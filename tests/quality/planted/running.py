"""Runs the corpus through the product's own doors (import, prepare, export) and reads what came of each record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from tests.quality.planted.corpus import write
from tests.quality.planted.key import Corpus
from webtune_tui.bootstrap import open_services
from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.events import Prepared
from webtune_tui.settings import Settings

_MOST = 100_000


@dataclass(frozen=True)
class Taught:
    """An exported example."""

    split: str
    prompt: str
    answer: str
    flags: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """Prompt and answer."""
        return f"{self.prompt}\n{self.answer}"


@dataclass(frozen=True)
class Outcome:
    """What became of the records, by the name that the answer key gives them."""

    report: PrepareReport
    reasons: dict[str, str]
    taught: dict[str, Taught]


def prepared(corpus: Corpus, folder: Path, settings: dict[str, str] | None = None) -> Outcome:
    """Imports, prepares and exports the corpus in a new workspace below ``folder``; ``settings`` change the recipe."""
    rows = folder / "rows.jsonl"
    write(corpus, rows)
    return asyncio.run(_prepared(corpus, folder, rows, settings or {}))


async def _prepared(corpus: Corpus, folder: Path, rows: Path, settings: dict[str, str]) -> Outcome:
    report: PrepareReport | None = None
    async with open_services(folder / "workspace", Settings(), command="test") as services:
        async with aclosing(services.imports.run([rows])) as importing:
            async for _ in importing:
                pass
        if settings:
            await services.prepare.set_option(settings)
        async with aclosing(services.prepare.run()) as preparing:
            async for event in preparing:
                if isinstance(event, Prepared):
                    report = event.report
        assert report is not None
        dropped = await services.prepare.dropped(limit=_MOST)
        exported = await services.export.export(out=folder / "export")
        page = await services.curate.page(limit=_MOST)
    names = [one.name for one in corpus.records]
    return Outcome(
        report=report,
        reasons={names[one.position]: one.reason for one in dropped},
        taught=_taught(exported.paths, names, {one.example_id: one.flags for one in page.examples}),
    )


def _taught(paths: Mapping[str, Path], names: Sequence[str], flags: Mapping[str, tuple[str, ...]]) -> dict[str, Taught]:
    lines = {split: path.read_text("utf-8").split("\n") for split, path in paths.items()}
    found = {}
    for told in map(json.loads, (paths["train"].parent / "lineage.jsonl").read_text("utf-8").splitlines()):
        messages = json.loads(lines[told["split"]][told["line"] - 1])["messages"]
        said = {message["role"]: message["content"] for message in messages}
        (record,) = told["records"]
        found[names[record["position"]]] = Taught(
            told["split"], said["user"], said["assistant"], flags[told["example_id"]]
        )
    return found
