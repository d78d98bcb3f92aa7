"""Time and memory on large texts, and that finds are sorted out as before however many there are."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.pipeline.private_data.finder import find
from webtune_tui.pipeline.private_data.hits import KINDS, RANK, Hit, without_overlaps

NOTHING = {"digits": "4", "spaced digits": "4 ", "dotted digits": "1.", "dashes": "4-", "addresses": "1.2.3.4 "}
FULL = {
    "links": "http://user:secretpw1@host.example/path?token=abcdef123456 ",
    "accounts": "DE89 3704 0044 0532 0130 00 ",
    "mails": "a.b@example.com ",
}


def peak(text: str) -> float:
    """The most memory that looking through a text takes, as a multiple of it."""
    tracemalloc.start()
    try:
        find(text)
        return tracemalloc.get_traced_memory()[1] / len(text)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", NOTHING)
def test_a_run_of_numbers_takes_memory_for_a_few_copies_of_itself(name: str) -> None:
    assert peak(NOTHING[name] * (100_000 // len(NOTHING[name]))) < 6


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_megabytes_take_ten_times_their_size_at_most_and_linear_time() -> None:
    assert peak("4" * 8_000_000) < 10
    for name, unit in (NOTHING | FULL).items():
        small, large = (seconds(unit * (size // len(unit))) for size in (500_000, 2_000_000))
        assert large < 6 * small + 0.5, name


@pytest.mark.slow
def test_a_text_full_of_finds_takes_little_more_than_the_finds_themselves() -> None:
    for name, unit in FULL.items():
        assert peak(unit * (200_000 // len(unit))) < 20, name


def seconds(text: str) -> float:
    began = time.process_time()
    find(text)
    return time.process_time() - began


def sorted_out(hits: list[Hit]) -> list[Hit]:
    """The rule in its plainest form, as the judge: the strongest first, each that touches none of those before it."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (RANK[hit.kind], hit.start - hit.end, hit.start)):
        if all(hit.end <= other.start or other.end <= hit.start for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)


HITS = st.builds(
    lambda kind, start, length: Hit(kind, start, start + length),
    st.sampled_from(KINDS[:4]),
    st.integers(0, 60),
    st.integers(1, 12),
)


@given(st.lists(HITS, max_size=25))
def test_finds_are_sorted_out_by_the_plain_rule(hits: list[Hit]) -> None:
    assert without_overlaps(list(hits)) == sorted_out(hits)


def test_a_hundred_thousand_pairs_that_overlap_are_sorted_out_in_a_moment() -> None:
    hits = [Hit(kind, 10 * at, 10 * at + 6) for at in range(100_000) for kind in ("email", "token_url")]
    began = time.process_time()
    assert len(without_overlaps(hits)) == 100_000
    assert time.process_time() - began < 3
