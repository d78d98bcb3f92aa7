"""What every step and every builder keeps to; a new file is tested as soon as it is there."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webtune_tui import registry
from webtune_tui.domain.examples import Message
from webtune_tui.domain.options import build, options_of
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import BuildsSeveral, Draft, Dropped
from webtune_tui.pipeline.build_plan import BuildPlan
from webtune_tui.pipeline.recipe import STAGES, builders, step_class
from webtune_tui.pipeline.tokens import BundledCounter, count_examples

STEPS = registry.names("pipeline.steps")
PER_RECORD = [name for name in STEPS if step_class(name).stage != "corpus"]
TEXT = st.text(max_size=40) | st.sampled_from(["", "N/A", "<p>x</p>", "A sentence. Another one!", "word " * 400])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
COLUMNS = [
    "messages", "system", "user", "assistant", "prompt", "completion", "instruction", "input", "output", "question",
    "answer", "title", "name", "Product Name", "brand", "features", "categories", "description", "price",
    "review_text", "rating", "text", "content", "error", "warning", "error_code", "x",
]  # fmt: skip
ROWS = st.dictionaries(st.sampled_from(COLUMNS), VALUES, max_size=8)
MESSAGES = st.lists(st.builds(Message, st.sampled_from(["system", "user", "assistant", "tool"]), TEXT), max_size=4).map(
    tuple
)


def draft(fields: dict[str, Any], messages: tuple[Message, ...], kind: RecordKind) -> Draft:
    tokens = count_examples([messages], BundledCounter())[0]
    return Draft(7, "key", kind, fields, messages=messages, tokens=tokens)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_declares_what_forms_and_the_recipe_need(name: str) -> None:
    declared = step_class(name)
    assert declared.name == name
    assert declared.title and declared.title[0].isupper()
    assert declared.stage in STAGES
    assert declared.__doc__
    assert build(declared, {}, where=name) == declared()
    for option in options_of(declared):
        assert option.label and option.kind in (bool, int, float, str, list)
        told = ",".join(option.default) if option.kind is list else str(option.default)
        assert build(declared, {option.name: told}, where=name) == declared()


@pytest.mark.parametrize("name", PER_RECORD)
@given(ROWS, MESSAGES, st.sampled_from(list(RecordKind)))
@settings(max_examples=60, deadline=None)
def test_a_step_is_pure_repeatable_and_keeps_the_records_identity(
    name: str, fields: dict[str, Any], messages: tuple[Message, ...], kind: RecordKind
) -> None:
    given_draft = draft(fields, messages, kind)
    before = copy.deepcopy(fields)
    step = step_class(name)()
    outcome = step.apply(given_draft)
    assert fields == before
    assert step.apply(given_draft) == outcome
    if isinstance(outcome, Dropped):
        assert (outcome.record_id, outcome.step) == (7, name)
        assert outcome.reason and outcome.reason == outcome.reason.lower()
        return
    assert (outcome.record_id, outcome.key, outcome.kind) == (7, "key", kind)
    again = step.apply(outcome)
    assert isinstance(again, Draft)
    assert (again.fields, again.messages) == (outcome.fields, outcome.messages)
    changed = (outcome.fields, outcome.messages) != (given_draft.fields, given_draft.messages)
    assert (name in outcome.touched) == changed


@pytest.mark.parametrize("name", PER_RECORD)
def test_a_step_can_be_sent_to_another_process(name: str) -> None:
    step = step_class(name)()
    assert pickle.loads(pickle.dumps(step)) == step


@pytest.mark.parametrize("builder", builders(), ids=lambda builder: builder.name)
@given(ROWS)
@settings(max_examples=80, deadline=None)
def test_a_builder_answers_any_row_without_changing_it(builder: Any, fields: dict[str, Any]) -> None:
    before = copy.deepcopy(fields)
    if not builder.accepts(fields):
        return
    made = builder.build(fields)
    assert fields == before
    assert builder.build(fields) == made
    if made is None:
        return
    assert [message.role for message in made.messages].count("assistant") >= 1
    assert all(isinstance(value, str) and value for value in made.values)
    json.dumps([message.to_json() for message in made.messages])


PLANS = st.builds(
    BuildPlan,
    documents=st.sampled_from(["write", "question"]),
    transcripts=st.sampled_from(["turns", "text"]),
    preferences=st.booleans(),
)
SEGMENTS = st.lists(st.dictionaries(st.sampled_from(["speaker", "text", "start", "votes"]), VALUES), max_size=4)
WIDER_ROWS = st.builds(
    lambda row, more: row | more,
    ROWS,
    st.dictionaries(
        st.sampled_from(["segments", "answers", "comments", "chosen", "rejected", "preferred_output", "language"]),
        VALUES | SEGMENTS,
        max_size=5,
    ),
)


@pytest.mark.parametrize(
    "builder", [one for one in builders() if isinstance(one, BuildsSeveral)], ids=lambda builder: builder.name
)
@given(WIDER_ROWS, PLANS)
@settings(max_examples=80, deadline=None)
def test_a_builder_of_several_answers_any_row_under_any_plan(builder: Any, fields: dict[str, Any], plan: Any) -> None:
    before = copy.deepcopy(fields)
    if not builder.accepts(fields):
        return
    made = builder.build_all(fields, plan)
    assert fields == before
    assert builder.build_all(fields, plan) == made
    for one in made:
        assert "assistant" in [message.role for message in one.messages]
        assert all(isinstance(value, str) and value for value in one.values)
        json.dumps([message.to_json() for message in one.messages])


@pytest.mark.parametrize(
    "builder", [one for one in builders() if isinstance(one, BuildsSeveral)], ids=lambda builder: builder.name
)
@given(ROWS)
@settings(max_examples=40, deadline=None)
def test_the_default_plan_changes_nothing_for_a_builder_of_several(builder: Any, fields: dict[str, Any]) -> None:
    assert builder.reads_for(BuildPlan()) == builder.reads
    if builder.accepts(fields):
        made = builder.build(fields)
        assert list(builder.build_all(fields, BuildPlan())) == ([made] if made else [])


@pytest.mark.parametrize("builder", builders(), ids=lambda builder: builder.name)
@given(WIDER_ROWS)
@settings(max_examples=40, deadline=None)
def test_whether_a_builder_accepts_depends_on_the_names_of_columns_alone(builder: Any, fields: dict[str, Any]) -> None:
    if builder.name != "messages_rows":  # a column of that name is looked into
        assert builder.accepts(fields) == builder.accepts(dict.fromkeys(fields))


@pytest.mark.parametrize("builder", builders(), ids=lambda builder: builder.name)
def test_a_builder_is_named_after_its_file(builder: Any) -> None:
    assert registry.load("pipeline.builders", builder.name).BUILDER is builder
