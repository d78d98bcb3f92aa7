"""What a person keeps of the table of examples: its columns, and views by name. They lie in the workspace."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.example_fields import condition_on_examples
from webtune_tui.domain.examples import Split
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.storage.dataset_rows import SAVED_VIEWS
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_scans import SORTS
from webtune_tui.storage.workspace import Workspace

_COLUMNS_KEY = "view:columns"
_LONGEST_NAME = 60
_LONGEST_TEXT = 10_000
_MOST_VIEWS = 200


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view by name: what is listed, in which order, and the columns as they were kept."""

    name: str
    text: str = ""
    where: str = ""
    split: str = ""
    sort: str = "index"
    is_descending: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptViews:
    """The views by name in the order of their names; ``skipped`` counts those that can't be read."""

    views: Sequence[SavedView] = ()
    skipped: int = 0


class TableViewsService:
    """Columns and views of one workspace. A read-only one keeps nothing new."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._store = DatasetStore(workspace.database)
        self._lock = asyncio.Lock()

    async def columns(self) -> object:
        """The columns as they were kept; ``None`` where none were, or they can't be read."""
        return await asyncio.to_thread(self._read, _COLUMNS_KEY)

    async def keep_columns(self, columns: Mapping[str, object]) -> None:
        """Keeps the columns; does nothing in a read-only workspace."""
        if not self._workspace.read_only:
            await asyncio.to_thread(self._store.set_meta, {_COLUMNS_KEY: json.dumps(columns)})

    async def views(self) -> KeptViews:
        """The views by name."""
        bodies = await asyncio.to_thread(self._bodies)
        views = [view for view in map(_view_of, bodies) if view is not None]
        by_name = {view.name: view for view in views}
        return KeptViews(sorted(by_name.values(), key=lambda view: view.name.casefold()), len(bodies) - len(views))

    async def save(self, view: SavedView) -> None:
        """Keeps a view under its name, in the place of one that has it already.

        Raises:
            UsageError: the name is empty, too long or has invisible characters, or there are too many views.
            StorageFailed: another process writes to the workspace.
        """
        if not view.name.strip() or len(view.name) > _LONGEST_NAME or not _is_plain(view.name):
            raise UsageError(
                "A view needs a name that can be read", hint=f"Give 1 to {_LONGEST_NAME} visible characters."
            )
        plain = {one.name: getattr(view, one.name) for one in fields(view)}
        async with self._lock:
            bodies = [one for one in await asyncio.to_thread(self._bodies) if _name_of(one) != view.name]
            if len(bodies) >= _MOST_VIEWS:
                raise UsageError(f"There are {_MOST_VIEWS} views already", hint="Delete one that you don't need.")
            await asyncio.to_thread(self._write, [*bodies, {**plain, "columns": dict(view.columns)}])

    async def delete(self, name: str) -> None:
        """Forgets a view. Raises StorageFailed where another process writes to the workspace."""
        async with self._lock:
            bodies = await asyncio.to_thread(self._bodies)
            await asyncio.to_thread(self._write, [one for one in bodies if _name_of(one) != name])

    def _bodies(self) -> list[Any]:
        found = self._read(SAVED_VIEWS)
        return found if isinstance(found, list) else [] if found is None else [found]

    def _write(self, bodies: Sequence[Any]) -> None:
        self._store.set_meta({SAVED_VIEWS: json.dumps(bodies)})

    def _read(self, key: str) -> Any:
        kept = self._store.meta(key)
        if kept is None:
            return None
        try:
            return json.loads(kept)
        except (ValueError, RecursionError):
            return "unreadable"


def _view_of(body: object) -> SavedView | None:
    """A view as it was kept; ``None`` where it can't be read, or says what can't be listed."""
    if not isinstance(body, Mapping):
        return None
    said = {one.name: body[one.name] for one in fields(SavedView) if one.name in body}
    texts = [said.get(name, "") for name in ("name", "text", "where", "split", "sort")]
    if not all(isinstance(one, str) and len(one) <= _LONGEST_TEXT and _is_plain(one) for one in texts):
        return None
    if not isinstance(said.get("is_descending", False), bool) or not isinstance(said.get("columns", {}), Mapping):
        return None
    if not said.get("name"):
        return None
    view = SavedView(**said)
    if view.sort not in SORTS or view.split not in ("", *(split.value for split in Split)):
        return None
    try:
        if view.where.strip():
            condition_on_examples(view.where)
    except UsageError:
        return None
    return view


def _name_of(body: object) -> object:
    return body.get("name") if isinstance(body, Mapping) else None


def _is_plain(text: str) -> bool:
    """Whether a text can go into a line that is typed in: whatever it holds can be seen there."""
    return display_line(text) == text
