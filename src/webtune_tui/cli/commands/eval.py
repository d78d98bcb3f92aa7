"""``webtune eval``: compare base and tuned on the frozen test split."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, whole_number
from webtune_tui.domain.events import Noted, Progressed
from webtune_tui.services.evaluate import Evaluation

SUMMARY = "compare the tuned model with its base on the frozen test split"
EXAMPLES = ("webtune eval", "webtune eval --model job-1a2b3c4d --cases 50 --json")
ACCESS = Access.WRITE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model and how many cases."""
    parser.add_argument("--model", metavar="M", help="a tuned model or job id (default: the newest)")
    parser.add_argument(
        "--cases", type=whole_number(1), metavar="N", help="only the first N test examples (default: all)"
    )
    parser.add_argument("--no-answers", action="store_true", help="measure losses only; let the models write nothing")


async def run(context: CommandContext) -> Outcome:
    """Measures both models; the answers of both stand in the cases file."""
    arguments = context.arguments
    evaluation: Evaluation | None = None
    async with context.services() as services:
        async for event in services.evaluate.run(
            model=arguments.model, cases=arguments.cases, with_answers=not arguments.no_answers
        ):
            match event:
                case Progressed():
                    context.progress.update(f"{event.stage} {event.done} of {event.total} {event.unit}")
                case Noted():
                    context.progress.say(event.message)
                case Evaluation():
                    evaluation = event
    assert evaluation is not None  # the last event is the result
    return Outcome(evaluation_fields(evaluation), evaluation_lines(evaluation))


def evaluation_fields(evaluation: Evaluation) -> dict[str, Any]:
    """The JSON object of an evaluation."""
    return {
        "evaluation_id": evaluation.evaluation_id,
        "model": evaluation.model,
        "base_model": evaluation.base_model,
        "dataset_version": evaluation.dataset_version,
        "cases": evaluation.cases,
        "cases_path": str(evaluation.cases_path),
        "metrics": [dataclasses.asdict(metric) | {"ci95": list(metric.ci95)} for metric in evaluation.metrics],
        "verdict": evaluation.verdict,
        "gate": {"passed": True, "failed": []},
        "created": evaluation.created_at,
    }


def evaluation_lines(evaluation: Evaluation) -> str:
    """The verdict with its figures, for a person."""
    lines = [f"{evaluation.model} is {evaluation.verdict} on {evaluation.cases} held-out examples"]
    if evaluation.verdict.startswith("no "):
        lines = [f"{evaluation.model}: {evaluation.verdict} on {evaluation.cases} held-out examples"]
    for metric in evaluation.metrics:
        low, high = metric.ci95
        lines.append(
            f"  {metric.name}: base {metric.base:.3f}, tuned {metric.tuned:.3f}, "
            f"difference {metric.difference:+.3f} (95 % {low:+.3f} to {high:+.3f})"
        )
    lines.append(f"  cases: {evaluation.cases_path}")
    return "\n".join(lines)
