"""Drafts for the tests of steps: a prompt, an answer and the fields that they came from."""

from __future__ import annotations

from typing import Any

from webtune_tui.domain.examples import Message
from webtune_tui.domain.records import RecordKind
from webtune_tui.pipeline.base import Draft
from webtune_tui.pipeline.tokens import BundledCounter, count_examples


def draft(answer: str, prompt: str = "Write it.", *, is_written: bool = False, **fields: Any) -> Draft:
    """A draft as the builder leaves it, counted."""
    messages = (Message("user", prompt), Message("assistant", answer))
    tokens = count_examples([messages], BundledCounter())[0]
    return Draft(7, "key", RecordKind.DATA, fields, messages=messages, tokens=tokens, is_written=is_written)
