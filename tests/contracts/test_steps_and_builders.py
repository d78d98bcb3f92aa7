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
from webtune_tui.pipeline.base import Draft, Dropped
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
        assert option.label and option.kind in (bool, int, float, str)
        assert build(declared, {option.name: str(option.default)}, where=name) == declared()


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


@pytest.mark.parametrize("builder", builders(), ids=lambda builder: builder.name)
def test_a_builder_is_named_after_its_file(builder: Any) -> None:
    assert registry.load("pipeline.builders", builder.name).BUILDER is builder
