"""The operations of edits: what each does to an example, what it refuses, and that the recipe keeps it."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from webtune_tui import registry
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.examples import Example, Message, Split
from webtune_tui.domain.selections import Selection
from webtune_tui.pipeline.edit import Edit, check_selection, operation_of, parse_edit
from webtune_tui.pipeline.edits.base import DoesNotFit, Head, derived_id
from webtune_tui.pipeline.recipe import parse_recipe
from webtune_tui.pipeline.template import ChatTemplate
from webtune_tui.storage.recipe_file import edit_to_toml

MESSAGES = (
    Message("system", "Be brief."),
    Message("user", "One?  \n\n\n\nReally?"),
    Message("assistant", "Yes. It is one. It was two before."),
    Message("user", "Two?"),
    Message("assistant", "Two."),
)
EXAMPLE = Example("ex-1", Split.TRAIN, MESSAGES, flags=("cut",))


class FakeTools:
    """Counts words as tokens, and replaces in this process."""

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def substituted(self, find: str, replacement: str, texts: Sequence[str], *, regex: bool) -> list[tuple[str, int]]:
        assert not regex
        return [(text.replace(find, replacement), text.count(find)) for text in texts]

    def made_anew(self, template: ChatTemplate, examples: Sequence[Example]) -> list[Example | str]:
        made = template.build({"title": "A kettle"})
        return [replace(one, messages=made.messages) if made.messages[-1].content else "no answer" for one in examples]


def results(name: str, example: Example = EXAMPLE, **options: Any) -> tuple[Example, ...]:
    operation: Any = operation_of(name, **options)
    (result,) = operation.results([example], FakeTools())
    if isinstance(result, DoesNotFit):
        raise result
    assert isinstance(result, tuple)
    return result


def texts(example: Example) -> list[str]:
    return [one.content for one in example.messages]


def test_another_template_writes_the_messages_anew_and_tells_why_it_can_not() -> None:
    (after,) = results("retemplate", system="Sell.", user="What is {title}?", assistant="{title}\n{price}")
    assert texts(after) == ["Sell.", "What is A kettle?", "A kettle"]
    with pytest.raises(DoesNotFit, match="ex-1 can't be written anew: no answer") as refused:
        results("retemplate", user="What is {title}?", assistant="{price}")
    assert refused.value.fields == {"why": "no answer"} and refused.value.hint


def test_replacing_stays_in_the_chosen_roles() -> None:
    (after,) = results("replace", find="wo", replacement="oo")
    assert texts(after)[2:] == ["Yes. It is one. It was too before.", "Two?", "Too."]
    (both,) = results("replace", find="?", replacement="!", roles=["user"])
    assert texts(both)[1] == "One!  \n\n\n\nReally!" and texts(both)[3] == "Two!"


def test_trimming_takes_space_and_cuts_at_a_sentence() -> None:
    (after,) = results("trim", tokens=5)
    assert texts(after)[1:3] == ["One?\n\nReally?", "Yes. It is one."]
    (kept,) = results("trim", tokens=5, space=False)
    assert texts(kept)[1] == MESSAGES[1].content
    with pytest.raises(DoesNotFit, match="No whole sentence of ex-1 fits into 2 tokens"):
        results("trim", Example("ex-1", Split.TRAIN, (Message("assistant", "One long sentence only."),)), tokens=2)


def test_roles_and_weights_change_one_message() -> None:
    (after,) = results("role", to="user", message=2)
    assert after.messages[2].role == "user"
    (weighted,) = results("weight", weight=0)
    assert [one.weight for one in weighted.messages] == [None, None, 0, None, None]
    (back,) = results("weight", weighted, weight=1)
    assert back.messages[2].weight == 1
    with pytest.raises(DoesNotFit, match="no answer"):
        results("weight", message=1)
    with pytest.raises(DoesNotFit, match="learn nothing"):
        results("weight", Example("ex-1", Split.TRAIN, MESSAGES[:3]), message=-1)
    with pytest.raises(DoesNotFit, match="no message 9"):
        results("role", to="user", message=9)


def test_halves_are_whole_conversations_and_can_be_merged_again() -> None:
    first, second = results("split_in_two", message=3)
    assert texts(second) == ["Be brief.", "Two?", "Two."] and len(first.messages) == 3
    merge: Any = operation_of("merge")
    assert merge.joined(first, second).messages == MESSAGES
    with pytest.raises(DoesNotFit, match="each half needs"):
        results("split_in_two", message=2)
    moved = Example("ex-2", Split.TEST, second.messages)
    with pytest.raises(DoesNotFit, match="ex-1 lies in train, ex-2 in test"):
        merge.joined(first, moved)
    other = Example("ex-2", Split.TRAIN, (Message("system", "Be long."), *second.messages[1:]))
    with pytest.raises(DoesNotFit, match="different system messages"):
        merge.joined(first, other)


def test_rows_change_their_split_and_tags() -> None:
    move: Any = operation_of("move", to="test")
    assert move.row(Head(Split.TRAIN, ())) == Head(Split.TEST, ())
    tag: Any = operation_of("tag", tag="long")
    head = tag.row(Head(Split.TRAIN, ("cut",)))
    assert head == Head(Split.TRAIN, ("cut", "tag:long")) == tag.row(head)
    untag: Any = operation_of("untag", tag="long")
    assert untag.row(head) == Head(Split.TRAIN, ("cut",))


def test_new_ids_depend_on_the_parent_the_operation_and_the_number() -> None:
    ids = {derived_id(parent, name, number) for parent in "ab" for name in ("x", "y") for number in (1, 2)}
    assert len(ids) == 8 and all(one.startswith("ex-") and len(one) == 19 for one in ids)
    assert derived_id("ex-1", "duplicate", 1) == "ex-37ca5b2bd16dcb13"


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("explode", {}, "There is no edit 'explode'"),
        ("move", {"to": "training"}, "There is no split 'training'"),
        ("replace", {"find": ""}, "no text to find"),
        ("replace", {"find": "a", "roles": ["bot"]}, "There is no role 'bot'"),
        ("replace", {"find": "(", "regex": True}, "can't be read"),
        ("replace", {"find": "a", "replacement": r"\1", "regex": True}, "can't be read"),
        ("replace", {"find": "a" * 3_000, "regex": True}, "too long"),
        ("replace", {"finds": "a"}, "has no option 'finds'"),
        ("role", {"to": "robot"}, "There is no role 'robot'"),
        ("tag", {"tag": "two words"}, "no name for a tag"),
        ("tag", {"tag": ""}, "no name for a tag"),
        ("trim", {"space": False}, "nothing to trim"),
        ("weight", {"weight": 2}, "no weight 2"),
        ("retemplate", {"user": "{a", "assistant": "{b}"}, "The template user, line 1, column 1"),
        ("retemplate", {"user": "{a}"}, "needs user and assistant"),
    ],
)
def test_options_that_make_no_sense_are_refused(name: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as refused:
        operation_of(name, **options)
    assert told in refused.value.message and refused.value.hint


@pytest.mark.parametrize(
    ("name", "selection", "told"),
    [
        ("drop", Selection(), "No example is selected"),
        ("drop", Selection(("ex-1",), "tokens > 1"), "Both ids and a condition"),
        ("drop", Selection(where="tokenz > 1"), "tokenz"),
        ("drop", Selection(where="tokens >"), "can't be read at character"),
        ("merge", Selection.of("ex-1"), "exactly two"),
        ("keep", Selection(where="all"), "named by their ids"),
    ],
    ids=["nothing", "both", "unknown field", "unfinished", "merging one", "bringing back all"],
)
def test_selections_that_make_no_sense_are_refused(name: str, selection: Selection, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_selection(Edit(operation_of(name), selection))
    assert told in refused.value.message and refused.value.hint


OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("drop", {}),
    ("move", {"to": "validation"}),
    ("retemplate", {"user": 'What is {title}?\nBy "{brand}"', "assistant": "{a.b[0].c}\n- {features[]}"}),
    ("replace", {"find": 'a\n"b"\\', "replacement": "\x7f", "regex": False, "roles": ["user", "system"]}),
    ("replace", {"find": r"(\w+)", "replacement": r"<\1>", "regex": True}),
    ("trim", {"tokens": 12, "space": False}),
    ("tag", {"tag": "über"}),
    ("untag", {"tag": "über"}),
    ("role", {"to": "user", "message": -2}),
    ("weight", {"weight": 0, "message": 4}),
    ("weight", {"weight": 1}),
    ("split_in_two", {"message": 3}),
    ("duplicate", {}),
]


@pytest.mark.parametrize(("name", "options"), OPERATIONS, ids=[f"{n}-{name}" for n, (name, _) in enumerate(OPERATIONS)])
@pytest.mark.parametrize("by", ["ids", "condition", "all"])
def test_every_operation_comes_back_from_the_recipe_as_it_was(name: str, options: dict[str, Any], by: str) -> None:
    selection = {
        "ids": Selection.of("ex-1", "ex-2"),
        "condition": Selection(where='tokens > 3 and answer ~ "a \\"b\\""'),
        "all": Selection.everything(),
    }[by]
    edit = Edit(operation_of(name, **options), selection, None if by == "ids" else 7)
    document = tomllib.loads(edit_to_toml(edit.to_plain()))
    (again,) = parse_recipe(document, where="recipe.toml").edits
    assert again == edit and again.to_plain() == edit.to_plain()
    assert again.told(2).startswith(again.operation.told("")[:4])


def test_the_other_operations_come_back_too() -> None:
    edit = Edit(operation_of("merge"), Selection.of("ex-2", "ex-1"))
    assert parse_edit(edit.to_plain(), where="x") == edit
    tried = {name for name, _ in OPERATIONS} | {"merge", "set", "keep"}
    assert tried == set(registry.names("pipeline.edits")), "a new operation belongs into this test"


@pytest.mark.parametrize(
    "table",
    [
        {"do": "drop"},
        {"do": "drop", "ids": []},
        {"do": "drop", "ids": "ex-1"},
        {"do": "drop", "where": "all", "met": -1},
        {"do": "drop", "where": "all", "met": True},
        {"do": "set", "ids": ["ex-1"]},
        {"do": "explode", "where": "all"},
        {"do": "drop", "where": "all", "extra": 1},
        {"do": "replace", "where": "all", "find": "(", "regex": True},
        {"drop": [1]},
    ],
    ids=str,
)
def test_an_edit_of_the_recipe_that_does_not_fit_names_its_place(table: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as refused:
        parse_recipe({"edits": [{"drop": ["ex-1"]}, table]}, where="recipe.toml")
    assert refused.value.message.startswith("recipe.toml: [[edits]] number 2")


def test_trimming_a_megabyte_of_space_and_line_feeds_is_quick() -> None:
    for text in (" " * 1_000_000, " \n" * 500_000, "\n" * 1_000_000, "a \t" * 333_000 + "b", "\n \n\n" * 250_000):
        started = time.perf_counter()
        results("trim", Example("ex-1", Split.TRAIN, (Message("user", text),)))
        assert time.perf_counter() - started < 1.0


def test_a_step_on_a_message_tells_it_as_a_person_counts() -> None:
    told = [operation_of("weight", weight=0, message=at).told("1 example") for at in (0, 1, 2, 10, -1, -2)]
    assert [words.removeprefix("Set the weight of ").removesuffix(" to 0 in 1 example") for words in told] == [
        "the 1st message",
        "the 2nd message",
        "the 3rd message",
        "the 11th message",
        "the last message",
        "the 2nd message from the end",
    ]
    assert operation_of("role", to="system", message=0).told("it") == "Made the 1st message the system's in it"
    assert operation_of("split_in_two", message=2).told("it") == "Split it in two at the 3rd message"
