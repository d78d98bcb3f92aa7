"""Clean records of which some are in the wrong language, and some only hold words of another one."""

from __future__ import annotations

from tests.quality.planted.grammar import LANGUAGES, Writer
from tests.quality.planted.key import Planted
from tests.quality.planted.shapes import Maker, text_of, with_text

_FOREIGN = "The Northwind Easy Clean Pro Series 2 (limited edition)"  # a name, as shops have them in any language


def wrong_languages(seed: int, each: int = 40) -> list[Planted]:
    """Records of each language, every fourth with an English name in its text; whether one is wrong says the choice."""
    made: list[Planted] = []
    for language in LANGUAGES:
        maker = Maker(Writer(language, seed))
        for number in range(each):
            row = maker.row("product", "article", "thread")
            if number % 4 == 0:
                row = with_text(
                    row, maker.writer.joined([_FOREIGN + ("。" if language == "ja" else "."), text_of(row)])
                )
            maker.add("language", row, answer=text_of(row))
        made += maker.records
    return made
