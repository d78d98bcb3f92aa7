"""Checking a chat JSONL: each fault has its line and code; what can be mended is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webtune_tui.domain.datasets import ValidationReport
from webtune_tui.pipeline.tokens import BundledCounter
from webtune_tui.pipeline.validate import Limits, Validation

USER = {"role": "user", "content": "Hello?"}
ASSISTANT = {"role": "assistant", "content": "Hello!"}
HALF = b'{"messages": [{"role": "user", "content": "\\ud800"}, {"role": "assistant", "content": "x"}]}'
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def check(*rows: Any, limits: Limits = Limits(minimum_examples=0)) -> tuple[ValidationReport, list[Any]]:  # noqa: B008
    raw = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    validation = Validation(BundledCounter(), limits)
    mended = list(validation.lines(raw))
    return validation.report(), mended


def codes(report: ValidationReport) -> list[tuple[int, str]]:
    return [(finding.line, finding.code) for finding in report.errors]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ([1], "data_type"),
        ({"messages": []}, "missing_messages_list"),
        ({"prompt": "x"}, "missing_messages_list"),
        ({"messages": [USER, "x"]}, "data_type"),
        ({"messages": [USER, {"content": "x"}]}, "message_missing_key"),
        ({"messages": [USER, {"role": "assistant"}]}, "message_missing_key"),
        ({"messages": [USER, {**ASSISTANT, "mood": "x"}]}, "message_unrecognized_key"),
        ({"messages": [{**USER, "role": "robot"}, ASSISTANT]}, "unrecognized_role"),
        ({"messages": [USER, {"role": "assistant", "content": ""}]}, "missing_content"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "missing_content"),
        ({"messages": [USER, {"role": "assistant", "content": 5}]}, "missing_content"),
        ({"messages": [USER]}, "example_missing_assistant_message"),
        ({"messages": [USER, {**ASSISTANT, "weight": 2}]}, "invalid_weight"),
        ({"messages": [{**USER, "weight": 1}, ASSISTANT]}, "invalid_weight"),
        ({"messages": [USER, ASSISTANT], "tools": "x"}, "invalid_tools"),
        ({"messages": [USER, {**ASSISTANT, "content": "a <|im_start|> b"}]}, "special_token"),
        (b'{"messages": [', "json_error"),
        (b'{"messages": NaN}', "json_error"),
        (b"[" * 100_000, "json_error"),
        (b'{"messages": "\xff"}', "encoding_error"),
        (HALF, "encoding_error"),
    ],
)  # fmt: skip
def test_each_fault_has_its_line_and_code(row: Any, code: str) -> None:
    report, mended = check({"messages": [USER, ASSISTANT]}, row)
    assert not report.ok
    assert (2, code) in codes(report)
    assert report.examples == 1
    assert mended == [{"messages": [USER, ASSISTANT]}, None]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "system", "content": "Be kind."}, USER, ASSISTANT]},
        {"messages": [USER, {**ASSISTANT, "weight": 0}, USER, {**ASSISTANT, "weight": 1}]},
        {
            "messages": [
                USER,
                {"role": "assistant", "content": None, "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "42"},
                ASSISTANT,
            ],
            "tools": [{"type": "function", "function": {"name": "look"}}],
            "parallel_tool_calls": False,
        },
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}]}, ASSISTANT]},
    ],
)
def test_what_providers_take_is_taken(row: Any) -> None:
    report, mended = check(row)
    assert report.ok, report.errors
    assert (report.examples, mended) == (1, [row])
    assert report.tokens > 0


def test_the_flat_form_is_refused_and_mended() -> None:
    flat = {"system": "Be kind.", "user": "Hi", "assistant": "Hello"}
    report, mended = check(flat)
    assert codes(report) == [(1, "missing_messages_list")]
    assert [turn["role"] for turn in mended[0]["messages"]] == ["system", "user", "assistant"]
    assert check(mended[0])[0].ok


def test_too_few_and_too_long_examples_are_said() -> None:
    long = {"messages": [USER, {**ASSISTANT, "content": "word " * 200}]}
    report, _ = check(long, limits=Limits(tokens=100, minimum_examples=1))
    assert codes(report) == [(1, "too_long"), (0, "too_few_examples")]


def test_a_file_larger_than_the_provider_takes_is_said() -> None:
    report, _ = check({"messages": [USER, ASSISTANT]}, limits=Limits(minimum_examples=0, file_bytes=50))
    assert codes(report) == [(0, "file_too_large")]


def test_repeated_lines_empty_lines_and_a_mark_are_warnings() -> None:
    row = json.dumps({"messages": [USER, ASSISTANT]}).encode()
    report, _ = check(b"\xef\xbb\xbf" + row, b"", row, row)
    assert report.ok
    assert [(one.line, one.code) for one in report.warnings] == [
        (1, "byte_order_mark"),
        (2, "empty_line"),
        (3, "duplicate_line"),
        (4, "duplicate_line"),
    ]


@given(
    st.lists(
        st.binary(max_size=30) | st.from_regex(rb'\{"messages": \[\{[^\n]{0,40}\}\]\}', fullmatch=True), max_size=8
    )
)
def test_no_bytes_bring_it_down(lines: list[bytes]) -> None:
    validation = Validation(BundledCounter(), Limits(minimum_examples=0))
    assert len(list(validation.lines(lines))) == len(lines)
    assert all(1 <= finding.line <= len(lines) for finding in validation.report().errors)
