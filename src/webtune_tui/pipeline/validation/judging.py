"""What a provider would say of one line by itself: the part of a check that needs no other line and no tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from webtune_tui.pipeline.validation import forms
from webtune_tui.pipeline.validation.chat_checks import conversations_of, errors_of, warnings_of
from webtune_tui.pipeline.validation.line import CheckedLine
from webtune_tui.pipeline.validation.parsing import Unreadable, parsed

BOM = b"\xef\xbb\xbf"
_MOST_OF_A_LINE = 100  # findings
_TAKEN = (forms.OPENAI, forms.PREFERENCE)


def read(raw: bytes, line: CheckedLine) -> dict[str, Any] | None:
    """The object of a line; ``None`` with a finding where it holds none."""
    if not raw.strip():
        line.warn("empty_line", "The line is empty")
        return None
    try:
        return parsed(raw)
    except Unreadable as fault:
        line.fail(fault.code, str(fault))
        return None


def judge(row: Mapping[str, Any], line: CheckedLine) -> tuple[str, dict[str, Any] | None]:
    """Notes what is wrong or odd with a row; its form, and the row in the form that providers take where it has one.

    The line gets its conversations and, without errors, the row to use.
    """
    form = forms.form_of(row)
    taken = forms.as_taken(row, form)
    line.form = forms.PREFERENCE if form in (forms.PREFERENCE, forms.TRL) else forms.OPENAI
    if form not in _TAKEN:
        line.fail("missing_messages_list", forms.TITLES[form])
        if taken is not None:
            line.warn(f"{form}_form", "Can be repaired: --repair OUT")
    if taken is None:
        return form, None
    faults = list(islice(errors_of(taken, line.form), _MOST_OF_A_LINE))
    for fault in faults:
        line.fail(*fault)
    if not faults:
        line.row = taken
        line.conversations = conversations_of(taken, line.form)
        for warning in warnings_of(taken, line.form):
            line.warn(*warning)
    return form, taken
