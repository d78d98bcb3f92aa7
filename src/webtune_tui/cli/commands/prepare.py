"""``webtune prepare``: the recipe turns the workspace's records into a dataset version."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, integer, whole_number
from webtune_tui.domain.concentration import phrase_words, place_words
from webtune_tui.domain.datasets import PrepareReport
from webtune_tui.domain.errors import InternalFault
from webtune_tui.domain.events import Noted, Prepared, Progressed
from webtune_tui.domain.pace import Pace
from webtune_tui.domain.terminal_text import display_line

SUMMARY = "clean, filter, de-duplicate and split the records into a dataset version"
EXAMPLES = (
    "webtune prepare",
    "webtune prepare --seed 7",
    "webtune prepare --recipe other.toml --json",
)
ACCESS = Access.WRITE

_SHOWN = 5  # domains
_SHOWN_FINDINGS, _LONGEST_FINDING = 3, 120  # of a step; characters
_STAGES = {"surveying": "Surveying", "reading": "Cleaning", "comparing": "Comparing", "storing": "Storing"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--recipe", type=Path, metavar="FILE", help="replay another recipe; it becomes the workspace's own"
    )
    parser.add_argument("--seed", type=integer, metavar="N", help="the seed of the split, kept in the recipe")
    parser.add_argument("--sample", type=whole_number(1), metavar="N", help="only N records, chosen by the seed")
    parser.add_argument(
        "--workers",
        type=whole_number(1),
        metavar="N",
        help="processes that clean; the result is the same (default: the processors, 8 at most)",
    )


async def run(context: CommandContext) -> Outcome:
    """Runs prepare and tells what it took, dropped and made."""
    arguments = context.arguments
    report: PrepareReport | None = None
    pace = Pace()
    async with context.services() as services:
        events = services.prepare.run(
            recipe=arguments.recipe, seed=arguments.seed, sample=arguments.sample, workers=arguments.workers
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case Progressed(stage):
                        context.progress.update(pace.line(_STAGES.get(stage, stage), event))
                    case Noted(message):
                        context.progress.say(message)
                    case Prepared(report):
                        pass
    if report is None:
        raise InternalFault("The run ended without a report")
    return Outcome(report_json(report), "\n".join(report_lines(report)))


def report_json(report: PrepareReport) -> dict[str, Any]:
    """The JSON object of the contract."""
    return asdict(report) | {"notes": list(report.notes)}


def report_lines(report: PrepareReport) -> Iterator[str]:
    """What a person reads after a run."""
    yield (
        f"Dataset {report.dataset_version}: {report.examples:,} examples from {report.records:,} records"
        f" in {report.seconds:.1f} s"
    )
    yield "  splits   " + ", ".join(f"{name} {count:,}" for name, count in report.splits.items())
    yield f"  tokens   {report.tokens['total']:,} ({report.tokens['encoding']})"
    if report.dropped:
        yield f"  dropped  {_counts(report.dropped)}"
    if report.changed:
        yield f"  changed  {_counts(report.changed)}"
    if report.redacted:
        yield f"  redacted {_counts(report.redacted)}"
        yield from (f"    {domain}: {_counts(kinds)}" for domain, kinds in _most_private(report)[:_SHOWN])
    for name, part in report.mix.items():
        yield f"  mix      {name}: {part['examples']:,} examples, {part['tokens']:,} tokens"
    if words := place_words(report.concentration):
        yield f"  from     {words}"
    yield from (f"  repeated {words}" for words in phrase_words(report.concentration))
    for step, found in report.findings.items():
        yield from (f"  found    {step.replace('_', ' ')}: {_told(one)}" for one in found[:_SHOWN_FINDINGS])
        if len(found) > _SHOWN_FINDINGS:
            yield f"  found    {step.replace('_', ' ')}: {len(found) - _SHOWN_FINDINGS:,} more with --json"
    rate = 100 * report.leak["random_split_rate"]
    yield (
        f"  leak     {report.leak['shared_clusters']:g} clusters in two splits;"
        f" a random split would have leaked {rate:.1f} % of the test examples"
    )


def _told(finding: Mapping[str, Any]) -> str:
    """What a step found, in a line: its own words, or the line that recurs and in how many records."""
    if "told" in finding:
        return display_line(finding["told"], limit=_LONGEST_FINDING)
    line = display_line(finding.get("line", ""), limit=_LONGEST_FINDING)
    place = display_line(finding.get("domain") or finding.get("source") or "", limit=60)
    return f"“{line}” in {finding.get('records', 0):,} records of {place}"


def _most_private(report: PrepareReport) -> list[tuple[str, Mapping[str, int]]]:
    """The domains with most personal data first."""
    domains = report.redacted_by_domain.items()
    return sorted(domains, key=lambda pair: (-sum(pair[1].values()), pair[0])) if len(domains) > 1 else []


def _counts(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in ordered)
