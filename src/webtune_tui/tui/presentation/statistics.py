"""Statistics as a person reads them: the line above the chart, and the words below it."""

from __future__ import annotations

from collections.abc import Iterator

from webtune_tui.domain.statistics import EXAMPLES, TOKENS, WORDS, DatasetStatistics, StatisticsGroup, StatisticsRow
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import StyledLine, wrap

_LONGEST = 600  # characters of a summary or a note
_COLUMNS = {EXAMPLES: "examples", TOKENS: "tokens", WORDS: "words"}
_AXES = {
    "tokens": "tokens",
    "answers": "characters",
    "prompts": "characters",
    "turns": "messages",
    "freshness": "month",
    "vocabulary": "split",
    "cost": "tokens each",
    "checked": "rows",
    "errors": "finding",
    "warnings": "finding",
    "lengths": "bytes",
}


def head_words(found: DatasetStatistics) -> str:
    """``2,400 examples, 512,000 tokens, version 3f2a91c0d2ef``."""
    tokens = found.plain.get("tokens_total", 0)
    told = [figures.count(found.examples, "example"), figures.count(int(tokens), "token")]
    return f"{', '.join(told)}, version {found.dataset_version}"


def axis_word(group: StatisticsGroup) -> str:
    """What stands at the left of the bars."""
    return _AXES.get(group.name, group.title.lower().removesuffix("s"))


def count_word(group: StatisticsGroup) -> str:
    """What the bars count."""
    return _COLUMNS.get(group.unit, group.unit)


def share_words(share: float) -> str:
    """``12.3 %``; what would round to nothing says so."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    return f"{100 * share:.1f} %"


def cost_words(row: StatisticsRow) -> str:
    """The cost of a bar, empty where it has none."""
    return "" if row.cost is None else figures.money(row.cost)


def group_lines(group: StatisticsGroup, width: int) -> Iterator[StyledLine]:
    """The summary, then what was counted."""
    for words, style in ((group.summary, ""), (group.note, "muted" if group.is_known else "warn")):
        for line in wrap(display_line(words, limit=_LONGEST), width) if words else ():
            yield StyledLine(((line, style),))
