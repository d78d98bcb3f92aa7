"""Transactions that can be stopped, and several writes that are one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from webtune_tui.domain.errors import Stopped, StorageFailed
from webtune_tui.storage.database import Database

COUNT = "INSERT INTO meta (key, value) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "workspace.db", read_only=False)
    opened.migrate()
    yield opened
    opened.close()


def keys(database: Database) -> list[str]:
    with database.read() as connection:
        return [row[0] for row in connection.execute("SELECT key FROM meta ORDER BY key")]


def put(database: Database, key: str) -> None:
    with database.write() as connection:
        connection.execute("INSERT INTO meta (key, value) VALUES (?, '')", (key,))


def test_a_statement_under_way_is_stopped_and_leaves_nothing(database: Database) -> None:
    stopped = threading.Event()
    with pytest.raises(Stopped, match="nothing was changed"), database.write(stopped) as connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('before', '')")
        connection.create_function("stop", 1, lambda number: stopped.set() if number == 10 else None)
        connection.execute(COUNT.format(100_000_000) + "SELECT i, stop(i) IS NULL FROM n")
    assert keys(database) == []
    put(database, "after")
    assert keys(database) == ["after"]


def test_what_is_stopped_between_statements_leaves_nothing(database: Database) -> None:
    stopped = threading.Event()
    with pytest.raises(Stopped), database.write(stopped) as connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('before', '')")
        stopped.set()
    assert keys(database) == []


def test_another_error_stays_what_it_is_when_it_comes_with_the_stop(database: Database) -> None:
    stopped = threading.Event()
    with pytest.raises(StorageFailed, match="no such table"), database.write(stopped) as connection:
        stopped.set()
        connection.execute("SELECT * FROM no_table")


def test_writes_together_are_one_transaction_that_its_own_reads_see(database: Database) -> None:
    seen: list[list[str]] = []
    with pytest.raises(ZeroDivisionError), database.together():
        put(database, "a")
        put(database, "b")
        assert keys(database) == ["a", "b"]
        with database.aside() as connection:
            connection.row_factory = None
            assert connection.execute("SELECT count(*) FROM meta").fetchone() == (2,)
        other = threading.Thread(target=lambda: seen.append(keys(database)))
        other.start()
        other.join()
        raise ZeroDivisionError
    assert seen == [[]] and keys(database) == []
    with database.together():
        put(database, "a")
        put(database, "b")
    assert keys(database) == ["a", "b"]


def test_writes_together_are_stopped_together(database: Database) -> None:
    stopped = threading.Event()
    with pytest.raises(Stopped), database.together(stopped):
        put(database, "a")
        with database.aside() as connection:
            connection.set_progress_handler(None, 0)
        stopped.set()
        with database.write() as connection:
            connection.execute(COUNT.format(100_000_000) + "SELECT i, '' FROM n")
    assert keys(database) == []
