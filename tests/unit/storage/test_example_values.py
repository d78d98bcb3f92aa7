"""The values of flags and sources are known without a look at the examples, whatever made them."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from webtune_tui.storage.database import Database, _migrations
from webtune_tui.storage.dataset_steps import Step
from webtune_tui.storage.dataset_types import BuildReport, Change, Revision, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_values import different_tokens, different_values, note_anew
from webtune_tui.storage.workspace import Workspace

TOKENS = (5, 3, 3, 900)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def built(workspace: Workspace) -> tuple[DatasetStore, Revision]:
    store = DatasetStore(workspace.database)
    build = store.begin_build()
    rows = [
        (n, f"ex-{n}", "train", "[]", tokens, "cut" if n == 1 else "", str(n + 1), "", f"files-{n % 2}")
        for n, tokens in enumerate(TOKENS)
    ]
    store.add_rows(build, rows[:2])
    store.add_rows(build, rows[2:])
    store.seal(build, Totals(), "o200k_base")
    return store, store.publish(build, BuildReport("", "o200k_base", "{}", ""))


def known(database: Database, build: int) -> tuple[list[str], list[str]]:
    with database.read() as connection:
        return different_values(connection, build, "flags"), different_values(connection, build, "source")


def test_what_is_stored_is_noted(workspace: Workspace) -> None:
    _, head = built(workspace)
    assert known(workspace.database, head.build) == (["", "cut"], ["files-0", "files-1"])
    with workspace.database.read() as connection:
        assert different_tokens(connection, head.build) == [3, 5, 900]
        assert different_tokens(connection, head.build + 1) == []


def test_what_edits_bring_is_noted_too(workspace: Workspace) -> None:
    store, head = built(workspace)
    first = store.by_ids(head, ["ex-0"])["ex-0"]
    edited = replace(first, messages="[1]", flags=("edited",), source="pasted", row_id=0, body_id=0)
    head = store.commit(head, [Change(first, edited)], action="edit", operation={})
    rows = array("q", [one.row_id for one in store.by_ids(head, ["ex-1", "ex-2"]).values()])
    head = store.commit_rows(
        head, rows, lambda split, flags: (split, f"{flags} tag:x".strip()), Step("edit", operation={})
    )
    flags, sources = known(workspace.database, head.build)
    assert flags == ["", "cut", "cut tag:x", "edited", "tag:x"] and sources == ["files-0", "files-1", "pasted"]


def test_values_go_with_their_build_and_with_the_last_example_that_has_them_when_a_person_is_removed(
    workspace: Workspace,
) -> None:
    _, head = built(workspace)
    with workspace.database.write() as connection:
        connection.execute("DELETE FROM examples WHERE example_id IN ('ex-1', 'ex-3')")
        note_anew(connection, {head.build})
    assert known(workspace.database, head.build) == ([""], ["files-0"])
    with workspace.database.write() as connection:
        connection.execute("DELETE FROM builds WHERE build = ?", (head.build,))
        assert connection.execute("SELECT count(*) FROM example_values").fetchone()[0] == 0


def test_the_values_of_an_older_workspace_are_noted_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    scripts = _migrations()
    before = scripts[: next(n for n, script in enumerate(scripts) if "CREATE TABLE example_values" in script)]
    with sqlite3.connect(path, isolation_level=None) as old:
        old.executescript("".join(f"BEGIN;\n{script}\nCOMMIT;" for script in before))
        old.execute(f"PRAGMA user_version = {len(before)}")
        old.execute("INSERT INTO builds (build, created_at, recipe, encoding, report) VALUES (7, '', '', '', '{}')")
        for number, flags in enumerate(("cut", "", "cut", "edited")):
            old.execute(
                "INSERT INTO examples (row_id, build, ordinal, example_id, split, tokens, record_ids, flags, source)"
                " VALUES (?1, 7, ?1, 'ex-' || ?1, 'train', 3, '1', ?2, 'pages')",
                (number, flags),
            )
    old.close()
    database = Database(path, read_only=False)
    database.migrate()
    assert known(database, 7) == (["", "cut", "edited"], ["pages"])
    database.close()
