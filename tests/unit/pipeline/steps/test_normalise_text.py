"""The step over rows: which fields it cleans, what it counts and what it flags."""

from __future__ import annotations

from typing import Any

import pytest

from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.steps.normalise_text import NormaliseText


def cleaned(fields: dict[str, Any], **options: Any) -> Draft:
    draft = NormaliseText(**options).apply(Draft(1, "k", RecordKind.DATA, fields))
    assert isinstance(draft, Draft)
    return draft


def test_the_step_cleans_nested_values_and_leaves_other_fields_alone() -> None:
    fields = {"title": "A &amp; B", "tags": ["<b>x</b>", {"deep": "y\u200b"}], "price": 5, "raw": "<p>raw</p>"}
    draft = Draft(1, "k", RecordKind.DATA, fields, wanted=("title", "tags", "price"))
    cleaned = NormaliseText().apply(draft)
    assert isinstance(cleaned, Draft)
    assert cleaned.fields == {"title": "A & B", "tags": ["x", {"deep": "y"}], "price": 5, "raw": "<p>raw</p>"}
    assert cleaned.touched == ("normalise_text",)
    assert NormaliseText().apply(cleaned) is cleaned


@pytest.mark.parametrize("edge", [" x", "x ", "x\n", "\nx", "\tx", "x\u00a0", "x  y", "a b c\na b c\na b c"], ids=repr)
def test_a_row_of_clean_texts_hides_no_dirty_one(edge: str) -> None:
    draft = cleaned({"a": "clean", "b": edge, "c": "also clean", "d": ""})
    assert draft.fields["b"] in ("x", "x y", "a b c")


def test_a_clean_row_is_the_same_row() -> None:
    draft = Draft(1, "k", RecordKind.DATA, {"title": "Cup", "tags": ["a", {"b": "c"}], "price": 3})
    assert NormaliseText().apply(draft) is draft


def test_look_alike_letters_are_flagged_and_stay() -> None:
    draft = cleaned({"title": "Log in to p\u0430ypal now"})
    assert draft.flags == ("homoglyphs",) and draft.touched == ()
    assert draft.fields["title"] == "Log in to p\u0430ypal now"
    assert cleaned({"title": "p\u0430ypal"}, homoglyphs=False).flags == ()


def test_what_was_removed_before_is_counted_on() -> None:
    draft = Draft(1, "k", RecordKind.DATA, {"a": "x\u200b"}, removed={"zero_width": 2})
    after = NormaliseText().apply(draft)
    assert isinstance(after, Draft) and after.removed == {"zero_width": 3}


def test_a_kind_of_invisible_characters_can_be_kept_while_the_others_go() -> None:
    fields = {"text": "a\u200bb\u202ec\u0007d"}
    assert cleaned(fields).fields["text"] == "abcd"
    assert cleaned(fields, kept_kinds=["bidi"]).fields["text"] == "ab\u202ecd"
    kept = cleaned(fields, kept_kinds=["bidi", "zero_width"])
    assert (kept.fields["text"], kept.removed) == ("a\u200bb\u202ecd", {"control": 1})
    assert fields == {"text": "a\u200bb\u202ec\u0007d"}


def test_what_acts_on_a_terminal_can_not_be_kept() -> None:
    for kind in ("control", "ansi", "nosuch"):
        with pytest.raises(UsageError, match=kind):
            NormaliseText(kept_kinds=[kind])
