"""Character references such as ``&amp;`` and ``&#8212;``, also where they were encoded several times over."""

from __future__ import annotations

import html
import re
from html.entities import html5

_ENTITY = re.compile(r"&(?:amp;|#38;){0,8}(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def has_entity(text: str) -> bool:
    """Whether there is something that looks like one; quick where there is no ``&``."""
    return "&" in text and _ENTITY.search(text) is not None


def decoded(text: str) -> str:
    """The text with the characters that are meant. Names that do not exist and bare ``&`` stay."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    name = match.group(1)
    if name[0] == "#":
        return html.unescape(f"&{name};")
    return html5.get(f"{name};", match.group())
