"""Text that is no text: heaps of repeated words, symbols and notices of a page where an answer should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from webtune_tui.domain.options import option
from webtune_tui.pipeline import text_measures as measures
from webtune_tui.pipeline.base import Draft, Dropped
from webtune_tui.pipeline.function_words import ALL as FUNCTION_WORDS

_RUNNING_TEXT = 50  # words from which a text has function words, in whatever style
_LONG_SEGMENT = 6.0  # words between two marks: lists and tables have fewer
_FEW_LINES = 5
_SIGNS_FROM = 60  # characters; shorter texts may be a row of faces
_DISTINCT_AT_150 = 0.54  # below it, repetition is measured; ordinary texts of 150 words lie above
_LONGEST_UNSPACED_UNIT = 10


def _share(default: float, label: str, help: str) -> float:
    """A limit that is a part of the whole."""
    share: float = option(default, label=label, help=help, minimum=0, maximum=1)
    return share


@dataclass(frozen=True)
class Quality:
    """Takes out answers that are no readable text.

    The measures are those of Gopher, C4 and FineWeb; the limits are wider than theirs, because lists, tables,
    specifications and short posts are good answers too. Measures of words need some words, and pass by scripts
    without spaces, where runs of characters are measured instead.
    """

    name: ClassVar[str] = "quality"
    title: ClassVar[str] = "Quality of answers"
    stage: ClassVar[str] = "example"
    order: ClassVar[int] = 28
    is_default: ClassVar[bool] = True

    words_from: int = option(
        20, label="Measured from", help="In words; shorter answers are only checked for notices.", minimum=5
    )
    symbols: float = option(
        0.4, label="Symbols to words", help="Most # and ... for each word (Gopher: 0.1); 0 is no limit.", minimum=0
    )
    signs: float = _share(0.6, "Signs", "Most of the characters that are no letters and digits.")
    vowelless_words: float = _share(0.6, "Words without a vowel", "Most of the words, where no function word is.")
    alphabetic_words: float = _share(0.2, "Words with a letter", "Least share of the words (Gopher: 0.8).")
    shortest_mean: float = option(
        1.5, label="Shortest mean word", help="In characters (Gopher: 3).", minimum=0, maximum=20
    )
    longest_mean: float = option(18.0, label="Longest mean word", help="In characters (Gopher: 10).", minimum=1)
    function_words: int = option(
        2, label="Function words", help="Fewest of 'the', 'und', 'que' ... in running text (Gopher: 2).", minimum=0
    )
    bullet_lines: float = _share(1.0, "Lines with a bullet", "Most of the lines (Gopher: 0.9); 1 is no limit.")
    ellipsis_lines: float = _share(0.6, "Lines with an ellipsis", "Most of the lines that end so (Gopher: 0.3).")
    short_lines: float = _share(1.0, "Short lines", "Most under 30 characters (FineWeb: 0.67); 1 is no limit.")
    unended_lines: float = _share(1.0, "Lines without an end mark", "Most of the lines (FineWeb: 0.88); 1 is no limit.")
    repeated_lines: float = _share(
        0.45, "Repeated lines and sentences", "Most of the characters (Gopher: 0.2, FineWeb: 0.1)."
    )
    top_2_gram: float = _share(0.35, "Most frequent 2-gram", "Most of the characters (Gopher: 0.2).")
    top_3_gram: float = _share(0.32, "Most frequent 3-gram", "Most of the characters (Gopher: 0.18).")
    top_4_gram: float = _share(0.3, "Most frequent 4-gram", "Most of the characters (Gopher: 0.16).")
    duplicate_5_grams: float = _share(0.5, "Repeated 5-grams", "Most of the characters (Gopher: 0.15).")
    duplicate_10_grams: float = _share(
        0.4, "Repeated 10-grams", "Most of the characters (Gopher: 0.1); 6 to 9 words lie between."
    )
    page_notices: float = _share(
        0.5, "Notices of a page", "Most of the text about scripts, cookies, refused access (C4 drops such lines)."
    )
    filler: float = _share(0.15, "Filler text", "Most words of lorem ipsum (C4 drops such pages).")
    curly_braces: bool = option(
        False, label="Refuse curly braces", help="As C4 does, to be rid of code; answers with code would go."
    )

    def apply(self, draft: Draft) -> Draft | Dropped:
        """Drops an answer that is beyond one of the limits, and names measure, value and limit."""
        excess = self.excess(draft.answer)
        return draft if excess is None else Dropped(draft.record_id, "quality", self.name, excess)

    def excess(self, text: str) -> str | None:
        """The first measure of a text that is beyond its limit, in words; ``None`` for good text."""
        lowered = text.lower()
        words = lowered.split()
        return next(self._findings(text, lowered, words), None)

    def _findings(self, text: str, lowered: str, words: Sequence[str]) -> Iterator[str]:
        yield from self._page_findings(lowered, words)
        if "\n" in text and text.count("\n") + 1 >= _FEW_LINES:
            yield from self._line_findings(text)
        if len(text) >= _SIGNS_FROM and (share := measures.sign_share(text)) > self.signs:
            yield f"signs {_percent(share)} of the characters (limit {_percent(self.signs)})"
        mean = len(text) / max(len(words), 1)
        if mean > _LONGEST_UNSPACED_UNIT - 3 and measures.is_unspaced_text(text):
            yield from self._unspaced_findings(lowered)
        elif len(words) >= self.words_from:
            distinct = set(words)
            yield from self._word_findings(text, words, mean)
            if len(distinct) < _distinct_limit(len(words)):
                yield from self._repetition(text, words)

    def _page_findings(self, lowered: str, words: Sequence[str]) -> Iterator[str]:
        if measures.may_have_notice(lowered) and (share := measures.notice_share(lowered)) > self.page_notices:
            yield f"notices of a page {_percent(share)} of the text (limit {_percent(self.page_notices)})"
        if "ipsum" in lowered and (share := measures.filler_share(words)) > self.filler:
            yield f"filler text {_percent(share)} of the words (limit {_percent(self.filler)})"
        if self.curly_braces and "{" in lowered:
            yield "a curly brace (none is allowed)"

    def _line_findings(self, text: str) -> Iterator[str]:
        lines = [line for line in map(str.strip, text.split("\n")) if line]
        if len(lines) < _FEW_LINES:
            return
        if self.bullet_lines < 1 and (share := measures.bullet_share(lines)) > self.bullet_lines:
            yield _lines_told("that begin with a bullet", share, self.bullet_lines)
        if (share := measures.ellipsis_share(lines)) > self.ellipsis_lines:
            yield _lines_told("that end with an ellipsis", share, self.ellipsis_lines)
        if self.short_lines < 1 and (share := measures.short_line_share(lines)) > self.short_lines:
            yield _lines_told("under 30 characters", share, self.short_lines)
        if self.unended_lines < 1 and (share := measures.unended_share(lines)) > self.unended_lines:
            yield _lines_told("without an end mark", share, self.unended_lines)
        if len(set(lines)) < len(lines) and (share := measures.repeated_share(lines)) > self.repeated_lines:
            yield f"repeated lines {_percent(share)} of the text (limit {_percent(self.repeated_lines)})"

    def _word_findings(self, text: str, words: Sequence[str], mean: float) -> Iterator[str]:
        if self.symbols and (ratio := measures.symbol_count(text) / len(words)) > self.symbols:
            yield f"{ratio:.2f} symbols for each word (limit {self.symbols:g})"
        if not measures.seems_alphabetic(text) and not measures.is_table(text):
            share = measures.alphabetic_share(words)
            if share < self.alphabetic_words:
                yield f"words with a letter {_percent(share)} (at least {_percent(self.alphabetic_words)})"
        if not self.shortest_mean + 1 < mean < self.longest_mean:
            length = measures.mean_word_length(words)
            if length and not self.shortest_mean <= length <= self.longest_mean:
                limits = f"{self.shortest_mean:g} to {self.longest_mean:g}"
                yield f"mean word length {length:.1f} characters (limits {limits})"
        known = _function_words(words, self.function_words)
        if not known and (share := measures.vowelless_share(words)) > self.vowelless_words:
            yield f"words without a vowel {_percent(share)} (limit {_percent(self.vowelless_words)})"
        if len(words) < _RUNNING_TEXT or known >= self.function_words:
            return
        found = sum(word in FUNCTION_WORDS for word in words)
        if found >= self.function_words:
            return
        if measures.is_latin(text) and measures.words_a_segment(text) >= _LONG_SEGMENT:
            yield f"function words {found} (at least {self.function_words})"

    def _repetition(self, text: str, words: Sequence[str]) -> Iterator[str]:
        bare_words = [bare for word in words[: measures.MOST_WORDS] if (bare := word.strip(_EDGES))]
        if (share := measures.repeated_sentence_share(text.lower())) > self.repeated_lines:
            yield f"repeated sentences {_percent(share)} of the text (limit {_percent(self.repeated_lines)})"
        if measures.words_a_segment(text) >= _LONG_SEGMENT / 2 or len(set(bare_words)) * 5 < len(bare_words):
            yield from self._top_grams(bare_words)
        yield from self._duplicate_grams(bare_words)

    def _unspaced_findings(self, lowered: str) -> Iterator[str]:
        units = [character for character in lowered[: measures.MOST_WORDS * 2] if character.isalnum()]
        if len(units) < self.words_from * 2 or len(set(units)) * 2 >= _distinct_limit(len(units)):
            return
        if (share := measures.duplicate_gram_share(units, 10)) > self.duplicate_5_grams:
            yield f"repeated runs of 10 characters {_percent(share)} (limit {_percent(self.duplicate_5_grams)})"

    def _top_grams(self, words: Sequence[str]) -> Iterator[str]:
        for length, limit in ((2, self.top_2_gram), (3, self.top_3_gram), (4, self.top_4_gram)):
            top = measures.top_gram(words, length)
            if top.share > limit:
                yield f"most frequent {length}-gram {_percent(top.share)} of the text (limit {_percent(limit)})"

    def _duplicate_grams(self, words: Sequence[str]) -> Iterator[str]:
        step = (self.duplicate_5_grams - self.duplicate_10_grams) / 5
        for length in range(5, 11):
            limit = self.duplicate_5_grams - step * (length - 5)
            share = measures.duplicate_gram_share(words, length)
            if share > limit:
                yield f"repeated {length}-grams {_percent(share)} of the text (limit {_percent(limit)})"
            if share <= self.duplicate_10_grams:
                return  # longer runs can't take more


_EDGES = ".,;:!?\"'()[]{}|*_#-–—•…/\\=+<>~`“”‘’«»"


def _function_words(words: Sequence[str], most: int) -> int:
    """How many different function words there are; running text has this many within its first words."""
    found: set[str] = set()
    for word in words:
        if word in FUNCTION_WORDS:
            found.add(word)
            if len(found) >= most:
                break
    return len(found)


def _distinct_limit(words: int) -> float:
    """How many distinct words an ordinary text of this length has at least: their share falls as texts grow."""
    share: float = _DISTINCT_AT_150 * (150 / words) ** 0.2
    return words * min(share, 0.75)


def _lines_told(which: str, share: float, limit: float) -> str:
    return f"lines {which} {_percent(share)} (limit {_percent(limit)})"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


STEP = Quality
