"""Bringing an old workspace's schema up to date: a whole copy first, and newer ones are left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.storage.database import Database, _migrations

COLLECTION = (
    "INSERT INTO collections (collection_id, source, label, state, created_at, updated_at)"
    " VALUES (?, 'files', 'x', 'ready', '', '')"
)


def test_the_copy_before_a_migration_has_what_a_killed_program_left_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    old = sqlite3.connect(path, isolation_level=None)
    old.execute("PRAGMA journal_mode = WAL")
    old.executescript(f"BEGIN;\n{_migrations()[0]}\nPRAGMA user_version = 1;\nCOMMIT;")
    old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old.execute(COLLECTION, ("in the log",))  # stays there while the connection is open, as after a kill
    assert path.with_name("workspace.db-wal").stat().st_size > 0
    database = Database(path, read_only=False)
    database.migrate()
    copy_path = tmp_path / "workspace.before-2.db"
    with sqlite3.connect(copy_path) as copy:
        assert copy.execute("SELECT collection_id FROM collections").fetchall() == [("in the log",)]
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)
    copy.close()
    assert copy_path.stat().st_mode & 0o777 == 0o600
    with database.read() as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(_migrations())
        assert connection.execute("SELECT collection_id FROM collections").fetchone()[0] == "in the log"
    database.close()
    old.close()


def test_a_file_of_a_newer_program_is_refused_with_both_numbers_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 900")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StorageFailed, match=f"schema 900, this webtune knows {len(_migrations())}"):
        Database(path, read_only=False).migrate()
    assert path.read_bytes()[100:] == before[100:]
    assert not list(tmp_path.glob("*before*"))
