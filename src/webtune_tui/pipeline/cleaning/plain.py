"""The test that lets clean texts pass: a few quick looks that together say that there is nothing to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from webtune_tui.pipeline.cleaning.entities import has_entity
from webtune_tui.pipeline.cleaning.hidden import HIDDEN_RANGES, has_far_hidden
from webtune_tui.pipeline.cleaning.markup import has_markup
from webtune_tui.pipeline.cleaning.model_tokens import has_model_token
from webtune_tui.pipeline.cleaning.mojibake import may_be_broken
from webtune_tui.pipeline.cleaning.repeated_lines import may_repeat
from webtune_tui.pipeline.cleaning.whitespace import ODD_NEWLINES, ODD_SPACES

_PLAIN_BYTES = bytes(range(0x20, 0x7F)) + b"\n"
_ODD = re.compile(f"[\t\x1c-\x1f{ODD_NEWLINES}{ODD_SPACES}{HIDDEN_RANGES}]")


_SHORTEST_TWICE = 47  # characters of a text that can stand twice, see may_repeat


def are_plain(texts: Sequence[str]) -> bool:
    """Whether cleaning would leave each of the texts as it is. ``False`` says only that they need a closer look.

    They are looked at together, which takes a fraction of the time: next to the space between them every space and
    line end at the edge of one shows.
    """
    together = " ".join(filter(None, texts))
    if not _is_plain(together):
        return False
    shortest = 0 if "\n" in together else _SHORTEST_TWICE
    for text in texts:  # noqa: SIM110 - half the time of any()
        if len(text) >= shortest and may_repeat(text):
            return False
    return True


def is_plain(text: str) -> bool:
    """The same for one text."""
    return _is_plain(text) and not may_repeat(text)


def _is_plain(text: str) -> bool:
    if "  " in text or text[:1].isspace() or text[-1:].isspace():
        return False
    odd = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_BYTES)
    if odd and not _is_plain_beyond_ascii(text, odd):
        return False
    if "\n" in text and ("\n " in text or " \n" in text or "\n\n\n" in text or "```" in text):
        return False
    return not (has_entity(text) or has_markup(text) or has_model_token(text))


def _is_plain_beyond_ascii(text: str, odd: bytes) -> bool:
    """The same for what is not plain ASCII; ``odd`` holds its bytes."""
    if text.isascii():
        return False
    looked_at = odd.decode("utf-8", "surrogatepass") if len(odd) * 2 < len(text) else text
    if has_far_hidden(odd) or _ODD.search(looked_at) is not None:
        return False
    if not unicodedata.is_normalized("NFC", text):
        return False
    return not (may_be_broken(looked_at) or "Ã " in text) or not may_be_broken(text)
