"""``webtune bases``: base models that can be tuned, and adding one to this machine."""

from __future__ import annotations

import argparse
import dataclasses

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, subcommands
from webtune_tui.domain.events import Noted, Progressed

SUMMARY = "list base models, or add one to this machine"
EXAMPLES = ("webtune bases", "webtune bases add smollm2-135m", "webtune bases --provider openai")
ACCESS = Access.READ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The provider to ask, and the subcommand ``add``."""
    parser.add_argument("--provider", metavar="NAME", help="the provider (default: that of the settings)")
    group = subcommands(parser)
    group.required = False
    add = add_subcommand(
        group, "add", add_base, access=Access.READ,
        summary="download a base model once and convert it for training here",
        examples=("webtune bases add smollm2-135m", "webtune bases add ./my-model", "webtune bases add model.gguf"),
    )  # fmt: skip
    add.add_argument("model", help="a known name, a Hugging Face Hub id, a local folder or a GGUF file")


async def run(context: CommandContext) -> Outcome:
    """Lists the bases of one provider."""
    settings = context.settings()
    provider = context.arguments.provider or settings.provider
    async with context.services() as services:
        found = await services.train.bases(provider)
    rows = [
        (
            base.model,
            "here" if base.is_present else "can be added",
            f"{base.size_bytes / 1e6:,.0f} MB" if base.size_bytes else "",
            base.licence,
            base.context or "",
            {True: "yes", False: "too large", None: ""}[base.trainable_here],
            base.shutdown_date or "",
        )
        for base in found
    ]
    columns = ("model", "state", "size", "licence", "context", "trains here", "shut down on")
    return Outcome({"provider": provider, "bases": [dataclasses.asdict(base) for base in found]}, Table(columns, rows))


async def add_base(context: CommandContext) -> Outcome:
    """Adds a model to the cache, with progress."""
    message = ""
    async with context.services() as services:
        async for event in services.train.add_base(context.arguments.model):
            if isinstance(event, Progressed):
                share = f" {100 * event.done // event.total} %" if event.total else ""
                context.progress.update(f"{event.stage}{share} {event.message}")
            elif isinstance(event, Noted):
                message = event.message
    return Outcome({"model": context.arguments.model, "message": message}, message)
