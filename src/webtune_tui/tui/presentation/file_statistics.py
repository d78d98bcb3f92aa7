"""What a file consists of, as groups of bars; each bar names its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from webtune_tui.domain.statistics import StatisticsGroup, StatisticsRow
from webtune_tui.services import row_notes
from webtune_tui.services.file_tally import MOST_TURNS, FileTally
from webtune_tui.services.row_notes import Bar
from webtune_tui.tui.presentation import figures

_MOST = 40
_BARS = {
    row_notes.CHECKED: "Checked: {}",
    row_notes.ERRORS: "Refused for {}",
    row_notes.WARNINGS: "Odd for {}",
    row_notes.FORMS: "Form {}",
    row_notes.ROLES: "With a message by {}",
    row_notes.TURNS: "With {} turns",
    row_notes.LENGTHS: "With {} bytes",
    row_notes.ANSWERS: "With an answer of {} characters",
}
_ROWS, _MESSAGES = "rows", "messages"
_SINGLE = "As far as a row by itself tells: webtune validate checks tokens and repeated rows as well."
_NONE = "There is none so far."


def file_groups(tally: FileTally) -> tuple[StatisticsGroup, ...]:
    """The counts of a file; groups that nothing falls into are there too."""
    sound = tally.rows - tally.refused
    checked = Counter({row_notes.SOUND: sound - tally.odd, row_notes.ODD: tally.odd, row_notes.REFUSED: tally.refused})
    average = tally.bytes // max(tally.rows, 1)
    return (
        _group(row_notes.CHECKED, "Checked", _named(checked), tally.rows, f"{sound:,} rows would be taken.", _SINGLE),
        _group(row_notes.ERRORS, "Refused", _most(tally.errors), tally.rows, _several(tally.errors), _SINGLE),
        _group(row_notes.WARNINGS, "Odd", _most(tally.warnings), tally.rows, _several(tally.warnings), _SINGLE),
        _group(row_notes.FORMS, "Forms", _most(tally.forms, "no JSON"), tally.rows),
        _group(
            row_notes.ROLES,
            "Roles",
            _most(tally.roles, "no role"),
            tally.roles.total(),
            note="A bar counts messages and opens the rows that have one.",
            unit=_MESSAGES,
        ),
        _group(
            row_notes.TURNS,
            "Turns",
            [(_turns(number), str(number), tally.turns[number]) for number in sorted(tally.turns)],
            tally.rows,
            note="Messages of user, assistant and tool in a row.",
        ),
        _group(
            row_notes.LENGTHS,
            "Bytes",
            _ranges(tally.lengths),
            tally.rows,
            f"{figures.size(average)} on average; the longest row has {figures.size(tally.longest)}, at byte "
            f"{tally.longest_at:,}.",
        ),
        _group(row_notes.ANSWERS, "Answers", _ranges(tally.answers), tally.rows, note="Characters of the last answer."),
    )


def head_words(tally: FileTally) -> str:
    """``302 rows, 40 kB, 2 refused, 0 odd``."""
    told = f"{figures.count(tally.rows, 'row')}, {figures.size(tally.bytes)}"
    return f"{told}, {tally.refused:,} refused, {tally.odd:,} odd"


def bar_words(name: str, label: str) -> str:
    """Which rows a bar stands for."""
    words = _BARS.get(Bar.named(name).group, "{}")
    return words.format(label)


def _group(
    name: str,
    title: str,
    counts: Iterable[tuple[str, str, int]],
    of: int,
    summary: str = "",
    note: str = "",
    unit: str = _ROWS,
) -> StatisticsGroup:
    rows = tuple(
        StatisticsRow(label, count, count / max(of, 1), Bar(name, value).name) for label, value, count in counts
    )
    is_scale = name in (row_notes.TURNS, row_notes.LENGTHS, row_notes.ANSWERS)
    return StatisticsGroup(name, title, rows, of, unit, is_scale, note, summary if rows else _NONE)


def _named(counts: Counter[str]) -> list[tuple[str, str, int]]:
    return [(name, name, count) for name, count in counts.items()]


def _most(counts: Counter[str], empty: str = "") -> list[tuple[str, str, int]]:
    return [(name or empty, name, count) for name, count in counts.most_common(_MOST)]


def _several(counts: Counter[str]) -> str:
    return f"Of {len(counts):,} kinds these are the most frequent." if len(counts) > _MOST else ""


def _turns(number: int) -> str:
    return f"{number} and more" if number == MOST_TURNS else str(number)


def _ranges(by_bits: Counter[int]) -> list[tuple[str, str, int]]:
    """From the shortest to the longest, also those that nothing falls into: the shape is what one looks for."""
    if not by_bits:
        return []
    return [
        (f"{1 << (bits - 1):,} to {(1 << bits) - 1:,}" if bits else "0", str(bits), by_bits[bits])
        for bits in range(min(by_bits), max(by_bits) + 1)
    ]
