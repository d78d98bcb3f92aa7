"""``webtune providers``: where models can be tuned, and until when."""

from __future__ import annotations

import argparse
import dataclasses

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table

SUMMARY = "list the providers with what they can do and their end dates"
EXAMPLES = ("webtune providers", "webtune providers --json")
ACCESS = Access.READ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


async def run(context: CommandContext) -> Outcome:
    """Reads the adapters' own declarations; nothing is asked over the network."""
    async with context.services() as services:
        known = services.providers.capabilities()
    rows = [
        (
            found.name,
            found.title,
            "here" if found.is_local else "hosted",
            f"until {found.closes_on}" if found.closes_on else "no end date",
            found.note,
        )
        for found in known
    ]
    return Outcome(
        {"providers": [dataclasses.asdict(found) for found in known]},
        Table(("name", "title", "where", "open", "note"), rows),
    )
