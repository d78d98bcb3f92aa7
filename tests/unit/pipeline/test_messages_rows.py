"""Rows of messages as loaders and other programs write them."""

from __future__ import annotations

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.builders.messages_rows import BUILDER


def test_nulls_of_tables_are_no_extras_and_text_parts_are_one_text() -> None:
    made = BUILDER.build(
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "What "}, {"type": "text", "text": "is it?"}]},
                {"role": "assistant", "content": "A kettle.", "weight": None, "name": None, "tool_calls": None},
            ]
        }
    )
    assert made is not None
    assert made.messages == (Message("user", "What is it?"), Message("assistant", "A kettle."))
    assert made.values == ("What is it?",)
