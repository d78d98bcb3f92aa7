"""The messages of one line or row of a file that others are compared with; what can't be used is passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.domain.examples import Message
from webtune_tui.pipeline.validation import forms
from webtune_tui.pipeline.validation.chat_checks import conversations_of, errors_of
from webtune_tui.pipeline.validation.parsing import Overlong, Unreadable, parsed

_BOM = b"\xef\xbb\xbf"


def usable(raw: bytes | Overlong | Mapping[str, Any] | str) -> Sequence[Message] | None:
    """The messages of a line, or of a row that was read already; ``None`` where it holds no sound example."""
    if isinstance(raw, Overlong | str):
        return None
    if isinstance(raw, bytes):
        try:
            raw = parsed(raw.removeprefix(_BOM))
        except Unreadable:
            return None
    form = forms.form_of(raw)
    taken = forms.as_taken(raw, form)
    kind = forms.PREFERENCE if form in (forms.PREFERENCE, forms.TRL) else forms.OPENAI
    if taken is None or next(errors_of(taken, kind), None) is not None:
        return None
    return conversations_of(taken, kind)[0]
