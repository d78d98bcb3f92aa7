"""``webtune estimate``: what training will take, before anything is spent."""

from __future__ import annotations

import argparse

from webtune_tui.cli.command import Access, CommandContext, Outcome
from webtune_tui.cli.presentation import estimate_fields, estimate_line
from webtune_tui.cli.training_options import add_training_options, hyperparameters_of, provider_and_base

SUMMARY = "say what training takes: tokens, money, time, memory"
EXAMPLES = ("webtune estimate", "webtune estimate --provider openai --base gpt-4.1-mini-2025-04-14 --epochs 2")
ACCESS = Access.READ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The same flags as ``train``."""
    add_training_options(parser)


async def run(context: CommandContext) -> Outcome:
    """Estimates from the dataset's tokens; nothing is sent."""
    provider, base = provider_and_base(context.arguments, context.settings())
    chosen = hyperparameters_of(context.arguments)
    async with context.services() as services:
        estimate = await services.estimates.estimate(provider, base, chosen, context.arguments.dataset)
    return Outcome(estimate_fields(estimate), estimate_line(estimate))
