"""Fitting text into cells: nothing is lost, nothing is wider than its room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from webtune_tui.domain.terminal_text import display
from webtune_tui.tui.presentation.examples import common_lead, excerpt
from webtune_tui.tui.presentation.text_layout import bar, fit, fit_right, short_number, wrap

TEXTS = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("  \n日本語é[]\x1b")), max_size=200)


@given(TEXTS, st.integers(min_value=2, max_value=60))
def test_wrapped_lines_fit_and_hold_every_visible_character(text: str, width: int) -> None:
    shown = display(text)
    lines = list(wrap(shown, width))
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


@given(TEXTS, st.integers(min_value=0, max_value=60))
def test_a_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    line = display(text).replace("\n", " ").replace("\t", " ")
    assert cell_len(fit(line, width)) == width
    assert cell_len(fit_right(line, width)) == width


def test_japanese_is_cut_at_a_whole_character() -> None:
    assert fit("素早く沸騰", 6) == "素早… "
    assert fit("素早く沸騰", 10) == "素早く沸騰"


def test_text_is_broken_at_spaces() -> None:
    assert list(wrap("soft ear cushions that stay cool", 14)) == ["soft ear", "cushions that", "stay cool"]


def test_a_long_word_is_broken_anywhere() -> None:
    assert list(wrap("see https://shop.example/a", 12)) == ["see https://", "shop.example", "/a"]


def test_a_small_count_still_has_a_bar() -> None:
    assert bar(1, 10_000, 20) == "╸"
    assert bar(10_000, 10_000, 20) == "━" * 20
    assert bar(0, 10, 20) == ""


def test_short_numbers_take_five_cells_at_most() -> None:
    assert [short_number(n) for n in (7, 999, 1000, 12_345, 999_960, 1_000_000, 123_456_789)] == [
        "7", "999", "1.0k", "12.3k", "1.0M", "1.0M", "123M",
    ]  # fmt: skip


def test_an_excerpt_begins_near_the_searched_words() -> None:
    text = "x" * 5000 + " the needle is here"
    assert "needle" in excerpt(text, "NEEDLE")
    assert excerpt(text, "").startswith("xxx")


def test_the_words_of_the_template_are_found_as_the_common_lead() -> None:
    prompts = [f"Write a product description.\nTitle: {name}" for name in ("Bose", "Bosch", "Anker")]
    assert common_lead(prompts) == "Write a product description.\nTitle: "
    assert common_lead(["Why?", "Who?", "What?"]) == ""
    assert common_lead(prompts[:2]) == ""
