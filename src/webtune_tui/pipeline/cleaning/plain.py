"""The test that lets a clean text pass: a few quick looks that together say that there is nothing to do."""

from __future__ import annotations

import re
import unicodedata

from webtune_tui.pipeline.cleaning.entities import has_entity
from webtune_tui.pipeline.cleaning.hidden import HIDDEN_RANGES
from webtune_tui.pipeline.cleaning.markup import has_markup
from webtune_tui.pipeline.cleaning.model_tokens import has_model_token
from webtune_tui.pipeline.cleaning.mojibake import MAY_BE_BROKEN
from webtune_tui.pipeline.cleaning.repeated_lines import may_repeat
from webtune_tui.pipeline.cleaning.whitespace import ODD_NEWLINES, ODD_SPACES

_PLAIN_BYTES = bytes(range(0x20, 0x7F)) + b"\n"
_ODD = re.compile(f"[\t\x1c-\x1f{ODD_NEWLINES}{ODD_SPACES}{HIDDEN_RANGES}]")


def is_plain(text: str) -> bool:
    """Whether cleaning would leave the text as it is. ``False`` says only that it has to be looked at closely."""
    if "  " in text or text[:1].isspace() or text[-1:].isspace():
        return False
    odd = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_BYTES)
    if odd and not _is_plain_beyond_ascii(text, odd):
        return False
    if "\n" in text and ("\n " in text or " \n" in text or "\n\n\n" in text or "```" in text):
        return False
    return not (has_entity(text) or has_markup(text) or has_model_token(text) or may_repeat(text))


def _is_plain_beyond_ascii(text: str, odd: bytes) -> bool:
    """The same for what is not plain ASCII; ``odd`` holds its bytes."""
    if text.isascii():
        return False
    looked_at = odd.decode("utf-8", "surrogatepass") if len(odd) * 2 < len(text) else text
    if _ODD.search(looked_at) is not None:
        return False
    if not unicodedata.is_normalized("NFC", text):
        return False
    return MAY_BE_BROKEN.search(text) is None
