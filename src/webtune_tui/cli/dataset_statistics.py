"""``webtune dataset stats``: what a version consists of, as a summary with bars or as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand
from webtune_tui.domain.block_bars import block_bar
from webtune_tui.domain.errors import InternalFault
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.statistics import DatasetStatistics, StatisticsGroup
from webtune_tui.domain.terminal_text import cell_width, display_line

_SHOWN_ROWS = 8  # of a group whose rows have no order of their own
_LABEL, _BAR = 24, 24  # cells


def add_statistics_command(group: Any) -> None:
    """The command."""
    stats = add_subcommand(
        group,
        "stats",
        _stats,
        access=Access.WRITE_IF_FREE,
        summary="Count tokens, lengths, turns, languages, sources, ages, flags, filled fields, shared words and cost.",
        examples=("webtune dataset stats", "webtune dataset stats 3f2a --json"),
    )
    stats.add_argument("version", nargs="?", metavar="VERSION")


async def _stats(context: CommandContext) -> Outcome:
    from webtune_tui.services.statistics import StatisticsReady  # the other commands do without

    found: DatasetStatistics | None = None
    pace = Pace()
    async with (
        context.services() as services,
        aclosing(services.statistics.run(context.arguments.version, in_process=True)) as events,
    ):
        async for event in events:
            match event:
                case Progressed():
                    context.progress.update(pace.line(event.stage.capitalize(), event))
                case StatisticsReady(found):
                    pass
    if found is None:
        raise InternalFault("Counting ended without a result", hint="Run it again.")
    return Outcome(found.to_plain(), "\n".join(_lines(found)))


def _lines(found: DatasetStatistics) -> Iterator[str]:
    yield f"{found.dataset_version}: {found.examples:,} examples, {found.plain['tokens_total']:,} tokens"
    for group in found.groups:
        yield ""
        yield f"{group.title}: {group.summary}" if group.summary else group.title
        if not group.is_known:
            yield f"  {display_line(group.note, limit=300)}"
        yield from _rows(group)


def _rows(group: StatisticsGroup) -> Iterator[str]:
    shown = group.rows if group.is_histogram else group.rows[:_SHOWN_ROWS]
    largest = max((row.share for row in group.rows if not row.is_rest), default=0.0)
    plain = not _has_blocks()
    for row in shown:
        drawn = "" if row.is_rest else block_bar(row.share, largest, _BAR, plain=plain)
        cost = "" if row.cost is None else f"  {row.cost:>10.4f} USD"
        label = display_line(row.label.replace("–", "-") if plain else row.label, limit=_LABEL)
        missing = _LABEL - sum(map(cell_width, label))
        yield f"  {label}{' ' * missing} {drawn:<{_BAR}} {row.count:>11,} {100 * row.share:>6.1f} %{cost}"
    if len(group.rows) > len(shown):
        yield f"  and {len(group.rows) - len(shown):,} more rows: --json tells all"


def _has_blocks() -> bool:
    try:
        "█▏".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
