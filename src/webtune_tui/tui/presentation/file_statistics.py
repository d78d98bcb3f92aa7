"""What a file consists of, as lines that can be read at 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from webtune_tui.domain.terminal_text import display_line
from webtune_tui.services.file_tally import FileTally
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import StyledLine, bar, fit, fit_right, wrap

_LABEL = 30
_MOST = 40
_MOST_TURNS = 20


def statistics_lines(tally: FileTally, width: int) -> list[StyledLine]:
    """The counts under headings, with bars."""
    sound = tally.rows - tally.refused
    told = (
        f"{figures.count(tally.rows, 'row')}, {figures.size(tally.bytes)}. {sound:,} would be taken by a provider, as "
        f"far as single lines tell; {tally.refused:,} refused, {tally.odd:,} odd. The longest row has "
        f"{figures.size(tally.longest)}, at byte {tally.longest_at:,}."
    )
    lines = [StyledLine(((line, ""),)) for line in wrap(told, width)]
    sections = (
        ("refused for", tally.errors, "bad"),
        ("odd for", tally.warnings, "warn"),
        ("forms", Counter({name or "no JSON": count for name, count in tally.forms.items()}), "accent"),
        ("messages by role", Counter({name or "no role": count for name, count in tally.roles.items()}), "second"),
    )
    for title, counts, style in sections:
        if counts:
            named = [(name, count) for name, count in counts.most_common(_MOST)]
            lines += [StyledLine(), *_section(title, named, style, width)]
    turns = [(_turns(number), tally.turns[number]) for number in sorted(tally.turns)]
    for title, ranged in (
        ("turns of a row", turns),
        ("bytes of a row", _ranges(tally.lengths)),
        ("characters of an answer", _ranges(tally.answers)),
    ):
        if ranged:
            lines += [StyledLine(), *_section(title, ranged, "muted", width)]
    return lines


def _turns(number: int) -> str:
    return f"{number} and more" if number == _MOST_TURNS else str(number)


def _ranges(by_bits: Counter[int]) -> list[tuple[str, int]]:
    """From the shortest to the longest, also those that nothing falls into: the shape is what one looks for."""
    if not by_bits:
        return []
    return [
        (f"{1 << (bits - 1):,} to {(1 << bits) - 1:,}" if bits else "0", by_bits[bits])
        for bits in range(min(by_bits), max(by_bits) + 1)
    ]


def _section(title: str, counts: list[tuple[str, int]], style: str, width: int) -> Iterator[StyledLine]:
    yield StyledLine(((title.upper(), "section"),))
    largest = max(count for _, count in counts)
    room = max(width - _LABEL - 14, 4)
    for name, count in counts:
        yield StyledLine(
            (
                (fit(display_line(name, limit=100), _LABEL), ""),
                (fit_right(f"{count:,}", 12) + "  ", "muted"),
                (bar(count, largest, room), style),
            )
        )
