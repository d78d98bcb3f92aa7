"""What is kept of messages gives the same answers as the messages do, whatever of it is there."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from webtune_tui.domain.body_facts import BodyFacts, facts_of
from webtune_tui.domain.example_fields import condition_on_examples, field_named, value_of
from webtune_tui.domain.examples import ContentSum, Example, encode_messages
from webtune_tui.domain.examples import Message as Turn
from webtune_tui.storage.body_facts import Extent, KeptFacts
from webtune_tui.storage.dataset_types import BuildReport, Change, Revision, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_scans import ExampleScans, Wanted
from webtune_tui.storage.workspace import Workspace

ANSWERS = ("steel", "água quente", "日本語の説明", "", "a half", "água", "STEEL kettle")
CONDITIONS = (
    "language = pt", "language != pt", "not language = en", "language in (pt, ja) and tokens > 100", "language ~ n",
    "language = unknown or turns > 2", "turns = 2", "turns between 3 and 9 and split = train", "language is empty",
    "answer_characters > 6", "prompt_characters <= 8 and not answer_characters = 0",
    'language = pt and answer ~ "quente"', 'turns > 2 or answer ~ "steel"', "language = xx", "not turns > 0",
)  # fmt: skip


def language_of(text: str) -> str:
    return "unknown" if not text else "pt" if "á" in text else "ja" if "日" in text else "en"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.open(tmp_path / "workspace", command="test") as opened:
        yield opened


@pytest.fixture
def head(workspace: Workspace) -> Revision:
    store = DatasetStore(workspace.database)
    build = store.begin_build()
    rows = []
    for n in range(40):
        turns = [Turn("user", f"item {n * n}"), Turn("assistant", ANSWERS[n % len(ANSWERS)])]
        turns = [Turn("system", "Be kind."), *turns] if n % 5 == 0 else turns
        split = ("train", "validation", "test")[n % 3]
        rows.append((n, f"ex-{n}", split, encode_messages(turns), n * 10, "", str(n), f"ex-{n}", "shop"))
    store.add_rows(build, rows)
    store.seal(build, Totals(ContentSum(0, 40), train=40), "o200k_base")
    return store.publish(build, BuildReport("", "o200k_base", "{}", ""))


def find_out(workspace: Workspace, revision: Revision, most: int = -1, *, with_languages: bool = True) -> int:
    """Keeps the facts of some bodies, of all where ``most`` says nothing; answers how many were missing."""
    kept = KeptFacts(workspace.database)
    extent = Extent(revision.build, revision.revision, with_languages)
    missing = kept.missing(extent, most).body_ids
    deletions = kept.deletions()
    assert kept.keep(revision.build, kept.facts(missing, language_of if with_languages else None), deletions)
    if most < 0:
        kept.note_known(extent, deletions)
    return len(missing)


def asked(workspace: Workspace, revision: Revision, text: str) -> list[str]:
    scans = ExampleScans(workspace.database, language_of)
    wanted = Wanted(revision, condition_on_examples(text))
    where = scans.where(wanted)
    ids = [one for part in scans.row_ids(wanted, where, threading.Event()) for one in part]
    assert scans.first(wanted, where, 5, 1) == ids[1:6]
    in_two = (replace(wanted, places=(0, 17)), replace(wanted, places=(17, 99)))
    assert [one for half in in_two for part in scans.row_ids(half, where, threading.Event()) for one in part] == ids
    return [row.example_id for row in scans.rows(ids)]


def expected(examples: Sequence[Example], text: str) -> list[str]:
    condition = condition_on_examples(text)

    def value(name: str, one: Example, number: int) -> object:
        field = field_named(name)
        read = value_of(field, one, number)
        return language_of(str(read)) if field == "language" else read

    return [
        one.example_id
        for number, one in enumerate(examples, start=1)
        if condition.matches({name: value(name, one, number) for name in condition.fields})
    ]


def everything(workspace: Workspace, revision: Revision) -> list[Example]:
    return [row.to_example() for row in DatasetStore(workspace.database).stream(revision)]


@pytest.mark.parametrize("known", ["nothing", "some", "turns", "turns and some languages", "all"])
def test_the_answer_is_that_of_the_messages_whatever_is_kept(workspace: Workspace, head: Revision, known: str) -> None:
    if known.startswith("turns"):
        find_out(workspace, head, with_languages=False)
    if known in ("some", "turns and some languages"):
        find_out(workspace, head, 13)
    if known == "all":
        assert find_out(workspace, head) == 40
    examples = everything(workspace, head)
    for text in CONDITIONS:
        assert asked(workspace, head, text) == expected(examples, text), text
    scans = ExampleScans(workspace.database, language_of)
    where = scans.where(Wanted(head, condition_on_examples("turns > 2")))
    assert where.lacks_facts is (known in ("nothing", "some"))
    assert not where.reads_bodies


def test_edited_examples_are_answered_for_as_they_are_now(workspace: Workspace, head: Revision) -> None:
    store = DatasetStore(workspace.database)
    find_out(workspace, head)
    before = store.by_ids(head, ["ex-0", "ex-1", "ex-2"])
    turns = encode_messages([Turn("assistant", "água"), Turn("user", "x"), Turn("assistant", "água fria")])
    changes = [
        Change(before["ex-0"], replace(before["ex-0"], messages=turns, row_id=0, body_id=0)),
        Change(before["ex-1"], replace(before["ex-1"], flags=("edited",), row_id=0)),
        Change(before["ex-2"], None),
    ]
    edited = store.commit(head, changes, action="edit", operation={})
    for state in ("of the one before", "of both"):
        for text in CONDITIONS:
            assert asked(workspace, edited, text) == expected(everything(workspace, edited), text), (state, text)
            assert asked(workspace, head, text) == expected(everything(workspace, head), text), (state, text)
        if state == "of the one before":
            assert find_out(workspace, edited) == 1
    assert "ex-0" in asked(workspace, edited, "language = pt")
    kept = KeptFacts(workspace.database)
    assert kept.is_known(Extent(head.build, head.revision, True))
    assert not kept.missing(Extent(edited.build, edited.revision, True)).body_ids


def test_what_is_kept_goes_with_its_text(workspace: Workspace, head: Revision) -> None:
    find_out(workspace, head)
    with workspace.database.write() as connection:
        connection.execute("DELETE FROM examples WHERE row_id IN (1, 2)")
        assert connection.execute("SELECT count(*) FROM body_facts").fetchone()[0] == 38
        connection.execute("DELETE FROM builds WHERE build = ?", (head.build,))
        for table in ("body_facts", "known_builds"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0


def test_nothing_is_kept_of_a_text_that_may_be_gone(workspace: Workspace, head: Revision) -> None:
    kept = KeptFacts(workspace.database)
    extent = Extent(head.build, head.revision, True)
    facts = [(1, BodyFacts(2, 3, 4, "en"))]
    before = kept.deletions()
    with workspace.database.write() as connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('erasures', '[1]')")
    assert not kept.keep(head.build, facts, before)
    kept.note_known(extent, before)
    assert not kept.is_known(extent)
    assert not kept.keep(head.build + 1, facts, kept.deletions())
    assert len(kept.missing(extent).body_ids) == 40


def test_another_way_of_telling_languages_begins_anew(workspace: Workspace, head: Revision) -> None:
    kept = KeptFacts(workspace.database)
    kept.use_detector("one")
    find_out(workspace, head)
    kept.use_detector("one")
    kept.use_detector("")
    assert kept.is_known(Extent(head.build, head.revision, True))
    kept.use_detector("another")
    assert not kept.is_known(Extent(head.build, head.revision, False))
    assert find_out(workspace, head) == 40


def test_facts_are_the_fields_of_the_domain() -> None:
    turns = (Turn("user", "a"), Turn("assistant", "água"), Turn("user", "bcd"), Turn("tool", "x"))
    assert facts_of(turns, language_of) == BodyFacts(4, 3, 4, "pt")
    assert facts_of((), None) == BodyFacts(0, 0, 0, None)
