"""The packing plan: nothing cut, nothing lost, close to the least that is possible."""

from __future__ import annotations

from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui.pipeline.packing import plan_packing


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 700), max_size=200), st.integers(16, 512), st.integers(1, 8))
def test_every_fitting_token_is_packed_and_no_sequence_overflows(lengths: list[int], length: int, batch: int) -> None:
    plan = plan_packing(lengths, length, batch)
    fitting = [one for one in lengths if one <= length]
    assert (plan.examples, plan.tokens, plan.too_long) == (len(fitting), sum(fitting), len(lengths) - len(fitting))
    assert plan.sequences * length == plan.tokens + plan.padding_packed
    assert plan.fullest <= length
    least = ceil(sum(fitting) / length)
    assert least <= plan.sequences <= max(len(fitting), 0)
    assert plan.sequences <= ceil(least * 11 / 9) + max(1, least)
    assert plan.steps_packed <= plan.steps_alone


def test_halves_and_quarters_fill_sequences_without_padding() -> None:
    plan = plan_packing([50, 25, 25, 100, 50, 50, 200], 100, 2)
    assert (plan.sequences, plan.padding_packed, plan.too_long) == (3, 0, 1)
    assert (plan.steps_alone, plan.steps_packed) == (3, 2)
    assert plan.padding_alone == 25 + 75 + 0


def test_without_examples_there_is_nothing_to_do() -> None:
    plan = plan_packing([], 512, 4)
    assert (plan.sequences, plan.steps_alone, plan.steps_packed, plan.fullest) == (0, 0, 0, 0)
