"""The field template: places, lists, vanishing lines, and nothing that runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.field_paths import parse
from webtune_tui.pipeline.template import ChatTemplate, TextTemplate, named_values, paths_of, value_at

ROW = {
    "title": "Kettle",
    "brand": "N/A",
    "price": 49.5,
    "sold": True,
    "tags": ["steel", "", "matte"],
    "a": {"b": [{"c": "one"}, {"c": "two"}, {"d": "x"}]},
    "none": None,
    "specs": {"Colour": "red", "Weight": "N/A", "Size": {"width": "3 cm", "height": "4 cm"}},
    "pairs": [{"name": "Power:", "value": "2 kW"}, {"name": "Cable", "value": None}, {"type": "Fuse", "value": 13}],
    "reviews": [{"who": "Ann", "says": "good"}, {"who": "Bo"}, {"says": None}],
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
        ("Tags:\n- {tags[]}\nend", "Tags:\n- steel\n- matte\nend"),
        ("  * {a.b[].c}.", "* one.\n  * two."),
        ("- {title[]}\n- {none[]}", "- Kettle"),
        ("- {reviews[].who}: {reviews[].says}", "- Ann: good\n- Bo:"),
        ("- {tags[]} of {title}", "- steel, matte of Kettle"),
        ("{specs}", "Colour: red\nSize: width: 3 cm; height: 4 cm"),
        ("- {specs}", "- Colour: red\n- Size: width: 3 cm; height: 4 cm"),
        ("- {pairs[]}", "- Power: 2 kW\n- Fuse: 13"),
        ("{pairs}", "Power: 2 kW\nFuse: 13"),
        ("Specs: {pairs}!", "Specs: Power: 2 kW; Fuse: 13!"),
        ("{reviews}", ""),
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


@pytest.mark.parametrize(
    ("user", "line", "column", "says"),
    [
        ("{title}\nBy {a..b}", 2, 4, "is no field"),
        ("Write {title", 1, 7, "not closed"),
        ("one\ntwo\n  }", 3, 3, "closes nothing"),
        ("{a {b}", 1, 1, "not closed"),
    ],
)
def test_a_fault_names_its_part_line_and_column(user: str, line: int, column: int, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        ChatTemplate(user=user, assistant="x").check("recipe.toml: [template]")
    assert f"user, line {line}, column {column}: " in caught.value.message and says in caught.value.message
    assert caught.value.fields == {"part": "user", "line": line, "column": column}


def test_the_fields_of_a_template_are_told_for_columns_with_dots_too() -> None:
    assert TextTemplate("- {tags[]}\n{a.b[0].c}").fields == ("tags", "a", "a.b")
    assert list(paths_of(["- {a.b[].c} {a.b[].d}", "{title} {title}"])) == ["a.b[].c", "a.b[].d", "title"]


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["name", "value", "text", "x"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    st.sampled_from(["{a}", "- {a[]}", "- {a}", "x {a}", "- {a[].b}: {a[].c}", "- {a[].b[]}"]),
)
def test_no_value_breaks_a_line_and_nothing_missing_leaves_one(value: object, template: str) -> None:
    filled = TextTemplate(template).render({"a": value})
    assert bool(filled.values) == bool(filled.text)
    assert all(isinstance(text, str) and text for text in filled.values)


def test_a_deep_object_ends_somewhere() -> None:
    value: object = "x"
    for _ in range(400):
        value = {"name": "n", "value": value}
    assert named_values(value) == []


def test_an_object_of_other_things_is_no_pair() -> None:
    assert named_values({"title": "T", "value": "v", "a": 1, "b": 2, "c": 3}) == [
        ("title", "T"), ("value", "v"), ("a", "1"), ("b", "2"), ("c", "3"),
    ]  # fmt: skip
    assert named_values([{"a": 1}, {"b": 2}]) == []
    assert named_values("text") == []
