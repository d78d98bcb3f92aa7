"""Whatever a source or a flag is called, a condition asks for just it; parts join a condition and leave it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.conditions import compiled, quoted
from webtune_tui.domain.example_facets import chosen_in, facet_condition, has_part, with_part, without_part
from webtune_tui.domain.example_fields import condition_on_examples, matches
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.terminal_text import display_line


def example(source: str = "shop", flags: tuple[str, ...] = ()) -> Example:
    return Example("ex-1", Split.TRAIN, (Message("user", "a"), Message("assistant", "b")), source=source, flags=flags)


@given(st.text(max_size=30))
def test_a_source_of_any_name_is_found_by_its_condition(source: str) -> None:
    condition = facet_condition("source", source)
    assert display_line(condition) == condition
    assert matches(condition_on_examples(condition), example(source), 1)
    assert not matches(condition_on_examples(condition), example(f"{source}x"), 1)


@given(st.text(st.characters(exclude_categories=["Z", "Cc"]), min_size=1, max_size=30))
def test_a_flag_of_any_name_is_found_by_its_condition(flag: str) -> None:
    condition = facet_condition("flag", flag)
    assert display_line(condition) == condition
    assert matches(condition_on_examples(condition), example(flags=("other", flag)), 1)
    assert not matches(condition_on_examples(condition), example(flags=("other",)), 1) or flag.strip() == "other"


@pytest.mark.parametrize(
    "text", ["“ and ”", "\x1b]52;c;UFdORUQ=\x07", "\u202egpj", 'say "no"', "C:\\users", "a\nb", "\u200b"], ids=ascii
)
def test_a_quoted_text_is_read_as_it_was(text: str) -> None:
    asked = compiled(f"name = {quoted(text)}")
    assert asked.matches({"name": text}) and not asked.matches({"name": "another"})


@pytest.mark.parametrize(
    "condition",
    ["", "tokens > 800", "tokens > 800 or split = test", "not (a = 1 or b = 2) and c between 1 and 2", 'a ~ "x and y"'],
)
def test_a_part_joins_a_condition_and_leaves_it_as_it_was(condition: str) -> None:
    part = facet_condition("source", 'O"Neill')
    longer = with_part(condition, part)
    assert has_part(longer, part) and not has_part(condition, part)
    assert with_part(longer, part) == longer
    left = without_part(longer, part)
    assert not has_part(left, part)
    assert left.strip("()") == condition or left == condition


def test_a_part_is_the_same_however_it_was_typed() -> None:
    assert has_part("tokens > 8 and SPLIT==train", "split = train")
    assert has_part("(edited = true and source='A b')", 'source = "a b"')
    assert not has_part("split = train or tokens > 8", "split = train")
    assert not has_part("not split = train", "split = train")


def test_what_a_condition_asks_for_is_known_by_facet_and_value() -> None:
    hostile = facet_condition("source", "\x1b[2J \u201cx\u201d")
    asked = chosen_in(
        f"{hostile} and not flag:cut and tokens > 8 and split = Test and not (edited = true or turns > 2)"
    )
    assert asked == {("source", "\x1b[2j \u201cx\u201d"): True, ("flag", "cut"): False, ("split", "test"): True}
    assert chosen_in("source is empty and flags has 'a b'") == {("source", ""): True, ("flag", "a b"): True}
    assert chosen_in("") == {}
