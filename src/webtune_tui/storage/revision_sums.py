"""Dataset versions from which examples are taken for good: their sums and names made true again. Blocking.

A version is named by its content, so a version that loses examples becomes another one. Its old name stays as an alias
of what is left: jobs and evaluations that carry it still find their data.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from webtune_tui.domain.erasure import FoundExample
from webtune_tui.domain.examples import ContentSum, Split

_ALIAS = "erased_version:"
_MODULUS = 1 << 512


def alias_key(content_hash: str) -> str:
    """The key under which ``meta`` keeps what became of a version."""
    return f"{_ALIAS}{content_hash}"


def resolved(connection: sqlite3.Connection, name: str) -> str | None:
    """The content hash of what is left of an erased version whose hash begins with ``name``."""
    row = connection.execute(
        "SELECT value FROM meta WHERE key >= ? AND key < ? LIMIT 1", (alias_key(name), alias_key(name) + "g")
    ).fetchone()
    return row["value"] if row else None


@dataclass(slots=True)
class _Loss:
    """What is to be taken from the sums of a revision."""

    digest: int = 0
    count: int = 0
    tokens: int = 0
    splits: dict[str, int] = field(default_factory=lambda: {split.value: 0 for split in Split})

    def add(self, example: FoundExample, sign: int) -> None:
        self.digest = (self.digest + sign * example.digest) % _MODULUS
        self.count += sign
        self.tokens += sign * example.tokens
        self.splits[example.split] += sign


def subtract(connection: sqlite3.Connection, examples: Sequence[FoundExample]) -> dict[str, str]:
    """Takes the examples out of the sums of every revision that holds them; answers old and new content hashes."""
    by_build: dict[int, list[FoundExample]] = {}
    for one in examples:
        by_build.setdefault(one.build, []).append(one)
    renamed: dict[str, str] = {}
    for build, gone in by_build.items():
        renamed |= _subtract_from_build(connection, build, gone)
    for old, new in renamed.items():
        connection.execute("UPDATE meta SET value = ? WHERE value = ? AND key LIKE ?", (new, old, _ALIAS + "%"))
        connection.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (alias_key(old), new),
        )
    return renamed


def _subtract_from_build(connection: sqlite3.Connection, build: int, gone: Sequence[FoundExample]) -> dict[str, str]:
    """Walks the revisions in order with what is missing so far: each example counts from its first to its last."""
    begin: dict[int, list[FoundExample]] = {}
    end: dict[int, list[FoundExample]] = {}
    for one in gone:
        begin.setdefault(one.since, []).append(one)
        if one.until is not None:
            end.setdefault(one.until, []).append(one)
    loss, renamed = _Loss(), {}
    rows = connection.execute("SELECT * FROM revisions WHERE build = ? ORDER BY revision", (build,)).fetchall()
    for row in rows:
        for one in begin.get(row["revision"], ()):
            loss.add(one, 1)
        for one in end.get(row["revision"], ()):
            loss.add(one, -1)
        if loss.count:
            renamed[row["content_hash"]] = _update(connection, row, loss)
    return renamed


def _update(connection: sqlite3.Connection, row: sqlite3.Row, loss: _Loss) -> str:
    total, _, count = row["content_sum"].partition(":")
    content = ContentSum((int(total, 16) - loss.digest) % _MODULUS, int(count) - loss.count)
    connection.execute(
        "UPDATE revisions SET content_hash = ?, content_sum = ?, examples = ?, train = ?, validation = ?, test = ?,"
        " tokens = ? WHERE build = ? AND revision = ?",
        (
            content.hexdigest(),
            f"{content.total:x}:{content.count}",
            content.count,
            *(row[split.value] - loss.splits[split.value] for split in Split),
            row["tokens"] - loss.tokens,
            row["build"],
            row["revision"],
        ),
    )
    return content.hexdigest()
