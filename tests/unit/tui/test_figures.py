"""Numbers, states and symbols as a person reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.jobs import JobState
from webtune_tui.domain.records import CollectionState
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.glyphs import ASCII, UNICODE, choose
from webtune_tui.tui.presentation.states import collection_look, job_look


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figures.count(1234), "1,234"),
        (figures.count(1, "record"), "1 record"),
        (figures.count(2, "entry", "entries"), "2 entries"),
        (figures.count(None), "—"),
        (figures.money(None), "—"),
        (figures.money(0), "$0.00"),
        (figures.money(0.075), "$0.075"),
        (figures.money(1234.5), "$1,234.50"),
        (figures.duration(8.2), "8 s"),
        (figures.duration(185), "3 min 05 s"),
        (figures.duration(8040), "2 h 14 min"),
        (figures.duration(273_600), "3 d 04 h"),
        (figures.age("2026-11-22T13:00:00.000Z", "2026-11-22T13:03:10.000Z"), "3m"),
        (figures.size(512), "512 B"),
        (figures.size(1_240_000), "1.2 MB"),
        (figures.size(3_400_000_000), "3.4 GB"),
        (figures.rate(120, 10, "records"), "12 records/s"),
        (figures.rate(3, 40, "records"), "4.5 records/min"),
        (figures.rate(0, 40, "records"), "—"),
        (figures.share(1, 8), "12 %"),
        (figures.share(0, 0), "—"),
    ],
)
def test_figures_read_well(shown: str, expected: str) -> None:
    assert shown == expected


@given(st.floats(min_value=0, max_value=100_000))
def test_an_amount_is_never_shown_as_less_by_more_than_a_hundredth_of_a_cent(amount: float) -> None:
    assert abs(float(figures.money(amount).removeprefix("$").replace(",", "")) - amount) <= 0.000051


def test_every_state_has_a_look_whose_word_says_it_without_colour() -> None:
    looks = [collection_look(state) for state in CollectionState] + [job_look(state) for state in JobState]
    assert all(look.word and len(look.symbol) == 1 for look in looks)


def test_terminals_without_unicode_get_plain_symbols() -> None:
    assert choose({"TERM": "xterm-256color"}, "UTF-8") is UNICODE
    assert choose({"TERM": "linux"}, "UTF-8") is ASCII
    assert choose({"TERM": "xterm"}, "ANSI_X3.4-1968") is ASCII
