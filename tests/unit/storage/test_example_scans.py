"""Conditions in SQL give what the domain's own reading of them gives, and orders are complete."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.example_fields import condition_on_examples, matches
from webtune_tui.domain.examples import Example, encode_messages
from webtune_tui.domain.examples import Message as Turn
from webtune_tui.storage.dataset_types import BuildReport, Revision, Totals
from webtune_tui.storage.datasets import DatasetStore
from webtune_tui.storage.example_conditions import like_pattern
from webtune_tui.storage.example_scans import SORTS, ExampleScans, Wanted
from webtune_tui.storage.workspace import Workspace

TEXTS = (
    "Steel kettle, 1.7 l", "água quente e fria", "STRASSE", "Straße", "日本語の説明", "100 % wool_blend", 'says "no"',
    "line\nfeed", "back\\slash", "content", "assistant", "İstanbul", "K for Kelvin: \u212a", "ſun", "\x1b[31m red", "",
    "ﬁne print", "fine print", "Ελλάς ΕΛΛΑΣ", "new line: \\n",
)  # fmt: skip
SOURCES = ("amazon-products", "Pages", "файлы")
FLAGS = ("", "near-duplicate", "edited", "cut redacted:email", "edited near-duplicate")
CONDITIONS = (
    "tokens > 800", "tokens between 100 and 300 or tokens = 1000", "split = test", "not split = train",
    'source ~ "amazon" and flag:near-duplicate', "flags has edited", "edited is true",
    "edited is false and tokens < 500",
    'answer ~ "strasse"', 'prompt ~ "ÁGUA"', 'answer !~ "kettle"', "prompt is empty", "turns > 2", "index <= 5",
    'id = "ex-3"', 'group starts with "g1"', 'text ~ "fine"', 'answer starts with "steel"', "system is not empty",
    '(answer ~ "k" or tokens > 900) and not source = pages', 'source in ("pages", "файлы")', "flags is empty",
    "answer_characters > 12", "prompt_characters between 5 and 12",
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(Path(tmp_path_factory.mktemp("scans")) / "workspace", command="test") as opened:
        yield opened


@pytest.fixture(scope="module")
def head(workspace: Workspace) -> Revision:
    store = DatasetStore(workspace.database)
    build = store.begin_build()
    rows = []
    for n in range(120):
        turns = [Turn("user", TEXTS[(n * 7) % len(TEXTS)]), Turn("assistant", TEXTS[n % len(TEXTS)])]
        if n % 5 == 0:
            turns.insert(0, Turn("system", "You are kind."))
        if n % 11 == 0:
            turns.append(Turn("assistant", "", extra={"tool_calls": [{"name": "fine"}]}))
        split = ("train", "validation", "test")[n % 3]
        flags, source = FLAGS[n % len(FLAGS)], SOURCES[n % 3 if n % 2 else 0]
        rows.append((n, f"ex-{n}", split, encode_messages(turns), n * 10, flags, str(n + 1), f"g{n // 4}", source))
    store.add_rows(build, rows)
    store.seal(build, Totals(), "o200k_base")
    return store.publish(build, BuildReport("", "o200k_base", "{}", ""))


@pytest.fixture(scope="module")
def examples(workspace: Workspace, head: Revision) -> list[Example]:
    return [row.to_example() for row in DatasetStore(workspace.database).stream(head)]


def found(workspace: Workspace, wanted: Wanted) -> list[str]:
    scans = ExampleScans(workspace.database)
    where = scans.where(wanted)
    ids = [one for part in scans.row_ids(wanted, where, threading.Event()) for one in part]
    assert scans.first(wanted, where, 7, 3) == ids[3:10]
    return [row.example_id for row in scans.rows(ids)]


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_rows_of_a_condition_are_those_that_fulfil_it(
    workspace: Workspace, head: Revision, examples: list[Example], text: str
) -> None:
    condition = condition_on_examples(text)
    expected = [one.example_id for number, one in enumerate(examples, start=1) if matches(condition, one, number)]
    assert found(workspace, Wanted(head, condition)) == expected
    assert 0 < len(expected) < len(examples)


@pytest.mark.parametrize(
    "needle", [*TEXTS[:15], *TEXTS[16:], "n", "fi", "e", "ss", "\\n", "tool", "name", "weight"], ids=ascii
)
def test_the_rows_of_a_text_are_those_that_hold_it_in_any_case(
    workspace: Workspace, head: Revision, examples: list[Example], needle: str
) -> None:
    for written in {needle, needle.upper(), needle.lower()}:
        condition = condition_on_examples(f"text ~ {json.dumps(written, ensure_ascii=False)}")
        if "\\" in written or "\n" in written or '"' in written or "\x1b" in written:
            expected = [
                one.example_id for one in examples
                if any(written.casefold() in turn.content.casefold() for turn in one.messages)
            ]  # fmt: skip
        else:
            expected = [one.example_id for one in examples if matches(condition, one, 1)]
        assert found(workspace, Wanted(head, text=written)) == expected


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("is_descending", [False, True], ids=["ascending", "descending"])
def test_an_order_has_every_row_once(
    workspace: Workspace, head: Revision, examples: list[Example], sort: str, is_descending: bool
) -> None:
    ids = found(workspace, Wanted(head, sort=sort, is_descending=is_descending))
    assert sorted(ids) == sorted(one.example_id for one in examples)
    if sort == "tokens":
        assert ids == [one.example_id for one in sorted(examples, key=lambda one: one.tokens, reverse=is_descending)]
    if sort == "edited":
        edited = {one.example_id for one in examples if "edited" in one.flags}
        assert edited and set(ids[-len(edited) :] if is_descending else ids[: len(edited)]) == edited


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=12), st.text(max_size=12), st.text(min_size=1, max_size=8))
def test_a_pattern_finds_every_text_that_holds_the_needle(
    workspace: Workspace, before: str, after: str, needle: str
) -> None:
    for held in (needle, needle.upper(), needle.lower(), needle.casefold()):
        text = before + held + after
        if needle.casefold() not in text.casefold() or "\x00" in text:
            continue
        stored = json.dumps([{"content": text, "role": "user"}], ensure_ascii=False).encode("utf-8", "replace").decode()
        with workspace.database.read() as connection:
            (is_found,) = connection.execute(
                "SELECT ? LIKE ? ESCAPE '\\'", (stored, like_pattern(needle).encode("utf-8", "replace").decode())
            ).fetchone()
        assert is_found or "\ufffd" in stored


def test_what_examples_do_not_have_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="no 'price' to filter by"):
        condition_on_examples("price > 3")


def test_a_scan_ends_when_it_is_told_to(workspace: Workspace, head: Revision) -> None:
    stopped = threading.Event()
    stopped.set()
    scans = ExampleScans(workspace.database)
    wanted = Wanted(head, text="e")
    assert list(scans.row_ids(wanted, scans.where(wanted), stopped)) == []
    assert scans.facets(wanted, stopped) == {}


def test_facets_count_the_rows_of_a_condition(workspace: Workspace, head: Revision, examples: list[Example]) -> None:
    counts = ExampleScans(workspace.database).facets(
        Wanted(head, condition_on_examples("tokens > 600")), threading.Event()
    )
    some = [one for one in examples if one.tokens > 600]
    assert counts["split"] == {name: sum(one.split == name for one in some) for name in counts["split"]}
    assert counts["flag"]["near-duplicate"] == sum("near-duplicate" in one.flags for one in some)
    assert counts["edited"]["true"] == sum("edited" in one.flags for one in some)
    assert sum(counts["source"].values()) == len(some)
