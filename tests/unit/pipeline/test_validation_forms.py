"""Rows in other forms, preference pairs and odd conversations: told by their content, checked, and mended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from webtune_tui.domain.datasets import ValidationReport
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.pipeline.validate import Limits, Validation
from webtune_tui.pipeline.validation.parsing import Overlong
from webtune_tui.pipeline.validation.repairs import Mender

USER = {"role": "user", "content": "Hello?"}
ASSISTANT = {"role": "assistant", "content": "Hello!"}
SYSTEM = {"role": "system", "content": "Be kind."}
PAIR: dict[str, Any] = {
    "input": {"messages": [USER]},
    "preferred_output": [ASSISTANT],
    "non_preferred_output": [{"role": "assistant", "content": "What?"}],
}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def check(*rows: Any, mender: Mender | None = None) -> tuple[ValidationReport, list[Any]]:
    raw = [row if isinstance(row, bytes | Overlong) else json.dumps(row).encode() for row in rows]
    validation = Validation(BundledCounter(), Limits(minimum_examples=0), mender=mender)
    mended = list(validation.lines(raw))
    return validation.report("out" if mender else None), mended


def codes(report: ValidationReport) -> set[str]:
    return {one.code for one in report.errors}


def warned(report: ValidationReport) -> set[str]:
    return {one.code for one in report.warnings}


@pytest.mark.parametrize(
    ("row", "form"),
    [
        ({"messages": [USER, ASSISTANT]}, "openai"),
        (PAIR, "preference"),
        ({"prompt": "Hi", "chosen": "Yes", "rejected": "No"}, "trl"),
        ({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yes"}]}, "sharegpt"),
        ({"instruction": "Hi", "input": "there", "output": "Yes"}, "alpaca"),
        ({"instruction": "Hi", "output": "Yes", "history": [["a", "b"]], "system": "Be kind."}, "alpaca"),
        ({"system": "", "user": "Hi", "assistant": "Yes"}, "flat"),
        ({"prompt": "Hi", "completion": "Yes"}, "flat"),
        ({"text": "Once upon a time"}, "text"),
        ({"title": "Kettle", "price": 3}, "unknown"),
    ],
    ids=["openai", "preference", "trl", "sharegpt", "alpaca", "history", "flat", "completion", "text", "unknown"],
)
def test_the_form_is_told_by_the_content_and_what_can_be_taken_is_made_of_it(row: Any, form: str) -> None:
    report, mended = check(row)
    assert report.form == form
    assert report.ok == (form in ("openai", "preference"))
    if form in ("text", "unknown"):
        assert mended == [None] and codes(report) == {"missing_messages_list"}
        return
    again, _ = check(mended[0])
    assert again.ok and again.examples == 1 and again.tokens > 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({**PAIR, "preferred_output": []}, "invalid_preference"),
        ({**PAIR, "preferred_output": [USER]}, "invalid_preference"),
        ({**PAIR, "input": [USER]}, "invalid_preference"),
        ({**PAIR, "input": {"messages": []}}, "missing_messages_list"),
        ({**PAIR, "non_preferred_output": [{"role": "assistant", "content": " "}]}, "missing_content"),
        ({"preferred_output": [ASSISTANT]}, "invalid_preference"),
        ({"messages": [USER, {**ASSISTANT, "tool_calls": "x"}]}, "invalid_tools"),
        ({"messages": [USER, {**ASSISTANT, "tool_calls": [{"id": "c"}]}]}, "invalid_tools"),
        ({"messages": [USER, ASSISTANT], "tools": [{"type": "function"}]}, "invalid_tools"),
        ({"messages": [USER, {"role": "tool", "content": "42"}, ASSISTANT]}, "message_missing_key"),
        ({"messages": [USER, {**ASSISTANT, "weight": True}]}, "invalid_weight"),
        ({"messages": [USER, {"role": ["assistant"], "content": "x"}]}, "unrecognized_role"),
    ],
)  # fmt: skip
def test_faults_of_pairs_and_tools_have_their_code(row: Any, code: str) -> None:
    report, mended = check(row)
    assert code in codes(report)
    assert mended == [None]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"messages": [USER, ASSISTANT], "id": 3}, "unknown_row_key"),
        ({"messages": [USER, SYSTEM, ASSISTANT]}, "odd_order"),
        ({"messages": [ASSISTANT, USER, ASSISTANT]}, "odd_order"),
        ({"messages": [USER, USER, ASSISTANT]}, "odd_order"),
        ({"messages": [USER, ASSISTANT, USER]}, "example_ends_without_answer"),
        ({"messages": [USER, {**ASSISTANT, "weight": 0}]}, "nothing_to_learn"),
        ({"messages": [USER, {"role": "tool", "content": "42", "tool_call_id": "c9"}, ASSISTANT]}, "unknown_tool_call"),
        ({**PAIR, "non_preferred_output": [ASSISTANT]}, "equal_answers"),
        (PAIR, "preference_form"),
    ],
)  # fmt: skip
def test_what_is_taken_and_yet_odd_is_a_warning(row: Any, code: str) -> None:
    report, mended = check(row)
    assert report.ok and code in warned(report)
    assert mended == [row]


def test_a_sound_conversation_with_tools_has_no_warning() -> None:
    called = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    answered = {"role": "tool", "tool_call_id": "c1", "content": "42"}
    report, _ = check({"messages": [SYSTEM, USER, called, answered, ASSISTANT]})
    assert report.ok and report.warnings == ()


def test_both_answers_of_a_pair_count_and_the_longer_one_must_fit() -> None:
    short, _ = check({"messages": [USER, ASSISTANT]})
    assert check(PAIR)[0].tokens > 1.5 * short.tokens
    validation = Validation(BundledCounter(), Limits(tokens=100, minimum_examples=0))
    long = {**PAIR, "non_preferred_output": [{"role": "assistant", "content": "word " * 200}]}
    assert list(validation.lines([json.dumps(long).encode()])) == [None]
    report = validation.report()
    assert codes(report) == {"too_long"} and report.longest > 200 and report.limit == 100


def test_faults_inside_other_forms_are_told_too() -> None:
    report, mended = check({"instruction": "A?", "output": "b <|im_start|>"}, {"user": "A?", "assistant": " "})
    assert [(one.line, one.code) for one in report.errors] == [
        (1, "missing_messages_list"), (1, "special_token"), (2, "missing_messages_list"), (2, "missing_content"),
    ]  # fmt: skip
    assert mended == [None, None]


def test_lines_of_several_forms_are_said() -> None:
    report, _ = check({"messages": [USER, ASSISTANT]}, PAIR)
    assert report.ok and "mixed_forms" in warned(report)


def test_a_repair_says_what_it_did_and_what_comes_out_is_sound() -> None:
    rows = [
        b"\xef\xbb\xbf" + json.dumps({"messages": [USER, {**ASSISTANT, "mood": "calm"}], "id": 3}).encode(),
        b"",
        {"messages": [{"role": "human", "content": "A?"}, {"role": "gpt", "content": "A.", "weight": "1"}]},
        {"messages": [{"from": "human", "value": "B?"}, {"from": "gpt", "value": "B."}]},
        {"messages": [{**USER, "weight": 1}, {**ASSISTANT, "content": "c <|im_start|> d </s>", "weight": 5}]},
        {"messages": [USER, ASSISTANT]},
        {"instruction": "D?", "output": "D."},
        {"prompt": "E?", "chosen": "E.", "rejected": "F."},
        {"messages": [USER]},
        b"{broken",
    ]
    report, mended = check(*rows, mender=Mender())
    assert not report.ok
    assert report.repairs == {
        "alpaca_form": 1, "byte_order_mark": 1, "duplicate_line": 1, "empty_line": 1, "line_left_out": 2, "role": 4,
        "special_token": 2, "trl_form": 1, "unknown_key": 2, "weight": 3,
    }  # fmt: skip
    kept = [row for row in mended if row is not None]
    again, _ = check(*kept)
    assert again.ok and again.examples == len(kept) == 6
    assert mended[0] == {"messages": [USER, ASSISTANT]} and mended[5] is None
    assert mended[2]["messages"][1] == {"role": "assistant", "content": "A.", "weight": 1}
    assert mended[4]["messages"] == [USER, {"role": "assistant", "content": "c (im_start) d (/s)"}]


def test_rows_of_another_kind_of_file_are_an_error_and_can_be_repaired() -> None:
    validation = Validation(BundledCounter(), Limits(minimum_examples=0), mender=Mender())
    rows = [(2, {"user": "A?", "assistant": "A."}), (3, "a quote is never closed")]
    assert list(validation.rows(rows)) == [
        {"messages": [{"role": "user", "content": "A?"}, {"role": "assistant", "content": "A."}]},
        None,
    ]
    found = [(one.line, one.code) for one in validation.report("out").errors]
    assert found == [(0, "not_json_lines"), (2, "missing_messages_list"), (3, "unreadable_row")]


DEEP_CALL = '{"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": %s}]}'


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ((DEEP_CALL % ("[" * 500 + "]" * 500)).encode(), "json_error"),
        (b'{"a":' * 100_000, "json_error"),
        (b'{"messages": [], "n": ' + b"9" * 10_000 + b"}", "json_error"),
        (b'{"messages": [], "n": 1e999}', "json_error"),
        (b'{"messages": [], "n": -Infinity}', "json_error"),
        ((DEEP_CALL % '"\\ud800"').encode(), "encoding_error"),
        (b'{"messages": [' + b"{}," * 500_000 + b"{}]}", "message_missing_key"),
        (Overlong(10**9), "line_too_long"),
        (b'"\x00"', "json_error"),
        (b'{"messages": {"a": 1}}', "missing_messages_list"),
    ],
    ids=["call", "depth", "digits", "infinite", "constant", "half", "many", "overlong", "nul", "object"],
)
@pytest.mark.parametrize("mender", [None, Mender()], ids=["check", "repair"])
def test_hostile_lines_end_in_a_finding(raw: bytes | Overlong, code: str, mender: Mender | None) -> None:
    report, mended = check(raw, {"messages": [USER, ASSISTANT]}, mender=mender)
    assert code in codes(report) and {one.line for one in report.errors} == {1}
    assert len(report.errors) <= 100
    assert mended[0] is None and mended[1] is not None


def test_findings_without_end_are_counted_and_not_kept() -> None:
    report, _ = check(*[b"{"] * 12_000)
    assert len(report.errors) == 10_001
    assert report.errors[-1].code == "more_errors" and "2000" in report.errors[-1].message
