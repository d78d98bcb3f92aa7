"""The texts of examples lie apart from their rows: rows share them, and none stays without a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from webtune_tui.domain.examples import Split
from webtune_tui.storage.database import Database, _migrations
from webtune_tui.storage.dataset_types import BuildReport, Change, Revision, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.workspace import Workspace

TEXTS = [f'[{{"content":"answer {number}","role":"assistant"}}]' for number in range(4)]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


def built(workspace: Workspace) -> tuple[DatasetStore, Revision]:
    store = DatasetStore(workspace.database)
    build = store.begin_build()
    rows = [(n, f"ex-{n}", "train", text, 3, "", str(n), f"ex-{n}", "shop") for n, text in enumerate(TEXTS)]
    store.add_rows(build, rows)
    store.seal(build, Totals(), "o200k_base")
    return store, store.publish(build, BuildReport("", "o200k_base", "{}", ""))


def bodies(database: Database) -> list[str]:
    with database.read() as connection:
        return [row[0] for row in connection.execute("SELECT messages FROM bodies ORDER BY body_id")]


def test_a_row_that_comes_back_or_moves_shares_its_text(workspace: Workspace) -> None:
    store, head = built(workspace)
    first = store.by_ids(head, ["ex-0"])["ex-0"]
    head = store.commit(head, [Change(first, replace(first, split=Split.TEST, row_id=0))], action="edit", operation={})
    moved = store.by_ids(head, ["ex-0"])["ex-0"]
    assert (moved.split, moved.messages, moved.body_id) == (Split.TEST, TEXTS[0], first.body_id)
    assert moved.row_id != first.row_id
    assert bodies(workspace.database) == TEXTS


def test_another_text_is_stored_beside_the_one_before(workspace: Workspace) -> None:
    store, head = built(workspace)
    first = store.by_ids(head, ["ex-0"])["ex-0"]
    changed = replace(first, messages="[]", row_id=0, body_id=0)
    head = store.commit(head, [Change(first, changed)], action="edit", operation={})
    assert store.by_ids(head, ["ex-0"])["ex-0"].messages == "[]"
    assert bodies(workspace.database) == [*TEXTS, "[]"]


def test_a_text_goes_with_the_last_row_that_has_it(workspace: Workspace) -> None:
    store, head = built(workspace)
    first = store.by_ids(head, ["ex-0"])["ex-0"]
    store.commit(head, [Change(first, replace(first, split=Split.TEST, row_id=0))], action="edit", operation={})
    for row_id, left in ((first.row_id, TEXTS), (len(TEXTS) + 1, TEXTS[1:])):
        with workspace.database.write() as connection:
            connection.execute("DELETE FROM examples WHERE row_id = ?", (row_id,))
        assert bodies(workspace.database) == left


def test_the_texts_of_a_build_go_with_it(workspace: Workspace) -> None:
    _, head = built(workspace)
    with workspace.database.write() as connection:
        connection.execute("DELETE FROM builds WHERE build = ?", (head.build,))
    assert bodies(workspace.database) == []


def test_the_texts_of_an_older_workspace_are_moved(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    scripts = _migrations()[:6]
    with sqlite3.connect(path, isolation_level=None) as old:
        old.executescript("".join(f"BEGIN;\n{script}\nCOMMIT;" for script in scripts))
        old.execute(f"PRAGMA user_version = {len(scripts)}")
        old.execute("INSERT INTO builds (build, created_at, recipe, encoding, report) VALUES (7, '', '', '', '{}')")
        for number, text in enumerate(TEXTS):
            old.execute(
                "INSERT INTO examples (row_id, build, ordinal, example_id, split, messages, tokens, record_ids)"
                " VALUES (?, 7, ?, ?, 'train', ?, 3, '1')",
                (10 + number, number, f"ex-{number}", text),
            )
    old.close()
    database = Database(path, read_only=False)
    database.migrate()
    with database.read() as connection:
        rows = connection.execute(
            "SELECT row_id, body_id, messages FROM examples JOIN bodies USING (body_id) ORDER BY ordinal"
        ).fetchall()
    assert [tuple(row) for row in rows] == [(10 + n, 10 + n, text) for n, text in enumerate(TEXTS)]
    database.close()
