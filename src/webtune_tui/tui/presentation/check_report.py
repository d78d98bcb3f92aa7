"""What the check of a file found, as lines: the figures, then every finding with its line, then what was mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from webtune_tui.domain.datasets import Finding, ValidationReport
from webtune_tui.domain.terminal_text import display_line
from webtune_tui.tui.presentation import figures
from webtune_tui.tui.presentation.text_layout import StyledLine, fit_right, wrap

_MOST_FINDINGS = 500
_LABEL = 10


def report_lines(report: ValidationReport, width: int) -> list[StyledLine]:
    """The report, wrapped to ``width`` cells."""
    form = display_line(report.form, limit=20)
    told = [
        ("form", form or "unknown"),
        ("examples", f"{report.examples:,}"),
        ("tokens", f"{report.tokens:,} of {display_line(report.encoding, limit=40)}"),
        ("longest", f"{report.longest:,} of {report.limit:,} tokens"),
    ]
    if report.personal_data:
        told.append(("personal", ", ".join(f"{kind} {count:,}" for kind, count in report.personal_data.items())))
    lines = [StyledLine(((f"{name:<{_LABEL}}", "muted"), (words, ""))) for name, words in told]
    lines += _repaired(report, width)
    for title, found, style in (("errors", report.errors, "bad"), ("warnings", report.warnings, "warn")):
        if found:
            heading = figures.count(len(found), title[:-1]).upper()
            lines += [StyledLine(), StyledLine(((heading, "section"),)), *_findings(found, width, style)]
    if not report.errors and not report.warnings:
        lines += [StyledLine(), StyledLine((("Nothing to mend.", "good"),))]
    return lines


def _findings(found: Sequence[Finding], width: int, style: str) -> Iterator[StyledLine]:
    """The same finding at many lines is told once, with the first line and how many follow."""
    places: dict[str, list[int]] = {}
    for one in found:
        places.setdefault(display_line(f"{one.message} ({one.code})", limit=500), []).append(one.line)
    for words, lines in islice(places.items(), _MOST_FINDINGS):
        more = f", and on {figures.count(len(lines) - 1, 'more line')}" if len(lines) > 1 else ""
        place = f"line {lines[0]:,}" if lines[0] else "file"
        for number, line in enumerate(wrap(words + more, max(width - 14, 10))):
            yield StyledLine(((fit_right(place if number == 0 else "", 12) + "  ", "muted"), (line, style)))
    if len(places) > _MOST_FINDINGS:
        left = f"and {len(places) - _MOST_FINDINGS:,} other findings: webtune validate FILE --json tells all"
        yield StyledLine(((left, "muted"),))


def _repaired(report: ValidationReport, width: int) -> Iterator[StyledLine]:
    if not report.repaired:
        return
    done = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in report.repairs.items())
    words = f"Mended: {done or 'nothing was to mend'}; written to {report.repaired}"
    yield StyledLine()
    for line in wrap(display_line(words, limit=1000), width):
        yield StyledLine(((line, "good"),))
