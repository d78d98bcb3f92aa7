"""The different values that a column of a build's examples has, known without a look at the examples.

Flags and sources are noted as rows are stored. A value stays when no example of the build has it any more: to ask for
one too many costs nothing, to miss one would hide examples.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

NOTED = ("flags", "source")
"""The columns whose values are noted."""
_DIFFERENT_TOKENS = """
    WITH RECURSIVE different (tokens) AS (
        SELECT min(tokens) FROM examples WHERE build = ?1
        UNION ALL
        SELECT (SELECT min(tokens) FROM examples WHERE build = ?1 AND tokens > different.tokens)
        FROM different WHERE tokens IS NOT NULL
    )
    SELECT tokens FROM different WHERE tokens IS NOT NULL
"""
"""In the index from each number to the next one: as many steps as there are numbers, not examples."""


def note_values(connection: sqlite3.Connection, build: int, name: str, values: Iterable[str]) -> None:
    """Notes values of a column that examples of a build have from now on. Inside a transaction."""
    connection.executemany(
        "INSERT OR IGNORE INTO example_values (build, name, value) VALUES (?,?,?)",
        [(build, name, value) for value in set(values)],
    )


def different_values(connection: sqlite3.Connection, build: int, name: str) -> list[str]:
    """The values of a noted column that examples of a build have or had, in ascending order."""
    rows = connection.execute(
        "SELECT value FROM example_values WHERE build = ? AND name = ? ORDER BY value", (build, name)
    )
    return [row[0] for row in rows]


def different_tokens(connection: sqlite3.Connection, build: int) -> list[int]:
    """The numbers of tokens that examples of a build have or had, in ascending order."""
    return [row[0] for row in connection.execute(_DIFFERENT_TOKENS, (build,))]


def note_anew(connection: sqlite3.Connection, builds: Collection[int]) -> None:
    """Forgets the values that no example of these builds has any more. Reads all of their examples."""
    for build in builds:
        connection.execute("DELETE FROM example_values WHERE build = ?", (build,))
        for name in NOTED:
            connection.execute(
                "INSERT OR IGNORE INTO example_values (build, name, value)"
                f" SELECT build, ?, {name} FROM examples WHERE build = ?",
                (name, build),
            )
