"""Writing dataset versions as files that others take."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Any

from webtune_tui import registry
from webtune_tui.domain.datasets import DatasetVersion, ValidationReport
from webtune_tui.domain.errors import InvalidInput, NotFound, UsageError
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.examples import Message, Split
from webtune_tui.pipeline.formats.base import Format, NotExpressible
from webtune_tui.pipeline.formats.csv import Csv
from webtune_tui.pipeline.formats.dpo import Preference
from webtune_tui.services.curate import CurateService
from webtune_tui.services.exporting import folder as export_folder
from webtune_tui.services.exporting import rows
from webtune_tui.services.preference_pairs import edited_pairs
from webtune_tui.services.stepwise import in_thread
from webtune_tui.services.validate import check_file, checking
from webtune_tui.settings import load
from webtune_tui.storage.dataset_types import Revision, StoredExample
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.live_records import RecordQueries
from webtune_tui.storage.workspace import Workspace

__all__ = ["DEFAULT_FORMAT", "ExportService", "Exported", "check_file", "format_names", "os"]

DEFAULT_FORMAT = "openai"
_FORMATS = "pipeline.formats"
_LINEAGE = "lineage.jsonl"
_BATCH = 500
_AT_ONCE = 10_000  # ids: to sort or hash a million in one call would hold up the other threads


@dataclass(frozen=True, slots=True)
class Exported:
    """The written files by split; ``content_hash`` names the version.

    ``examples`` counts the rows by split, ``left_out`` by reason the examples that the format has no place for.
    """

    paths: Mapping[str, Path]
    format: str
    examples: Mapping[str, int]
    content_hash: str
    left_out: Mapping[str, int] = field(default_factory=dict)


def format_names() -> tuple[str, ...]:
    """The formats, the usual one first."""
    return (DEFAULT_FORMAT, *(name for name in registry.names(_FORMATS) if name != DEFAULT_FORMAT))


def forms() -> tuple[tuple[str, str], ...]:
    """The formats with what each is, the usual one first."""
    return tuple((name, _format(name, raw_cells=False).title) for name in format_names())


class ExportService:
    """Exports and validation."""

    def __init__(self, workspace: Workspace, curate: CurateService) -> None:
        self._workspace = workspace
        self._curate = curate
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)

    async def export(
        self,
        *,
        version: str | None = None,
        format: str = DEFAULT_FORMAT,
        out: Path | None = None,
        raw_cells: bool = False,
    ) -> Exported:
        """What :meth:`exporting` ends with."""
        exported: Exported | None = None
        async with aclosing(self.exporting(version=version, format=format, out=out, raw_cells=raw_cells)) as events:
            async for event in events:
                if isinstance(event, Exported):
                    exported = event
        assert exported is not None
        return exported

    async def exporting(
        self,
        *,
        version: str | None = None,
        format: str = DEFAULT_FORMAT,
        out: Path | None = None,
        raw_cells: bool = False,
        only: Sequence[str] | None = None,
    ) -> AsyncGenerator[Progressed | Exported]:
        """Writes one file per split, whole or not at all, and ``lineage.jsonl`` beside them; ends with Exported.

        Examples that the format can't hold are left out and counted. ``raw_cells`` leaves formulas in CSV as they are.
        ``only`` are the ids of the examples that are written, in the version's order; they get a folder of their own.

        Raises:
            UsageError: there is no such format or version. InvalidInput: no example fits, or the folder is taken.
            ExtraMissing: this machine can't write the format.
        """
        chosen_format = _format(format, raw_cells)
        chosen = await self._curate.version(version)
        some = None if only is None else await asyncio.to_thread(_set_of, only)
        async with aclosing(in_thread(self._exporting(chosen, chosen_format, out, some))) as events:
            async for event in events:
                if isinstance(event, Exported):
                    await self._curate.fix(chosen.content_hash)
                yield event

    def validating(self, file: Path, *, repair: Path | None = None) -> AsyncGenerator[Progressed | ValidationReport]:
        """As :meth:`validate`, with how far it is; ends with the report."""
        settings = load(self._workspace.root)
        return checking(
            file,
            provider=settings.provider,
            base_model=settings.base_model,
            known=tuple(settings.providers),
            repair=repair,
        )

    async def validate(self, file: Path, *, minimum_examples: int = 10, repair: Path | None = None) -> ValidationReport:
        """Checks a file against the workspace's provider and base; ``repair`` names a new file for the mended lines."""
        settings = load(self._workspace.root)
        return await check_file(
            file,
            provider=settings.provider,
            base_model=settings.base_model,
            minimum_examples=minimum_examples,
            known=tuple(settings.providers),
            repair=repair,
        )

    def _exporting(
        self, version: DatasetVersion, format: Format, out: Path | None, only: frozenset[str] | None
    ) -> Generator[Progressed | Exported, None, None]:
        revision = self._store.find(version.content_hash)
        if revision is None:
            raise NotFound(f"There is no dataset version {version.dataset_version}", hint="See: webtune dataset list")
        rows.require(format)
        place = (out or self._workspace.exports / _folder_name(version, format, only)).absolute()
        suffix = rows.SUFFIXES[format.container]
        told: dict[str, Any] = {
            "format": format.name,
            "raw_cells": _is_raw(format),
            "content_hash": version.content_hash,
        }
        if only is not None:
            told["only"] = digest_of(only)
        manifest = export_folder.found_manifest(place, {"raw_cells": None, **told})
        if manifest is None:
            with export_folder.new_folder(place) as part:
                counts = yield from self._write(part, revision, format, suffix, only)
                if not sum(counts["examples"].values()) and counts["left_out"]:
                    raise _nothing_fits(version, format, counts["left_out"])
                manifest = told | counts
                export_folder.write_manifest(part, manifest)
        yield Exported(
            paths={split.value: place / f"{split.value}{suffix}" for split in Split},
            format=format.name,
            examples=manifest["examples"],
            content_hash=version.content_hash,
            left_out=manifest["left_out"],
        )

    def _write(
        self, part: Path, revision: Revision, format: Format, suffix: str, only: frozenset[str] | None
    ) -> Generator[Progressed | Exported, None, dict[str, Any]]:
        """Writes the files of an export; answers what stands in them."""
        fitted = format.fitted(one.to_example().messages for one in self._stream(revision, only))
        total = revision.totals.content.count if only is None else len(only)
        lines: Counter[Split] = Counter()
        left_out: Counter[str] = Counter()
        edited = self._edited_pairs(revision, format)
        with ExitStack() as stack:
            writers = {
                split: stack.enter_context(rows.opened(part / f"{split.value}{suffix}", fitted)) for split in Split
            }
            lineage = stack.enter_context(rows.json_lines(part / _LINEAGE))
            for number, (example, origins) in enumerate(self._with_origins(revision, only)):
                if number % _BATCH == 0:
                    yield Progressed("exporting", number, total, "examples")
                try:
                    row = fitted.row(edited.get(example.example_id) or example.to_example().messages)
                except NotExpressible as fault:
                    left_out[fault.reason] += 1
                    continue
                lines[example.split] += 1
                writers[example.split](row)
                lineage(
                    {
                        "split": example.split.value,
                        "line": lines[example.split],
                        "example_id": example.example_id,
                        "records": origins,
                    }
                )
        examples = {split.value: lines[split] for split in Split}
        return {"examples": examples, "left_out": dict(sorted(left_out.items()))}

    def _edited_pairs(self, revision: Revision, format: Format) -> dict[str, tuple[Message, ...]]:
        """For pairs: the edited examples by id, each with the answer before the edit as the worse one."""
        if not isinstance(format, Preference):
            return {}
        return {pair.example_id: pair.messages for pair in edited_pairs(self._store, revision)}

    def _stream(self, revision: Revision, only: frozenset[str] | None) -> Iterator[StoredExample]:
        every = self._store.stream(revision)
        return every if only is None else (example for example in every if example.example_id in only)

    def _with_origins(
        self, revision: Revision, only: frozenset[str] | None
    ) -> Iterator[tuple[StoredExample, list[dict[str, object]]]]:
        batch: list[StoredExample] = []
        for example in self._stream(revision, only):
            batch.append(example)
            if len(batch) == _BATCH:
                yield from self._origins_of(batch)
                batch = []
        yield from self._origins_of(batch)

    def _origins_of(self, batch: list[StoredExample]) -> Iterator[tuple[StoredExample, list[dict[str, object]]]]:
        wanted = list(dict.fromkeys(record_id for one in batch for record_id in one.record_ids))
        places = self._records.places(wanted)
        for example in batch:
            yield (
                example,
                [
                    {"collection_id": places[one][0], "position": places[one][1]}
                    for one in example.record_ids
                    if one in places
                ],
            )


def _format(name: str, raw_cells: bool) -> Format:
    """The format of a name. Raises UsageError."""
    if name not in registry.names(_FORMATS):
        raise UsageError(f"There is no export format {name!r}", hint=f"Known: {', '.join(format_names())}")
    format: Format = registry.load(_FORMATS, name).FORMAT
    if not raw_cells:
        return format
    if not isinstance(format, Csv):
        raise UsageError(f"{name} has no cells", hint="--raw-cells goes with --format csv.")
    return replace(format, raw_cells=True)


def _is_raw(format: Format) -> bool:
    return isinstance(format, Csv) and format.raw_cells


def _folder_name(version: DatasetVersion, format: Format, only: frozenset[str] | None) -> str:
    """The usual format has the version's own folder, which training reads; a selection never goes there."""
    if only is not None:
        return f"{version.dataset_version}-{format.name}-selection-{digest_of(only)[:8]}"
    return version.dataset_version if format.name == DEFAULT_FORMAT else f"{version.dataset_version}-{format.name}"


def _set_of(example_ids: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for start in range(0, len(example_ids), _AT_ONCE):
        found.update(example_ids[start : start + _AT_ONCE])
    return frozenset(found)


def digest_of(example_ids: frozenset[str]) -> str:
    """What names a set of examples, whatever their order."""
    digest = hashlib.blake2b(digest_size=16)
    ids = iter(example_ids)
    parts = list(iter(lambda: sorted(islice(ids, _AT_ONCE)), []))
    for one in merge(*parts):
        digest.update(one.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def _nothing_fits(version: DatasetVersion, format: Format, left_out: Mapping[str, int]) -> InvalidInput:
    reasons = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in left_out.items())
    return InvalidInput(
        f"No example of {version.dataset_version} can be written as {format.name}: {reasons}",
        hint=format.hint,
        fields={"left_out": dict(left_out)},
    )
