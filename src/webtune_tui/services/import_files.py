"""Importing files as collections: streaming, with rejects by line."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, BinaryIO

from webtune_tui import __version__
from webtune_tui.domain import clock
from webtune_tui.domain.errors import InvalidInput
from webtune_tui.domain.events import FileImported, Imported, ImportEvent, Progressed
from webtune_tui.domain.previews import FilePreview
from webtune_tui.domain.records import Collection, CollectionState
from webtune_tui.services import previewing, raw_data
from webtune_tui.services.beside_screen import SHORT_COLLECTIONS
from webtune_tui.services.collect_plan import new_collection_id, request_key_of
from webtune_tui.services.drift import DriftService
from webtune_tui.services.import_paths import STDIN, expand
from webtune_tui.services.import_run import ImportRun, ImportSource, PieceStore, name_of
from webtune_tui.services.ingest import RejectsFile
from webtune_tui.services.raw_copies import SPARE_BYTES, Copied, SourceFailed, copy_file, copy_stream, safe_name
from webtune_tui.services.stepwise import in_thread
from webtune_tui.settings import Settings
from webtune_tui.sources.files import detect as detection
from webtune_tui.sources.files import opening
from webtune_tui.sources.files.encodings import first_bad_byte, proposals
from webtune_tui.sources.files.opening import Choice, Piece
from webtune_tui.storage.collections import CollectionRepository
from webtune_tui.storage.files import make_folder, require_space, storage_error
from webtune_tui.storage.records import RecordRepository
from webtune_tui.storage.workspace import Workspace

SOURCE = "files"
UNPACKED = ".unpacked"


class ImportService:
    """Brings records from files."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._collections = CollectionRepository(workspace.database)
        self._records = RecordRepository(workspace.database)
        self._drift = DriftService(workspace)
        self._under_way: set[str] = set()

    async def inspect(
        self,
        paths: Sequence[Path],
        *,
        format: str | None = None,
        encoding: str | None = None,
        list_path: str | None = None,
        sample: int = 200,
        fields: Sequence[str] = (),
        stdin: BinaryIO | None = None,
    ) -> Sequence[FilePreview]:
        """What the files look like, from their first ``sample`` records each; nothing is stored.

        ``fields`` are addresses such as ``a.b[0].c``; without them every field is shown.

        Raises:
            UsageError: a path does not exist, or the format, encoding or an address is unknown.
        """
        choice, wanted = Choice.typed(format, encoding, list_path), previewing.Wanted(sample, tuple(fields))
        return await previewing.inspect(paths, choice, self._settings.limits, wanted, stdin=stdin)

    async def run(
        self,
        paths: Sequence[Path],
        *,
        format: str | None = None,
        encoding: str | None = None,
        list_path: str | None = None,
        stdin: BinaryIO | None = None,
    ) -> AsyncGenerator[ImportEvent, None]:
        """Imports files and folders as one collection; ends with Imported.

        A bad line, page or member of an archive is rejected with file, line and reason into a rejects file; the rest
        goes on. ``list_path`` names the list to take from a JSON document, ``stdin`` is what the path ``-`` stands for.

        Raises:
            UsageError: a path does not exist, or the format or encoding is unknown.
            InvalidInput: nothing was usable.
        """
        choice = Choice.typed(format, encoding, list_path)
        files = await asyncio.to_thread(expand, paths, self._settings.limits)
        run = await asyncio.to_thread(self._begin, paths, files)
        is_settled = False
        try:
            with SHORT_COLLECTIONS:
                async with aclosing(in_thread(self._import(run, files, choice, stdin))) as events:
                    async for event in events:
                        yield event
            collection = await asyncio.to_thread(self._settle, run)
            is_settled = True
        finally:
            self._under_way.discard(run.collection_id)
            if not is_settled:
                await asyncio.to_thread(self._fail, run, "The import was interrupted; import the files again")
        if collection.state is not CollectionState.READY:
            raise _nothing_usable(collection, run)
        yield Imported(collection, tuple(run.files), run.rejects_path)

    def _begin(self, paths: Sequence[Path], files: Sequence[Path]) -> ImportRun:
        self._clear_leftovers()
        now = clock.now()
        collection_id = new_collection_id()
        folder = make_folder(self._workspace.raw_folder(collection_id))
        names = ["stdin" if path == STDIN else path.name or str(path) for path in paths]
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
                request_key=_request_key(paths),
            )
        )
        self._collections.log(collection_id, f"Importing {len(files):,} files")
        self._under_way.add(collection_id)
        return ImportRun(collection_id, folder, RejectsFile(folder / "rejects.jsonl"))

    def _clear_leftovers(self) -> None:
        """Removes what an import that was killed had unpacked; the raw copies stay."""
        for folder in self._workspace.raw_folder("x").parent.glob(f"*/{UNPACKED}"):
            if folder.parent.name not in self._under_way and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)

    def _import(
        self, run: ImportRun, files: Sequence[Path], choice: Choice, stdin: BinaryIO | None
    ) -> Generator[ImportEvent, None, None]:
        try:
            for number, path in enumerate(files, start=1):
                yield from self._import_file(run, path, number, choice, stdin)
        finally:
            shutil.rmtree(run.folder / UNPACKED, ignore_errors=True)

    def _import_file(
        self, run: ImportRun, path: Path, number: int, choice: Choice, stdin: BinaryIO | None
    ) -> Generator[ImportEvent, None, None]:
        """One file: copied as it is, told by its content, stored row by row."""
        try:
            copied = yield from self._take_in(run, path, number, choice, stdin)
        except OSError as error:
            yield self._note(run, FileImported(str(path), None, None, 0, 0, error.strerror or str(error)))
            return
        except SourceFailed as fault:
            yield self._note(run, FileImported(str(path), None, None, 0, 0, str(fault)))
            return
        if isinstance(copied, detection.Detected):
            yield self._note(run, FileImported(str(path), None, copied.encoding, 0, 0, copied.reason))
            return
        source, entry = ImportSource(path, copied), copied.entry() | {"source_path": str(path)}
        run.raw.append(entry)
        try:
            for piece in opening.pieces(copied.path, name_of(path), choice, self._unpacking(run)):
                if isinstance(piece, Piece):
                    yield from self._import_piece(run, source, piece, choice, entry)
                elif run.is_time_to_show():
                    yield Progressed("unpacking", piece.done, unit="bytes", message=name_of(path))
        except OSError as error:
            raise storage_error(run.folder, error) from error
        if "format" not in entry:  # nothing in it could be used
            run.raw.remove(entry)
            copied.path.unlink(missing_ok=True)

    def _take_in(
        self, run: ImportRun, path: Path, number: int, choice: Choice, stdin: BinaryIO | None
    ) -> Generator[ImportEvent, None, Copied | detection.Detected]:
        """The raw copy of a file, or why it can't be used at all; no copy of that."""
        copy = run.folder / f"{number:04d}-{safe_name(Path(name_of(path)))}"
        if path == STDIN and stdin is not None:
            copied = yield from self._shown(run, copy_stream(stdin, copy), path)
            looked = opening.look(copy, name_of(path), opening.beginning(copy), choice)
            if isinstance(looked, detection.Detected) and looked.format is None:
                copy.unlink()
                return looked
            return copied
        with detection.open_regular(path) as source:
            looked = opening.look(path, path.name, source.read(detection.HEAD), choice)
            if isinstance(looked, detection.Detected) and looked.format is None:
                return looked
            source.seek(0)
            return (yield from self._shown(run, copy_file(source, copy), path))

    def _shown(
        self, run: ImportRun, copying: Generator[int, None, Copied], path: Path
    ) -> Generator[ImportEvent, None, Copied]:
        """A copy with signs of progress."""
        while True:
            try:
                done = next(copying)
            except StopIteration as end:
                copied: Copied = end.value
                return copied
            if run.is_time_to_show():
                yield Progressed("copying", done, unit="bytes", message=name_of(path))

    def _unpacking(self, run: ImportRun) -> opening.Unpacking:
        return opening.Unpacking(
            folder=lambda: make_folder(run.folder / UNPACKED),
            limits=self._settings.limits,
            check=lambda: require_space(run.folder, 4 * SPARE_BYTES),
        )

    def _import_piece(
        self, run: ImportRun, source: ImportSource, piece: Piece, choice: Choice, entry: dict[str, Any]
    ) -> Generator[ImportEvent, None, None]:
        """A file or a member of an archive, row by row; a member that can't be used is a reject."""
        label, found = source.label(piece.member), piece.found
        if found.format is None:
            is_member = bool(piece.place)
            if is_member:
                self._ingest(run, source, piece, label).reject(found.reason)
            yield self._note(run, FileImported(label, None, found.encoding, 0, int(is_member), found.reason))
            return
        before, first = self._collection(run), self._records.stored_up_to(run.collection_id)
        yield from self._ingest(run, source, piece, label).rows(choice, first)
        after = self._collection(run)
        records, rejected = after.records - before.records, after.rejected - before.rejected
        facts = {"format": found.format, "encoding": found.encoding, "first_position": first}
        if piece.place:
            entry.setdefault("members", []).append({"name": piece.place.removeprefix("!"), **facts})
        entry.update({name: value for name, value in facts.items() if name not in entry})
        reason = _note_on_bytes(piece) if rejected else "" if records else "it holds no records"
        yield self._note(run, FileImported(label, found.format, found.encoding, records, rejected, reason))

    def _ingest(self, run: ImportRun, source: ImportSource, piece: Piece, label: str) -> PieceStore:
        return PieceStore(self._records, self._settings, run, source, piece, label)

    def _note(self, run: ImportRun, imported: FileImported) -> FileImported:
        run.files.append(imported)
        counts = f"{imported.records:,} records, {imported.rejected:,} rejected"
        words = imported.reason if imported.format is None else "; ".join(filter(None, (counts, imported.reason)))
        level = "warn" if imported.format is None or imported.rejected else "info"
        self._collections.log(run.collection_id, f"{imported.path} ({imported.format or 'not used'}): {words}", level)
        return imported

    def _settle(self, run: ImportRun) -> Collection:
        collection = self._collection(run)
        raw_data.write_manifest(run.folder, self._facts(collection), run.raw)
        if not collection.records:
            return self._fail(run, "Nothing in the files was usable")
        raw_path = run.folder / run.raw[0]["path"] if len(run.raw) == 1 else run.folder
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

    def _fail(self, run: ImportRun, message: str) -> Collection:
        return self._collections.change(
            run.collection_id, state=CollectionState.FAILED, phase="", message=message, finished_at=clock.now()
        )

    def _collection(self, run: ImportRun) -> Collection:
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


def _request_key(paths: Sequence[Path]) -> str:
    """Equal for imports of the same places; what comes through a pipe has none."""
    if STDIN in paths:
        return ""
    return request_key_of(SOURCE, [str(path.expanduser().absolute()) for path in paths])


def _note_on_bytes(piece: Piece) -> str:
    """What to do about lines whose bytes do not decode; empty where all of them do."""
    found = piece.found
    if found.encoding is None or found.reader not in detection.LINE_FORMATS:
        return ""
    bad_at = None
    with suppress(OSError):
        bad_at = first_bad_byte(piece.path, found.encoding)
    if bad_at is None:
        return ""
    return f"some lines are not {found.encoding}; {opening.advice(proposals(piece.path, bad_at))}"


def _nothing_usable(collection: Collection, run: ImportRun) -> InvalidInput:
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
