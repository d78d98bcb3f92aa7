"""Rows of a file in an order of their own: sorting beside, the rows of a bar, places in a list."""

from __future__ import annotations

import asyncio
import json
from array import array
from pathlib import Path

import pytest

from webtune_tui.domain.errors import StorageFailed
from webtune_tui.services import file_sort_plan as plan
from webtune_tui.services import row_notes
from webtune_tui.services.file_rows import row_and_turns
from webtune_tui.services.file_sorting import Sorted, sorting
from webtune_tui.services.file_statistics import tallying
from webtune_tui.services.line_file import LineFile
from webtune_tui.services.listed_search import FoundRow, searching_listed
from webtune_tui.services.row_notes import Bar, Kind, PartNotes, RowNotebook, RowNotes
from webtune_tui.services.row_order import RowOrder, TemporaryBytes


def chat(asked: str, *answers: str, role: str = "user") -> bytes:
    messages = [{"role": role, "content": asked}, *({"role": "assistant", "content": one} for one in answers)]
    return json.dumps({"messages": messages}).encode()


ODD_LINES = [
    chat("b", "one"), b"", b"no json", chat("a", "two", "three"), b"[1, 2]", b'{"text": "\xc3\xa4"}', chat("B", "one"),
    b"x" * 9000, b'{"prompt": "a", "completion": "b"}\r', chat("\u00e4", "one", role="robot"), b'{"a": 1}', b"{}",
    chat("", ""), b'{"messages": 7}', chat("long " * 2000, "one"), b'{"instruction": "x", "output": 12}',
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> LineFile:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(ODD_LINES * 2))
    return LineFile(path)


async def order_of(file: LineFile, sort: str, among: RowOrder | None = None) -> RowOrder:
    async for event in sorting(file, sort, among):
        if isinstance(event, Sorted):
            return event.order
    raise AssertionError("no order came")


@pytest.mark.parametrize("sort", [plan.FILE, plan.BYTES, plan.TURNS, plan.PROMPT, plan.ANSWER])
async def test_rows_are_in_the_order_of_what_the_table_shows_and_alike_ones_in_that_of_the_file(
    sort: str, file: LineFile
) -> None:
    rows = [row_and_turns(line)[0] for line in file.lines_from(file.begin)]
    keys = {
        plan.FILE: lambda row: 0,
        plan.BYTES: lambda row: row.size,
        plan.TURNS: lambda row: row.turns,
        plan.PROMPT: lambda row: row.prompt.lstrip()[:56].casefold().encode()[:56],
        plan.ANSWER: lambda row: row.answer.lstrip()[:56].casefold().encode()[:56],
    }
    expected = [row.offset for row in sorted(rows, key=keys[sort])]
    order = await order_of(file, sort)
    assert list(order.offsets(0, 100)) == expected
    assert list(order.turned().offsets(0, 100)) == expected[::-1]
    assert list(order.turned().offsets(3, 4)) == expected[::-1][3:7]
    assert list(order.offsets(30, 9)) == expected[30:]
    some = RowOrder.of([array("Q", sorted(expected[5:20]))], file.size)
    assert list((await order_of(file, sort, some)).offsets(0, 100)) == [
        one for one in expected if one in expected[5:20]
    ]
    file.close()


async def test_more_rows_than_a_run_holds_are_merged(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    sizes = [number * 7919 % 101 for number in range(40_000)]
    path.write_bytes(b"".join(b"x" * size + b"\n" for size in sizes))
    file = LineFile(path)
    order = await order_of(file, plan.BYTES)
    offsets = [offset for first in range(0, order.count, 8000) for offset in order.offsets(first, 8000)]
    assert order.count == len(sizes)
    assert [file.line_from(offset).size for offset in offsets[::997]] == sorted(sizes)[::997]
    assert len(set(offsets)) == len(sizes)
    places = order.places_of([offsets[12_345], offsets[39_999], 10**9])
    assert places == {offsets[12_345]: 12_345, offsets[39_999]: 39_999}
    assert order.turned().places_of([offsets[3]]) == {offsets[3]: 39_996}
    file.close()


async def test_a_given_up_sort_leaves_no_program_and_no_open_file(file: LineFile) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    events = sorting(file, plan.PROMPT)
    await anext(events)
    await events.aclose()
    del events
    await asyncio.sleep(0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    file.close()


def test_a_folder_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(StorageFailed, match="no room for temporary files"):
        TemporaryBytes()


async def test_a_listed_row_is_found_in_both_directions_also_where_it_is_long(file: LineFile) -> None:
    order = await order_of(file, plan.BYTES)

    async def found(text: str, origin: int, *, backwards: bool = False) -> FoundRow:
        async for event in searching_listed(file, order, text, origin, backwards=backwards):
            last = event
        assert isinstance(last, FoundRow)
        return last

    holding = [place for place in range(order.count) if b"one" in file.line_from(order.offsets(place, 1)[0]).raw]
    assert len(holding) >= 8
    place = 0
    for expected in holding:
        hit = await found("one", place)
        assert (hit.place, hit.is_around) == (expected, False)
        assert file.read(hit.byte, 3) == b"one"
        place = expected + 1
    assert await found("one", place) == FoundRow(holding[0], (await found("one", 0)).byte, is_around=True)
    assert (await found("one", holding[2], backwards=True)).place == holding[1]
    assert (await found("xxxxx", 0)).place is not None
    assert await found("nowhere", 5) == FoundRow()
    file.close()


async def test_each_bar_lists_exactly_the_rows_that_it_counts(file: LineFile) -> None:
    async for event in tallying(file):
        last = event
    rows = [row_and_turns(line) for line in file.lines_from(file.begin)]
    counts = last.counts
    for group, counter in ((row_notes.ERRORS, counts.errors), (row_notes.WARNINGS, counts.warnings)):
        for name, count in counter.items():
            assert last.notes.listed(Bar(group, name)).count == count
            wanted = [r.offset for r, _ in rows if name in (r.errors if group == row_notes.ERRORS else r.warnings)]
            assert list(last.notes.listed(Bar(group, name)).offsets(0, 99)) == wanted
    for group, shape in (
        (row_notes.FORMS, counts.forms), (row_notes.TURNS, counts.turns), (row_notes.LENGTHS, counts.lengths),
        (row_notes.ANSWERS, counts.answers),
    ):  # fmt: skip
        assert {name: last.notes.listed(Bar(group, str(name))).count for name in shape} == dict(shape)
    for role in counts.roles:
        wanted = [row.offset for row, turns in rows if role in {turn.role for turn in turns}]
        listed = set(last.notes.listed(Bar(row_notes.ROLES, role)).offsets(0, 99))
        assert listed <= set(wanted)
    assert last.notes.listed(Bar(row_notes.CHECKED, row_notes.REFUSED)).count == counts.refused
    assert last.notes.listed(Bar(row_notes.CHECKED, row_notes.ODD)).count == counts.odd
    assert last.notes.unsorted(Bar(row_notes.ROLES, "user")) == 0
    assert Bar.named(Bar(row_notes.ROLES, "a:b").name).value == "a:b"
    file.close()


def test_rows_of_too_many_kinds_are_told_and_never_listed_wrongly() -> None:
    part = PartNotes()
    book = RowNotebook(part.offsets.descriptor, part.marks.descriptor)
    for number in range(5000):
        book.note(number * 10, Kind("openai", (), (), (f"{number}" + "r" * 95,)), row_notes.shape(11, 2, 5))
    told = book.flush()
    assert sum(len(kind[3][0]) for kind in told[1:]) <= 200_000
    part.take(5000, told)
    notes = RowNotes([part], 50_000)
    first, last = Bar(row_notes.ROLES, "0" + "r" * 95), Bar(row_notes.ROLES, "4999" + "r" * 95)
    assert list(notes.listed(first).offsets(0, 9)) == [0]
    assert notes.listed(last).count == 0
    assert notes.unsorted(last) == 5000 - len(told) + 1
    assert notes.listed(Bar(row_notes.TURNS, "2")).count == 5000
    assert notes.unsorted(Bar(row_notes.TURNS, "2")) == 0
