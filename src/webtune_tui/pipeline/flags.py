"""Findings that stay with an example as one word each: :func:`flagged` notes one, once."""

from __future__ import annotations

from webtune_tui.pipeline.base import Draft

CUT = "cut"
COPIED_PROMPT = "copied-prompt"
INVENTS = "invents"
LANGUAGE_UNKNOWN = "language-unknown"


def flagged(draft: Draft, flag: str) -> Draft:
    """The draft with the flag."""
    return draft if flag in draft.flags else draft.evolved(flags=(*draft.flags, flag))
