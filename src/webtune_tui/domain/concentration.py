"""How a person reads where a dataset comes from and what repeats in it; see ``PrepareReport.concentration``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from webtune_tui.domain.terminal_text import display_line

SHOWN_PLACES = 5
_SHOWN_PHRASES = 5
_LONGEST_NAME, _LONGEST_PHRASE = 60, 80  # characters


def places(concentration: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The domains with most examples, or the sources where the records have no addresses."""
    found: Sequence[Mapping[str, Any]] = concentration.get("domains") or concentration.get("sources") or ()
    return found


def place_words(concentration: Mapping[str, Any]) -> str:
    """``a.example 62.0 %, b.example 38.0 %``; empty where nothing is known."""
    known = places(concentration)
    told = [
        f"{display_line(one['name'], limit=_LONGEST_NAME)} {_percent(one['share'])}" for one in known[:SHOWN_PLACES]
    ]
    return ", ".join(told) + (f" and {len(known) - SHOWN_PLACES} more" if len(known) > SHOWN_PLACES else "")


def phrase_words(concentration: Mapping[str, Any]) -> list[str]:
    """One line for each phrase: the phrase, how many answers hold it, and where they come from."""
    return [
        f"“{display_line(one['phrase'], limit=_LONGEST_PHRASE)}” in {_percent(one['share'])} of the answers,"
        f" {_percent(one['place_share'])} of them from {display_line(one['place'], limit=_LONGEST_NAME)}"
        for one in (concentration.get("phrases") or ())[:_SHOWN_PHRASES]
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
