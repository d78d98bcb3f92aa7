"""Tags: the words with which a person marks examples; they stand among the flags as ``tag:NAME``."""

from __future__ import annotations

import re

from webtune_tui.domain.errors import UsageError

PREFIX = "tag:"
_NAME = re.compile(r"[^\W_][\w.-]{0,39}")


def flag_of(tag: str) -> str:
    """The flag that stands for a tag."""
    return f"{PREFIX}{tag}"


def check_tag(tag: str) -> None:
    """Refuses a name that could not stand among the flags. Raises UsageError."""
    if not _NAME.fullmatch(tag):
        raise UsageError(
            f"{tag[:60]!r} is no name for a tag",
            hint="Take a letter or digit, then letters, digits, - _ or . (40 in all).",
        )
