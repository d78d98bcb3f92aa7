"""A person in the other files of a workspace: exports, job folders, cases, drafts, recipes, logs. Blocking.

What goes: a whole export (its name stands for what was in it), the lines of data that jobs and evaluations keep, a
draft. Elsewhere only the words go. Weights are left alone, they hold no text; see what is told of models.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.domain.mentions import Person
from webtune_tui.services.purge_raw import REJECTS
from webtune_tui.services.purge_scan import LONGEST, encoding_of, lines_of, mentions
from webtune_tui.services.raw_data import MANIFEST
from webtune_tui.services.recipes import Recipes
from webtune_tui.storage.drafts import draft_name
from webtune_tui.storage.files import atomic_writer, storage_error, write_text
from webtune_tui.storage.free_texts import erased
from webtune_tui.storage.overwrite import empty
from webtune_tui.storage.purge import is_in_copy, line_digest
from webtune_tui.storage.recipe_erasure import recipe_without
from webtune_tui.storage.workspace import Workspace

_DATA_LINES = ("train.jsonl", "validation.jsonl", "test.jsonl", "content")
_WEIGHTS = ("adapter", "checkpoints")
_DATABASE = ("workspace.db", "workspace.db-wal", "workspace.db-shm", "workspace.lock", "workspace.holder.json")
_COPY = "workspace.before-*.db"


@dataclass(frozen=True, slots=True)
class FileHit:
    """A file that holds the person: ``count`` lines of it, or all of it."""

    stage: str
    path: Path
    count: int = 1


@dataclass
class FileSweep:
    """The files of a workspace outside of its database and raw data.

    ``gone`` are ids of examples that go, ``lines`` stand for their lines in exports.
    """

    workspace: Workspace
    person: Person
    recipes: Recipes
    gone: Set[str] = frozenset()
    lines: Set[bytes] = frozenset()
    _exports: set[Path] = field(default_factory=set)

    def run(self, *, erase: bool) -> Iterator[FileHit]:
        """The files with the person in them; with ``erase`` it is gone when the hit comes. Raises StorageFailed."""
        root = self.workspace.root
        for path in _files(root):
            parts = path.relative_to(root).parts
            if parts[0] in _DATABASE or path.name.endswith(".lock") or not path.exists():
                continue
            try:
                hit = self._sweep(path, parts, erase=erase)
            except OSError as error:
                raise storage_error(path, error) from error
            if hit is not None:
                yield hit

    def _sweep(self, path: Path, parts: Sequence[str], *, erase: bool) -> FileHit | None:
        if path.match(_COPY) and len(parts) == 1:
            return self._removed("files", path, is_hit=is_in_copy(path, self.person), erase=erase)
        match parts[0]:
            case "raw":
                return self._lines("rejects", path, erase=erase) if parts[-1] == REJECTS else None
            case "exports":
                return self._export(path, parts, erase=erase)
            case "drafts":
                return self._removed("drafts", path, is_hit=self._is_in_draft(path), erase=erase)
            case "evaluations":
                return self._lines("evaluations", path, erase=erase)
            case "generated":
                return self._lines("generated", path, erase=erase)
            case "jobs":
                if any(part in _WEIGHTS or part.startswith(".adapter-") for part in parts[1:-1]):
                    return None
                is_data = path.name in _DATA_LINES
                return (self._lines if is_data else self._words)("jobs", path, erase=erase)
            case "recipe.toml" | "recipe.previous.toml":
                return self._recipe(path, erase=erase)
        return self._words("files", path, erase=erase)

    def _export(self, path: Path, parts: Sequence[str], *, erase: bool) -> FileHit | None:
        """A file of an export. The first hit takes the folder with it, where it is one of ours."""
        folder = self.workspace.exports / parts[1]
        if folder in self._exports or not self._is_about_any_line(path):
            return None
        is_ours = parts[1].startswith(".") or (folder / MANIFEST).is_file()
        if not is_ours or parts[1] == "uploads":
            return self._removed("exports", path, is_hit=True, erase=erase)
        self._exports.add(folder)
        count = sum(1 for _ in _files(folder))
        if erase:
            shutil.rmtree(folder)
        return FileHit("exports", folder, count)

    def _is_about_any_line(self, path: Path) -> bool:
        encoding = encoding_of(path)
        if encoding is None:
            return mentions(path, self.person, None)
        return any(self._is_about(line.body, encoding) for line in lines_of(path))

    def _is_about(self, line: bytes, encoding: str = "utf-8") -> bool:
        """Whether a line of data is one that goes: by its text, by what it was made of, or by the id in it."""
        if self.lines and line_digest(line) in self.lines:
            return True
        text = line.decode(encoding, "replace")
        return self.person.is_in(text) or (bool(self.gone) and _id_in(text) in self.gone)

    def _lines(self, stage: str, path: Path, *, erase: bool) -> FileHit | None:
        """A file of which whole lines go."""
        count = sum(1 for line in lines_of(path) if self._is_about(line.body))
        if not count:
            return None
        if erase:
            with atomic_writer(path) as stream:
                for line in lines_of(path):
                    if not self._is_about(line.body):
                        stream.write(line.data)
        return FileHit(stage, path, count)

    def _words(self, stage: str, path: Path, *, erase: bool) -> FileHit | None:
        """A file of which words go: JSON by its values, other text line by line; what can't be mended is emptied."""
        encoding = encoding_of(path)
        if not mentions(path, self.person, encoding):
            return None
        if erase:
            self._rewrite(path, encoding)
            if mentions(path, self.person, encoding):
                empty(path)
        return FileHit(stage, path)

    def _rewrite(self, path: Path, encoding: str | None) -> None:
        if encoding is None or path.stat().st_size > LONGEST:
            empty(path)
            return
        with path.open(encoding=encoding, errors="replace", newline="") as stream:
            text = stream.read()
        if path.suffix == ".json":
            write_text(path, erased(text, self.person))
            return
        lines = "".join(_erased_line(line, self.person) for line in text.splitlines(keepends=True))
        with atomic_writer(path) as out:
            out.write(self.person.without(lines).encode(encoding, "replace"))

    def _recipe(self, path: Path, *, erase: bool) -> FileHit | None:
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            text = stream.read()
        left = recipe_without(text, self.person, self.gone)
        if left == text:
            return None
        if erase and path == self.recipes.file.path:
            self.recipes.write(left)
        elif erase:
            write_text(path, left)
        return FileHit("recipes", path)

    def _is_in_draft(self, path: Path) -> bool:
        text = path.read_text(encoding="utf-8", errors="replace")
        return self.person.is_in(text) or _id_in(text) in self.gone or path.stem in self._gone_drafts

    @cached_property
    def _gone_drafts(self) -> Set[str]:
        """The names of drafts, and of files for the person's own editor, of the examples that go."""
        return {draft_name(one) for one in self.gone}

    def _removed(self, stage: str, path: Path, *, is_hit: bool, erase: bool) -> FileHit | None:
        if is_hit and erase:
            path.unlink()
        return FileHit(stage, path) if is_hit else None


def _files(root: Path) -> Iterator[Path]:
    """Every regular file below a folder, hidden ones too; links are left alone."""
    try:
        for path in sorted(root.rglob("*")):
            if not path.is_symlink() and path.is_file():
                yield path
    except OSError as error:
        raise StorageFailed(f"{root} can't be read: {error}", hint="Check its permissions.") from error


def _id_in(text: str) -> str:
    """The id of the example that a line or a draft is about, if it names one."""
    if '"example_id"' not in text:
        return ""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(body.get("example_id", "")) if isinstance(body, dict) else ""


def _erased_line(line: str, person: Person) -> str:
    body = line.rstrip("\r\n")
    return erased(body, person) + line[len(body) :]
