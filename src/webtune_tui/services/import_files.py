"""Importing files as collections: streaming, with rejects by line."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webtune_tui import __version__, registry
from webtune_tui.domain import clock
from webtune_tui.domain.errors import InvalidInput, UsageError
from webtune_tui.domain.events import FileImported, Imported, ImportEvent, Progressed
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services import raw_data
from webtune_tui.services.collect_plan import new_collection_id, request_key_of
from webtune_tui.services.drift import DriftService
from webtune_tui.services.ingest import Ingest, RejectsFile
from webtune_tui.services.stepwise import in_thread
from webtune_tui.settings import Settings
from webtune_tui.sources.delivered import imported_row
from webtune_tui.sources.files import detect as detection
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.files import atomic_writer, make_folder, require_space
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

SOURCE = "files"
_PROGRESS_SECONDS = 0.1
_SPARE_BYTES = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class _Choice:
    """What the person said about the files; ``None`` leaves it to the content."""

    format: str | None
    encoding: str | None


@dataclass
class _Run:
    """One import under way."""

    collection_id: str
    folder: Path
    rejects: RejectsFile
    files: list[FileImported] = field(default_factory=list)
    raw: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rejects_path(self) -> str | None:
        """Where the rejects lie, if there are any."""
        return str(self.rejects.path) if self.rejects.path.exists() else None


class ImportService:
    """Brings records from files."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._collections = CollectionRepository(workspace.database)
        self._records = RecordRepository(workspace.database)
        self._drift = DriftService(workspace)

    async def run(
        self, paths: Sequence[Path], *, format: str | None = None, encoding: str | None = None
    ) -> AsyncGenerator[ImportEvent, None]:
        """Imports files and folders as one collection; ends with Imported.

        A bad line is rejected with file, line and reason into a rejects file; the rest goes on.

        Raises:
            UsageError: a path does not exist, or the format or encoding is unknown.
            InvalidInput: nothing was usable.
        """
        choice = _Choice(
            detection.format_word(format) if format else None,
            detection.encoding_name(encoding) if encoding else None,
        )
        files = await asyncio.to_thread(_expand, paths)
        run = await asyncio.to_thread(self._begin, paths, files)
        is_settled = False
        try:
            async with aclosing(in_thread(self._import(run, files, choice))) as events:
                async for event in events:
                    yield event
            collection = await asyncio.to_thread(self._settle, run)
            is_settled = True
        finally:
            if not is_settled:
                await asyncio.to_thread(self._fail, run, "The import was interrupted; import the files again")
        if collection.state is not CollectionState.READY:
            raise _nothing_usable(collection, run)
        yield Imported(collection, tuple(run.files), run.rejects_path)

    def _begin(self, paths: Sequence[Path], files: Sequence[Path]) -> _Run:
        now = clock.now()
        collection_id = new_collection_id()
        folder = make_folder(self._workspace.raw_folder(collection_id))
        names = [path.name or str(path) for path in paths]
        self._collections.add(
            Collection(
                collection_id=collection_id,
                source=SOURCE,
                label=names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
                state=CollectionState.RUNNING,
                created_at=now,
                updated_at=now,
                phase="importing",
                request={"paths": [str(path) for path in paths]},
                raw_path=self._workspace.relative(folder),
                cost=0.0,
                request_key=request_key_of(SOURCE, [str(path.expanduser().absolute()) for path in paths]),
            )
        )
        self._collections.log(collection_id, f"Importing {len(files):,} files")
        return _Run(collection_id, folder, RejectsFile(folder / "rejects.jsonl"))

    def _import(self, run: _Run, files: Sequence[Path], choice: _Choice) -> Generator[ImportEvent, None, None]:
        for number, path in enumerate(files, start=1):
            yield from self._import_file(run, path, number, choice)

    def _import_file(self, run: _Run, path: Path, number: int, choice: _Choice) -> Generator[ImportEvent, None, None]:
        """One file: copied as it is, told by its content, stored row by row."""
        try:
            found, copy = self._take_in(run, path, number, choice)
        except OSError as error:
            yield self._note(run, FileImported(str(path), None, None, 0, 0, error.strerror or str(error)))
            return
        if found.format is None or found.encoding is None or copy is None:
            yield self._note(run, FileImported(str(path), None, found.encoding, 0, 0, found.reason))
            return
        first = self._records.stored_up_to(run.collection_id)
        before = self._collection(run)
        run.raw.append(
            {
                "source_path": str(path),
                "format": found.format,
                "encoding": found.encoding,
                "first_position": first,
                "path": copy.name,
            }
        )
        yield from self._store(run, path, copy, found, first)
        after = self._collection(run)
        records, rejected = after.records - before.records, after.rejected - before.rejected
        reason = "" if records or rejected else "it holds no records"
        imported = FileImported(str(path), found.format, found.encoding, records, rejected, reason)
        yield self._note(run, imported)

    def _take_in(self, run: _Run, path: Path, number: int, choice: _Choice) -> tuple[detection.Detected, Path | None]:
        """How the file is read, and its raw copy; no copy of what can't be used."""
        with detection.open_regular(path) as source:
            size = os.fstat(source.fileno()).st_size
            found = detection.detect(
                source.read(detection.HEAD), path.name, format=choice.format, encoding=choice.encoding
            )
            if found.format is None:
                return found, None
            require_space(run.folder, 2 * size + _SPARE_BYTES)
            is_by_line = detection.reader_of(found.format) in detection.LINE_FORMATS  # each line is checked later
            source.seek(0)
            copy = run.folder / f"{number:04d}-{_safe_name(path)}"
            with atomic_writer(copy) as target:
                copied = detection.copy_and_measure(source, target, None if is_by_line else found.encoding)
        run.raw.append({"path": copy.name, "bytes": copied.size, "sha256": copied.sha256})
        if copied.bad_byte_at is not None:
            reason = f"byte {copied.bad_byte_at:,} is not {found.encoding}; if it is another encoding, give --encoding"
            return detection.Detected(None, None, reason), None
        return found, copy

    def _store(self, run: _Run, path: Path, copy: Path, found: detection.Detected, first: int) -> Iterator[ImportEvent]:
        reader = registry.load("sources.files", detection.READERS[detection.reader_of(found.format or "")])
        now = clock.now()
        ingest = Ingest(
            self._records,
            run.rejects,
            run.collection_id,
            lambda position, row: imported_row(position, row, now=now, file=copy.name),
            str(path),
            errors_are_records=True,
        )
        shown = 0.0
        for batch in ingest.run(reader.rows(copy, found.encoding), first_position=first):
            if time.monotonic() - shown >= _PROGRESS_SECONDS:
                shown = time.monotonic()
                yield Progressed("importing", batch.collection.records, unit="records", message=path.name)

    def _note(self, run: _Run, imported: FileImported) -> FileImported:
        run.files.append(imported)
        words = imported.reason or f"{imported.records:,} records, {imported.rejected:,} rejected"
        level = "warn" if imported.format is None or imported.rejected else "info"
        self._collections.log(run.collection_id, f"{imported.path} ({imported.format or 'not used'}): {words}", level)
        return imported

    def _settle(self, run: _Run) -> Collection:
        collection = self._collection(run)
        raw_data.write_manifest(run.folder, self._facts(collection), _merged(run.raw))
        if not collection.records:
            return self._fail(run, "Nothing in the files was usable")
        used = [file for file in _merged(run.raw) if "format" in file]
        raw_path = run.folder / used[0]["path"] if len(used) == 1 else run.folder
        previous, gone = self._drift.settle(collection)
        return self._collections.change(
            run.collection_id,
            state=CollectionState.READY,
            phase="",
            finished_at=clock.now(),
            raw_path=self._workspace.relative(raw_path),
            previous_id=previous.collection_id if previous is not None else None,
            gone=gone,
        )

    def _fail(self, run: _Run, message: str) -> Collection:
        return self._collections.change(
            run.collection_id, state=CollectionState.FAILED, phase="", message=message, finished_at=clock.now()
        )

    def _collection(self, run: _Run) -> Collection:
        found = self._collections.get(run.collection_id)
        assert found is not None, "the import made it"
        return found

    def _facts(self, collection: Collection) -> dict[str, Any]:
        return {
            "collection_id": collection.collection_id,
            "source": SOURCE,
            "request": dict(collection.request),
            "imported_at": clock.now(),
            "records": collection.records,
            "webtune": __version__,
        }


def _expand(paths: Sequence[Path]) -> list[Path]:
    """The files that the paths name, those of folders in the order of their names.

    Raises:
        UsageError: a path does not exist. InvalidInput: a folder holds no files.
    """
    found: list[Path] = []
    for path in paths:
        absolute = path.expanduser().absolute()
        if not absolute.exists():
            raise UsageError(f"{path} does not exist", hint="Check the path.")
        found += _files_of(absolute) if absolute.is_dir() else [absolute]
    if not found:
        raise InvalidInput(
            f"{paths[0] if paths else 'Nothing'} holds no files", hint="Name files or folders with files."
        )
    return found


def _files_of(folder: Path) -> list[Path]:
    """The files below a folder; hidden ones and links to elsewhere are left out."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
    return [path for path in found if not path.is_symlink()]


def _safe_name(path: Path) -> str:
    """A file name of our own that still tells where it came from."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", path.name)[-80:].lstrip(".") or "file"


def _merged(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is known of each raw copy, in one entry."""
    files: dict[str, dict[str, Any]] = {}
    for entry in entries:
        files.setdefault(entry["path"], {}).update(entry)
    return list(files.values())


def _nothing_usable(collection: Collection, run: _Run) -> InvalidInput:
    reasons = [f"{Path(file.path).name}: {file.reason}" for file in run.files if file.reason]
    if collection.rejected:
        reasons.append(f"{collection.rejected:,} lines were rejected")
    hint = f"The reasons by line are in {run.rejects_path}" if run.rejects_path else "Try --format or --encoding."
    return InvalidInput(
        "Nothing was usable: " + "; ".join(reasons[:5]) + ("; ..." if len(reasons) > 5 else ""),
        hint=hint,
        fields={
            "collection_id": collection.collection_id,
            "records": 0,
            "rejected": collection.rejected,
            "new": 0,
            "duplicates": 0,
            "rejects_path": run.rejects_path,
        },
    )
