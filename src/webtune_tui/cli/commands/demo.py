"""``webtune demo``: the whole journey on this machine, with no account."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webtune_tui import settings as settings_module
from webtune_tui.cli.collection_report import collection_fields
from webtune_tui.cli.command import Access, CommandContext, Outcome
from webtune_tui.cli.commands.eval import evaluation_fields, evaluation_lines
from webtune_tui.cli.commands.prepare import report_json
from webtune_tui.cli.following import full_report
from webtune_tui.cli.presentation import job_lines
from webtune_tui.domain.errors import NotFound, UsageError
from webtune_tui.domain.events import CollectionChanged, JobChanged, JobReported, Noted, Progressed

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services

SUMMARY = "walk the whole journey here, with no account: collect, prepare, tune, evaluate, chat"
EXAMPLES = (
    "webtune demo",
    "webtune demo --headless",
    "webtune demo --headless --json --keep ./demo",
)
ACCESS = Access.WRITE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How and where."""
    parser.add_argument("--headless", action="store_true", help="do it all unattended, with words on stderr")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="the demo's workspace (default: one of its own)")


async def run(context: CommandContext) -> Outcome:
    """The journey unattended, or in the app with a person (see ``takes_over``)."""
    if not context.arguments.headless:
        raise UsageError("The demo in the app needs a terminal", hint="Run it unattended: webtune demo --headless")
    folder = demo_folder(context.arguments)
    async with demo_services(folder, context.settings()) as services:
        return await _walk(context, services)


def demo_folder(arguments: argparse.Namespace) -> Path:
    """The demo's workspace: never the person's own, unless they name it."""
    chosen = arguments.keep or arguments.workspace
    return Path(chosen).expanduser().absolute() if chosen else settings_module.demo_workspace()


@contextlib.asynccontextmanager
async def demo_services(folder: Path, settings: settings_module.Settings) -> AsyncIterator[Services]:
    """Services on the demo's workspace whose scraping address is the sandbox's."""
    from webtune_tui.bootstrap import open_services  # commands that need no workspace start faster
    from webtune_tui.services.journey import demo_settings
    from webtune_tui.services.sandbox_process import running_sandbox

    # the sandbox takes any word as its key, and a person's own key has no business there
    os.environ.pop("BRIGHTDATA_API_TOKEN", None)
    async with (
        running_sandbox(folder / "sandbox") as address,
        open_services(folder, demo_settings(settings, address), command="webtune demo") as services,
    ):
        yield services


async def _walk(context: CommandContext, services: Services) -> Outcome:
    from webtune_tui.services.evaluate import Evaluation
    from webtune_tui.services.journey import Answers, Journey

    journey = Journey(
        services.accounts, services.collect, services.prepare, services.curate, services.train, services.jobs,
        services.job_book, services.evaluate, services.chat,
    )  # fmt: skip
    context.known["workspace"] = str(services.workspace.root)
    answers: Answers | None = None
    evaluation: Evaluation | None = None
    for step in journey.steps():
        context.progress.say(f"{step.title}: {step.explanation}")
        async for event in step.run():
            match event:
                case Answers():
                    answers = event
                case Evaluation():
                    evaluation = event
                case _:
                    _tell(context, event)
    collection, job, report = await journey.collection(), await journey.job(), await services.curate.report()
    if collection is None or job is None or report is None or evaluation is None or answers is None:
        raise NotFound("The journey has no result", hint="Run it again: webtune demo --headless")
    job_body = await full_report(services, job.job_id)
    body: dict[str, Any] = {
        "workspace": str(services.workspace.root),
        "collection": collection_fields(collection, services.workspace.root),
        "dataset": report_json(report),
        "job": job_body,
        "evaluation": evaluation_fields(evaluation),
        "answers": dataclasses.asdict(answers),
    }
    text = (
        f"{job_lines(job_body)}\n{evaluation_lines(evaluation)}\n\n"
        f"Prompt: {answers.prompt}\n\nBase: {answers.base}\n\nTuned: {answers.tuned}\n\n"
        f"Look around: webtune -w {services.workspace.root}"
    )
    return Outcome(body, text)


def _tell(context: CommandContext, event: object) -> None:
    match event:
        case CollectionChanged(collection=c):
            context.progress.update(f"  {c.state.value} {c.phase}: {c.records} records, {c.errors} errors")
        case JobChanged(job=j):
            context.progress.update(f"  {j.state.value}: step {j.step} of {j.total_steps or '?'}")
        case JobReported(points=points):
            for point in points:
                if point.name in ("valid_loss", "full_valid_loss") and point.value is not None:
                    context.progress.say(f"  step {point.step}: {point.name} {point.value:.3f}")
        case Progressed():
            share = f" {100 * event.done // event.total} %" if event.total else f" {event.done} {event.unit}"
            context.progress.update(f"  {event.stage}{share} {event.message}")
        case Noted():
            context.progress.say(f"  {event.message}")


def takes_over(arguments: argparse.Namespace) -> int | None:
    """Opens the guided demo in the app where there is a terminal; answers its exit code, else ``None``."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    if arguments.headless or arguments.json or not is_terminal:
        return None
    os.environ.pop("BRIGHTDATA_API_TOKEN", None)
    from webtune_tui.tui.guide import run_guided_demo  # textual is loaded for the app alone

    return run_guided_demo(demo_folder(arguments))
