"""``webtune dataset triage``: what harms in the records and in the working version, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand, whole_number
from webtune_tui.domain.errors import InternalFault
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.triage import Tile, TriageReport


def add_triage_command(group: Any) -> None:
    """The command."""
    triage = add_subcommand(
        group,
        "triage",
        _triage,
        access=Access.WRITE_IF_FREE,
        summary="Count ten kinds of harm in the raw pairs and in the working version, and tell what mends each.",
        examples=("webtune dataset triage", "webtune dataset triage --workers 1"),
    )
    triage.add_argument(
        "--workers",
        type=whole_number(1),
        metavar="N",
        help="processes that look; the result is the same (default: the processors, 8 at most)",
    )


async def _triage(context: CommandContext) -> Outcome:
    from webtune_tui.services.triage import Triaged  # the other commands do without

    report: TriageReport | None = None
    pace = Pace()
    async with (
        context.services() as services,
        aclosing(services.triage.run(workers=context.arguments.workers)) as events,
    ):
        async for event in events:
            match event:
                case Progressed():
                    context.progress.update(pace.line(event.stage.capitalize(), event))
                case Triaged(report):
                    pass
    if report is None:
        raise InternalFault("Triage ended without a result", hint="Run it again.")
    return Outcome(_body(report), "\n".join(_lines(report)))


def _body(report: TriageReport) -> dict[str, Any]:
    return {
        "tiles": [_tile(one, report) for one in report.tiles],
        "records": report.records,
        "pairs": report.pairs,
        "examples": report.examples,
        "content_hash": report.content_hash or None,
        "leak": dict(report.leak),
        "seconds": report.seconds,
    }


def _tile(tile: Tile, report: TriageReport) -> dict[str, Any]:
    from webtune_tui.pipeline.triage import harm_named

    harm = harm_named(tile.name)
    return {
        "name": tile.name,
        "count": tile.before,
        "examples": [one for one, _ in tile.rows],
        "after": tile.after,
        "examples_left": [one for one, _ in tile.rows_left],
        "share": round(tile.before / max(report.pairs, 1), 6),
        "why": harm.why,
        "fix": dict(tile.fix),
        "with_fix": {"drops": tile.drops, "mends": tile.mends, "left": tile.left},
        "checked": tile.is_checked,
        "detail": tile.detail,
    }


def _lines(report: TriageReport) -> Iterator[str]:
    from webtune_tui.pipeline.triage import harm_named

    version = f", {report.examples:,} examples in the working version" if report.examples is not None else ""
    yield f"{report.pairs:,} raw pairs of {report.records:,} records{version}"
    yield f"  {'':<20}{'raw':>9}{'now':>9}"
    for tile in report.tiles:
        if not tile.is_checked:
            yield f"  {harm_named(tile.name).title:<20}{'-':>9}{'-':>9}  not checked: its part is not installed"
            continue
        now = f"{tile.after:,}" if tile.after is not None else "-"
        fix = "  mends it: webtune recipe set " + " ".join(f'{key}="{value}"' for key, value in tile.fix.items())
        yield f"  {harm_named(tile.name).title:<20}{tile.before:>9,}{now:>9}{fix if tile.fix and tile.now else ''}"
    leak = 100 * report.leak["raw_random_split_rate"]
    yield f"  a random split of the raw pairs would leak {leak:.1f} % of the test examples"
