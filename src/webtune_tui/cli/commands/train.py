"""``webtune train``: tune a base model on the dataset, here or at a provider."""

from __future__ import annotations

import argparse

from webtune_tui.cli.command import Access, CommandContext, Outcome
from webtune_tui.cli.following import follow, full_report
from webtune_tui.cli.presentation import estimate_line, job_lines
from webtune_tui.cli.training_options import add_training_options, hyperparameters_of, provider_and_base
from webtune_tui.domain.errors import WebtuneError, WorkFailed
from webtune_tui.domain.jobs import JobState

SUMMARY = "tune a base model on the dataset, on this machine or at a provider"
EXAMPLES = (
    "webtune train",
    "webtune train --base smollm2-135m --epochs 2 --suffix shop",
    "webtune train --provider openai --base gpt-4.1-mini-2025-04-14 --detach --yes",
)
ACCESS = Access.WRITE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of training."""
    add_training_options(parser)
    parser.add_argument("--suffix", default="", metavar="TEXT", help="a word for the tuned model's name")
    parser.add_argument("--seed", type=int, default=42, metavar="N", help="the seed of the run (default 42)")
    parser.add_argument("--detach", action="store_true", help="return as soon as the provider has the job")


async def run(context: CommandContext) -> Outcome:
    """Starts one job and, unless detached, follows it to its end."""
    arguments = context.arguments
    provider, base = provider_and_base(arguments, context.settings())
    chosen = hyperparameters_of(arguments)
    async with context.services() as services:
        estimate = await services.estimates.estimate(provider, base, chosen, arguments.dataset)
        context.progress.say(estimate_line(estimate))
        if estimate.cost != 0:
            context.confirm(f"Train {base} at {provider}?")
        started = services.train.start(
            provider=provider,
            base_model=base,
            version=arguments.dataset,
            suffix=arguments.suffix,
            seed=arguments.seed,
            hyperparameters=chosen,
        )
        try:
            job = await follow(started, context.progress, context.known)
            assert job is not None  # start always ends with the job
            if not arguments.detach:
                job = await follow(services.jobs.watch(job.job_id), context.progress, context.known) or job
        except WebtuneError as error:
            if job_id := context.known.get("job_id"):
                error.fields = await full_report(services, job_id) | error.fields
            raise
        report = await full_report(services, job.job_id)
    if job.state is JobState.FAILED:
        raise WorkFailed(f"{job.job_id} failed: {job.message}", hint="See: webtune jobs events", fields=report)
    return Outcome(report, job_lines(report), exit_code=1 if job.state is JobState.CANCELLED else 0)
