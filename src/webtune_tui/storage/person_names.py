"""A person in the names that people give here: tags of examples, names of versions, saved views. Blocking.

Such names take no spaces, or stand inside a condition, so that they are read as names of files are.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator

from webtune_tui.domain.mentions import Person
from webtune_tui.storage.dataset_rows import SAVED_VIEWS
from webtune_tui.storage.free_texts import TextColumns

_FLAGS = TextColumns("examples", ("flags",), ("row_id",))
_NAMES = TextColumns("version_names", ("name",), ("name",))
_VIEWS = TextColumns("meta", ("value",), ("key",))
_DIFFERENT_FLAGS = "SELECT flags FROM examples UNION SELECT value FROM example_values WHERE name = 'flags'"


def find_names(connection: sqlite3.Connection, person: Person) -> Counter[TextColumns]:
    """How many rows carry a tag, how many versions and saved views a name or a condition, that is the person's."""
    found: Counter[TextColumns] = Counter()
    for flags, _ in _flags_with(connection, person):
        found[_FLAGS] += connection.execute("SELECT count(*) FROM examples WHERE flags = ?", (flags,)).fetchone()[0]
    found[_NAMES] = len(_version_names(connection, person))
    views = _views(connection)
    found[_VIEWS] = len(views) - len(_kept(views, person))
    return +found


def erase_names(connection: sqlite3.Connection, person: Person) -> None:
    """Takes the tags off, calls the versions otherwise and forgets the views. Inside a transaction."""
    for flags, left in list(_flags_with(connection, person)):
        connection.execute("UPDATE examples SET flags = ? WHERE flags = ?", (left, flags))
        connection.execute(
            "UPDATE OR REPLACE example_values SET value = ? WHERE name = 'flags' AND value = ?", (left, flags)
        )
    for name in _version_names(connection, person):
        connection.execute("UPDATE version_names SET name = ? WHERE name = ?", (_free_name(connection), name))
    views = _views(connection)
    kept = _kept(views, person)
    if len(kept) < len(views):
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (json.dumps(kept), SAVED_VIEWS))


def _flags_with(connection: sqlite3.Connection, person: Person) -> Iterator[tuple[str, str]]:
    """Flags as they are stored, with what is left of them."""
    for (flags,) in connection.execute(_DIFFERENT_FLAGS).fetchall():
        left = " ".join(one for one in flags.split() if not person.is_in_name(one))
        if left != flags:
            yield flags, left


def _version_names(connection: sqlite3.Connection, person: Person) -> list[str]:
    names = connection.execute("SELECT name FROM version_names ORDER BY created_at, name").fetchall()
    return [name for (name,) in names if person.is_in_name(name)]


def _free_name(connection: sqlite3.Connection) -> str:
    """A name that no version has: erased-1 and so on."""
    taken = {name.casefold() for (name,) in connection.execute("SELECT name FROM version_names").fetchall()}
    return next(name for number in range(1, len(taken) + 2) if (name := f"erased-{number}") not in taken)


def _views(connection: sqlite3.Connection) -> list[object]:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (SAVED_VIEWS,)).fetchone()
    try:
        views = json.loads(row[0]) if row else []
    except (ValueError, RecursionError):
        return []  # searched as a text, as every other value is
    return views if isinstance(views, list) else []


def _kept(views: list[object], person: Person) -> list[object]:
    return [one for one in views if not person.is_in_name(json.dumps(one, ensure_ascii=False))]
