"""Writing datasets as files that providers take, and checking any such file."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui import registry
from webtune_tui.domain.datasets import DatasetVersion, ValidationReport
from webtune_tui.domain.errors import InvalidInput, NotFound, UsageError
from webtune_tui.domain.examples import Split, chat_row
from webtune_tui.pipeline.tokens import counter_for
from webtune_tui.pipeline.validate import Limits, Validation
from webtune_tui.services.curate import CurateService
from webtune_tui.settings import load, models_folder
from webtune_tui.storage.datasets import DatasetStore, RecordQueries, Revision, StoredExample
from webtune_tui.storage.files import FILE_MODE, atomic_writer, make_folder, storage_error, sync_folder
from webtune_tui.storage.workspace import Workspace

FORMATS = ("openai",)
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Exported:
    """The written files by split; ``content_hash`` names what is in them."""

    paths: Mapping[str, Path]
    format: str
    examples: Mapping[str, int]
    content_hash: str


class ExportService:
    """Exports and validation."""

    def __init__(self, workspace: Workspace, curate: CurateService) -> None:
        self._workspace = workspace
        self._curate = curate
        self._store = DatasetStore(workspace.database)
        self._records = RecordQueries(workspace.database)

    async def export(self, *, version: str | None = None, format: str = "openai", out: Path | None = None) -> Exported:
        """Writes one file per split, whole or not at all, and ``lineage.jsonl`` beside them."""
        if format not in FORMATS:
            raise UsageError(f"There is no export format {format!r}", hint=f"Known: {', '.join(FORMATS)}")
        chosen = await self._curate.version(version)
        exported = await asyncio.to_thread(self._export, chosen, format, out)
        await self._curate.fix(chosen.content_hash)
        return exported

    async def validate(self, file: Path, *, minimum_examples: int = 10, repair: Path | None = None) -> ValidationReport:
        """Checks a chat JSONL; ``repair`` names a new file for the mended lines (the flat form becomes messages)."""
        settings = load(self._workspace.root)
        return await check_file(
            file,
            provider=settings.provider,
            base_model=settings.base_model,
            minimum_examples=minimum_examples,
            known=tuple(settings.providers),
            repair=repair,
        )

    def _export(self, version: DatasetVersion, format: str, out: Path | None) -> Exported:
        revision = self._store.find(version.content_hash)
        if revision is None:
            raise NotFound(f"There is no dataset version {version.dataset_version}", hint="See: webtune dataset list")
        folder = (out or self._workspace.exports / version.dataset_version).absolute()
        told = Exported(
            paths={split.value: folder / f"{split.value}.jsonl" for split in Split},
            format=format,
            examples=dict(version.splits),
            content_hash=version.content_hash,
        )
        if _is_same_export(folder, told):
            return told
        if folder.exists() and any(folder.iterdir()) and not (folder / _MANIFEST).exists():
            raise InvalidInput(f"{folder} is not empty", hint="Choose an empty folder with --out DIR.")
        self._write(folder, revision, told)
        return told

    def _write(self, folder: Path, revision: Revision, told: Exported) -> None:
        """Writes a whole folder beside the place and puts it there at once."""
        make_folder(folder.parent)
        part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
        try:
            make_folder(part)
            self._write_files(part, revision)
            with atomic_writer(part / _MANIFEST) as stream:
                stream.write(json.dumps(_manifest(part, told), indent=1).encode())
            _put_in_place(part, folder)
        except OSError as error:
            raise storage_error(folder, error) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _write_files(self, part: Path, revision: Revision) -> None:
        lines = dict.fromkeys(Split, 0)
        with ExitStack() as opened:
            streams = {split: opened.enter_context(_create(part / f"{split.value}.jsonl")) for split in Split}
            lineage = opened.enter_context(_create(part / "lineage.jsonl"))
            for example, origins in self._with_origins(revision):
                lines[example.split] += 1
                _write_line(streams[example.split], chat_row(example.to_example().messages))
                told = {
                    "split": example.split.value,
                    "line": lines[example.split],
                    "example_id": example.example_id,
                    "records": origins,
                }
                _write_line(lineage, told)
            for stream in (*streams.values(), lineage):
                stream.flush()
                os.fsync(stream.fileno())

    def _with_origins(self, revision: Revision) -> Iterator[tuple[StoredExample, list[dict[str, object]]]]:
        batch: list[StoredExample] = []
        for example in self._store.stream(revision):
            batch.append(example)
            if len(batch) == 500:
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


async def check_file(
    file: Path,
    *,
    provider: str,
    base_model: str,
    minimum_examples: int = 10,
    known: Sequence[str] = (),
    repair: Path | None = None,
) -> ValidationReport:
    """Checks a chat JSONL against what a provider takes; needs no workspace.

    ``known`` names providers of the person's own, of whose limits nothing is known.

    Raises:
        InvalidInput: the file can't be read. UsageError: the repaired file would replace another one.
        NotFound: there is no such provider.
    """
    limits = _limits(provider, minimum_examples, known)
    return await asyncio.to_thread(_check_file, file, base_model, limits, repair)


def _limits(provider: str, minimum_examples: int, known: Sequence[str]) -> Limits:
    """What a provider takes; the minimum is the larger of the two."""
    if provider in known and provider not in registry.names("providers"):
        return Limits(minimum_examples=minimum_examples)
    capabilities = registry.load("providers", provider).CAPABILITIES
    return Limits(
        minimum_examples=max(minimum_examples, capabilities.minimum_examples),
        file_bytes=capabilities.maximum_file_bytes,
    )


def _check_file(file: Path, base_model: str, limits: Limits, repair: Path | None) -> ValidationReport:
    validation = Validation(counter_for(base_model, models_folder()), limits)
    if repair is None:
        for _ in validation.lines(_raw_lines(file)):
            pass
        return validation.report()
    repair = repair.absolute()
    if repair.exists():
        raise UsageError(f"{repair} exists already", hint="Name a new file with --repair OUT.")
    with atomic_writer(repair) as stream:
        for mended in validation.lines(_raw_lines(file)):
            if mended is not None:
                _write_line(stream, mended)
    return validation.report(repaired=str(repair))


def _raw_lines(file: Path) -> Iterator[bytes]:
    """The lines of a file as bytes, without their ends."""
    if not file.is_file():
        kind = "There is no file" if not file.exists() else "Not a file:"
        raise InvalidInput(f"{kind} {file}", hint="Name a JSONL file.")
    try:
        with file.open("rb") as stream:
            for line in stream:
                yield line.rstrip(b"\r\n")
    except OSError as error:
        raise storage_error(file, error) from error


def _manifest(folder: Path, told: Exported) -> dict[str, Any]:
    """What an export says of itself; the sizes are in bytes."""
    names = sorted([*(path.name for path in told.paths.values()), "lineage.jsonl"])
    return {
        "format": told.format,
        "content_hash": told.content_hash,
        "examples": dict(told.examples),
        "bytes": {name: (folder / name).stat().st_size for name in names},
    }


def _is_same_export(folder: Path, told: Exported) -> bool:
    """Whether the very same export stands there, whole: the manifest comes last."""
    try:
        found = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return bool(found == _manifest(folder, told))
    except (OSError, ValueError):
        return False


def _put_in_place(part: Path, folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.old")
        folder.rename(old)
        part.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    sync_folder(folder.parent)


def _write_line(stream: BinaryIO, row: Mapping[str, Any]) -> None:
    stream.write((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "replace"))


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")
