"""Cleaning one text, step by step, until nothing changes any more."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container

from webtune_tui.pipeline.cleaning.entities import decoded
from webtune_tui.pipeline.cleaning.fences import outside_fences
from webtune_tui.pipeline.cleaning.hidden import has_hidden, without_hidden
from webtune_tui.pipeline.cleaning.markup import has_markup, markup_to_text
from webtune_tui.pipeline.cleaning.model_tokens import neutralised
from webtune_tui.pipeline.cleaning.mojibake import repaired
from webtune_tui.pipeline.cleaning.plain import is_plain
from webtune_tui.pipeline.cleaning.repeated_lines import without_repeats
from webtune_tui.pipeline.cleaning.whitespace import tidy_lines, tidy_space

_ROUNDS = 6
_PAGE = re.compile(r"\s*<(?:!doctype|html|body|head|p|div|h[1-6]|ul|ol|table|section|article|span)\b", re.IGNORECASE)


class Cleaner:
    """Cleans texts and counts by kind what it removed or repaired.

    Kinds: ``markup``, ``mojibake``, ``model_token``, ``repeated_line`` and those of
    :mod:`webtune_tui.pipeline.cleaning.hidden`.
    """

    def __init__(
        self,
        *,
        html: bool = True,
        invisible: bool = True,
        kept_kinds: Container[str] = (),
        model_tokens: bool = True,
        mojibake: bool = True,
        repeated_lines: bool = True,
    ) -> None:
        self._html = html
        self._invisible = invisible
        self._kept_kinds = kept_kinds
        self._model_tokens = model_tokens
        self._mojibake = mojibake
        self._repeated_lines = repeated_lines
        self._sound = ""
        self.removed: Counter[str] = Counter()

    def clean(self, text: str, *, is_written: bool = False) -> str:
        """The text in its cleaned form, which cleaning again leaves as it is.

        ``is_written`` says that it was written as an example and not scraped. Its spaces may be code's, and so may
        its tags unless it begins with one. Fenced code keeps its layout wherever it comes from.
        """
        if is_plain(text) or (text.isascii() and _is_address(text)):
            return text
        for _ in range(_ROUNDS):
            before = text
            text = self._once(text, is_written)
            if text == before or is_plain(text):
                return text
        return self._flattened(text, is_written)

    def _once(self, text: str, is_written: bool) -> str:
        if not text.isascii():
            text = self._repaired(text) if self._mojibake else text
            text = unicodedata.normalize("NFC", text)
        if self._invisible and has_hidden(text):
            text = without_hidden(text, self.removed, self._kept_kinds)
        keeps_layout = is_written and _PAGE.match(text) is None
        if keeps_layout:
            text = tidy_lines(text if "```" in text else decoded(text))
        elif "```" in text:
            text = tidy_lines(outside_fences(text, self._read))
        else:
            text = self._read(text)
        if self._model_tokens:
            text = neutralised(text, self.removed)
        return text

    def _read(self, text: str) -> str:
        """A text as one reads it on its page."""
        if self._html and has_markup(text):
            self.removed["markup"] += 1
            text = markup_to_text(text)
        else:
            text = decoded(text)
        text = tidy_space(text) if "```" not in text else tidy_lines(text)
        if self._repeated_lines and "```" not in text:
            text, gone = without_repeats(text)
            if gone:
                self.removed["repeated_line"] += gone
        return text

    def _repaired(self, text: str) -> str:
        if text == self._sound:
            return text
        sound = text
        while (better := repaired(sound)) != sound:  # what is mended may show what else is broken
            sound = better
        self._sound = sound
        if sound != text:
            self.removed["mojibake"] += 1
        return sound

    def _flattened(self, text: str, is_written: bool) -> str:
        """For text that was encoded over and over: what could still be read as markup loses its signs."""
        text = text.replace("<", " ").replace("&", " ").replace("`", "'")
        for _ in range(_ROUNDS):
            text = self._once(text, is_written)
        return text


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://")) and not re.search(r"[\s<]", text)
