"""The few symbols the screens draw with, and plain ASCII for terminals that have no others."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of symbols; each is one cell wide."""

    todo: str
    active: str
    attention: str
    done: str
    failed: str
    unknown: str
    paused: str
    stopped: str
    step: str
    dot: str
    arrow: str
    cursor: str
    ellipsis: str
    closed: str
    opened: str
    at_most: str


UNICODE = Glyphs("○", "●", "▲", "✓", "✗", "?", "‖", "■", "›", "·", "→", "▌", "…", "▸", "▾", "≤")
ASCII = Glyphs("o", "*", "!", "+", "x", "?", "=", "#", ">", "-", ">", ">", "~", "+", "-", "<")


def choose(environment: Mapping[str, str] | None = None, encoding: str | None = None) -> Glyphs:
    """The set this terminal can show: ASCII on the Linux console and in locales that are not UTF-8."""
    environment = os.environ if environment is None else environment
    encoding = encoding or locale.getencoding()
    if environment.get("TERM") == "linux" or encoding.lower().replace("-", "") != "utf8":
        return ASCII
    return UNICODE


GLYPHS = choose()
