"""``webtune validate``: can this file be trained on?"""

from __future__ import annotations

import argparse
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table
from webtune_tui.domain.datasets import Finding, ValidationReport
from webtune_tui.domain.events import Progressed

SUMMARY = "check a file of examples as a provider would; repair what can be repaired"
EXAMPLES = (
    "webtune validate train.jsonl",
    "webtune validate train.jsonl --against test.jsonl",
    "webtune validate alpaca.json --repair chat.jsonl",
)
ACCESS = Access.NONE

_SHOWN = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="chat or preference JSONL, or another form to repair")
    parser.add_argument("--provider", metavar="P", help="the provider whose limits count")
    parser.add_argument("--base", metavar="M", help="the base model whose tokens count")
    parser.add_argument("--repair", type=Path, metavar="OUT", help="write the mended lines to a new file")
    parser.add_argument("--redact", action="store_true", help="with --repair: placeholders for personal data")
    parser.add_argument(
        "--against", type=Path, action="append", default=[], metavar="OTHER", help="a file that it must not overlap"
    )


async def run(context: CommandContext) -> Outcome:
    """Checks the file; exit code 1 where it can't be trained on."""
    from webtune_tui.services.validate import checking

    arguments = context.arguments
    settings = context.settings()
    report: ValidationReport | None = None
    events = checking(
        arguments.file,
        provider=arguments.provider or settings.provider,
        base_model=arguments.base or settings.base_model,
        known=tuple(settings.providers),
        repair=arguments.repair,
        redact=arguments.redact,
        against=tuple(arguments.against),
    )
    async with aclosing(events):
        async for event in events:
            match event:
                case Progressed(stage, done, _, unit, message):
                    context.progress.update(f"{stage} {message or arguments.file.name}: {done:,} {unit}")
                case ValidationReport():
                    report = event
    assert report is not None
    body = {
        "ok": report.ok,
        "examples": report.examples,
        "errors": [asdict(finding) for finding in report.errors],
        "warnings": [asdict(finding) for finding in report.warnings],
        "tokens": report.tokens,
        "repaired": report.repaired,
        "repairs": dict(report.repairs),
        "form": report.form,
        "longest": report.longest,
        "limit": report.limit,
        "encoding": report.encoding,
        "overlaps": dict(report.overlaps),
        "personal_data": dict(report.personal_data),
    }
    return Outcome(body, [_verdict(arguments.file, report), *_tables(report), _repaired(report)], 0 if report.ok else 1)


def _verdict(file: Path, report: ValidationReport) -> str:
    state = "ok" if report.ok else "not ok"
    form = f" ({report.form})" if report.form else ""
    found = f"{_count(len(report.errors), 'error')}, {_count(len(report.warnings), 'warning')}"
    return (
        f"{file}{form}: {state}, {_count(report.examples, 'example')}, {report.tokens:,} tokens of {report.encoding},"
        f" {found}; the longest example has {report.longest:,} of {report.limit:,} tokens"
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _tables(report: ValidationReport) -> list[Table]:
    findings = [("error", finding) for finding in report.errors] + [("warning", one) for one in report.warnings]
    rows = [_row(level, finding) for level, finding in findings[:_SHOWN]]
    if len(findings) > _SHOWN:
        rows.append(("", "", "", f"… and {len(findings) - _SHOWN:,} more (all with --json)"))
    return [Table(("line", "level", "code", "message"), rows, wraps=True)] if rows else []


def _row(level: str, finding: Finding) -> tuple[object, ...]:
    return (finding.line or "file", level, finding.code, finding.message)


def _repaired(report: ValidationReport) -> str:
    if not report.repaired:
        return ""
    done = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in report.repairs.items())
    return f"The mended lines are in {report.repaired}" + (f" ({done})" if done else "")
