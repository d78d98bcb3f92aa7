"""Pages of a list of records join without a gap and without a row twice, from wherever one came."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.records import Record, RecordKind
from webtune_tui.tui.widgets.record_pages import PAGE, Asked, RecordPages


def rows_at(positions: list[int]) -> list[Record]:
    return [Record("c1", position, RecordKind.DATA, str(position), "", {}) for position in positions]


def answer(rows: list[Record], asked: Asked) -> list[Record]:
    if asked.before is not None:
        return [row for row in rows if row.position < asked.before][-asked.limit :]
    return [row for row in rows if row.position > asked.after][: asked.limit]


def look_at(pages: RecordPages, rows: list[Record], page: int) -> None:
    asked = pages.wanted(page, len(rows))
    assert pages.take(page, asked, answer(rows, asked))


def test_any_page_of_a_list_without_gaps_is_exactly_its_rows() -> None:
    rows = rows_at(list(range(30 * PAGE + 7)))
    for page in (0, 1, 17, 30, 29, 16):
        pages = RecordPages()
        look_at(pages, rows, page)
        start = page * PAGE
        assert list(pages) == rows[start : start + PAGE]
        assert pages.record(start + 3) == rows[start + 3]


@given(seed=st.integers(0, 2**32), rows=st.integers(850, 1150), looked=st.lists(st.integers(0, 8), max_size=12))
def test_neighbouring_pages_join_however_one_jumped_between_them(seed: int, rows: int, looked: list[int]) -> None:
    positions = list(accumulate(Random(seed).choices(range(1, 5), k=rows)))
    records = rows_at(positions)
    pages = RecordPages()
    for page in looked:
        if page not in pages:
            look_at(pages, records, page)
        for one in range(9):
            if one in pages and one + 1 in pages:
                below, above = pages.record(one * PAGE + PAGE - 1), pages.record((one + 1) * PAGE)
                if below is not None and above is not None:
                    assert positions.index(above.position) == positions.index(below.position) + 1


def test_from_the_top_every_row_is_where_it_belongs_also_where_positions_have_gaps() -> None:
    rows = rows_at([place * 3 for place in range(4 * PAGE + 5)])
    pages = RecordPages()
    for page in (0, 4, 3, 1, 2, 3, 4):
        if page not in pages:
            look_at(pages, rows, page)
    assert list(pages) == rows


def test_what_does_not_join_the_page_that_came_meanwhile_is_refused() -> None:
    rows = rows_at([place * 2 for place in range(5 * PAGE)])
    pages = RecordPages()
    guessed = pages.wanted(2, len(rows))
    look_at(pages, rows, 0)
    look_at(pages, rows, 1)
    assert not pages.take(2, guessed, answer(rows, guessed))
    assert 2 not in pages and pages.wanted(2, len(rows)) == Asked(after=rows[2 * PAGE - 1].position)


def test_no_more_than_a_few_pages_are_kept() -> None:
    rows = rows_at(list(range(40 * PAGE)))
    pages = RecordPages()
    for page in range(40):
        look_at(pages, rows, page)
    assert len(list(pages)) == 8 * PAGE and 39 in pages and 0 not in pages
