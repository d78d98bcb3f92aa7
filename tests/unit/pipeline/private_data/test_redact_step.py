"""The step: fields that an example is made of, policies by kind, drops with the kind as detail."""

from __future__ import annotations

from typing import Any

import pytest

from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.private_data.hits import KINDS
from webtune_tui.pipeline.recipe import default_recipe
from webtune_tui.pipeline.steps.redact import Redact


def draft(fields: dict[str, Any], wanted: tuple[str, ...] = ()) -> Draft:
    return Draft(1, "key", RecordKind.DATA, fields, wanted=wanted)


def test_only_wanted_fields_are_touched() -> None:
    outcome = Redact().apply(draft({"text": "jane@example.com", "other": "bob@example.com"}, ("text",)))
    assert isinstance(outcome, Draft)
    assert outcome.fields == {"text": "[EMAIL]", "other": "bob@example.com"}
    assert outcome.redacted == {"[EMAIL]": "email"}
    assert outcome.touched == ("redact",)


def test_rows_of_messages_are_redacted_as_well() -> None:
    row = {"messages": [{"role": "user", "content": "I'm at 203.0.113.7"}, {"role": "assistant", "content": "Hello"}]}
    outcome = Redact().apply(draft(row))
    assert isinstance(outcome, Draft)
    assert outcome.fields["messages"][0] == {"role": "user", "content": "I'm at [IP]"}


def test_a_json_number_is_touched_only_where_its_name_says_what_it_is() -> None:
    outcome = Redact().apply(draft({"phone": 4155552671, "price": 4155552671}))
    assert isinstance(outcome, Draft)
    assert outcome.fields == {"phone": "[PHONE]", "price": 4155552671}


def test_a_dropped_record_names_its_kind() -> None:
    outcome = Redact(card="drop").apply(draft({"text": "4111 1111 1111 1111"}))
    assert outcome == Dropped(1, "private", "redact", "card")


def test_the_general_choice_holds_where_a_kind_has_none() -> None:
    step = Redact(policy="keep", email="redact")
    assert step.policies() == {kind: "redact" if kind == "email" else "keep" for kind in KINDS}
    outcome = step.apply(draft({"text": "jane@example.com 203.0.113.7"}))
    assert isinstance(outcome, Draft)
    assert outcome.fields == {"text": "[EMAIL] 203.0.113.7"}


def test_clean_fields_come_back_as_they_are() -> None:
    given = draft({"title": "Lamp", "price": 12.5, "tags": ["a", "b"], "deep": {"x": None}})
    assert Redact().apply(given) is given


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_policy(kind: str) -> None:
    assert Redact().policies()[kind] == "redact"


def test_it_is_part_of_the_default_recipe_after_the_cleaning() -> None:
    names = [step.name for step in default_recipe().steps if step.enabled]
    assert names.index("normalise_text") < names.index("redact")
