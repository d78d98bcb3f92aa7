"""The field template: places, lists, vanishing lines, and nothing that runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.field_paths import parse
from webtune_tui.pipeline.template import ChatTemplate, TextTemplate, value_at

ROW = {
    "title": "Kettle",
    "brand": "N/A",
    "price": 49.5,
    "sold": True,
    "tags": ["steel", "", "matte"],
    "a": {"b": [{"c": "one"}, {"c": "two"}, {"d": "x"}]},
    "none": None,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{title}", "Kettle"),
        ("Title: {title}\nBrand: {brand}\nPrice: {price}", "Title: Kettle\nPrice: 49.5"),
        ("{a.b[0].c} and {a.b[1].c}", "one and two"),
        ("{a.b[].c}", "one, two"),
        ("{a.b[9].c}", ""),
        ("{tags}", "steel, matte"),
        ("{tags[0]}{tags[2]}", "steelmatte"),
        ("{{title}} {title}", "{title} Kettle"),
        ("only words", "only words"),
        ("{none}\n{nothing}\nend", "end"),
        ("{title} by {none}", "Kettle by"),
        ("{sold}", "yes"),
    ],
)
def test_a_template_fills_its_places(template: str, text: str) -> None:
    assert TextTemplate(template).render(ROW).text == text


def test_values_are_told_apart_from_the_templates_words() -> None:
    assert TextTemplate("Describe {title}, tags {tags}, {none}").render(ROW).values == ("Kettle", "steel, matte")


@given(st.text(max_size=30))
def test_a_field_is_text_and_never_a_template_again(value: str) -> None:
    assert (
        TextTemplate("<{x}>").render({"x": "{y}" + value + "v", "y": "no"}).text == f"<{('{y}' + value + 'v').strip()}>"
    )


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_value_has_a_text(value: object) -> None:
    assert isinstance(value_at({"a": value}, parse("a.b[0].c")), str)
    assert isinstance(value_at({"a": value}, parse("a[]")), str)


@pytest.mark.parametrize("path", ["", "a..b", "[0]", "a[x]", ".a"])
def test_a_path_that_can_not_be_read_is_refused(path: str) -> None:
    with pytest.raises(UsageError):
        parse(path)


def test_an_answer_keeps_its_placeholder_so_that_the_step_can_name_it() -> None:
    made = ChatTemplate(user="About {title}", assistant="{brand}").build(ROW)
    assert made.messages[-1].content == "N/A"


@pytest.mark.parametrize("texts", [{"user": "x"}, {"assistant": "x"}, {"user": "{a..b}", "assistant": "x"}])
def test_a_template_that_teaches_nothing_is_refused(texts: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        ChatTemplate(**texts).check()
