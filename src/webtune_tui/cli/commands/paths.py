"""``webtune paths``: where everything lies on this machine."""

from __future__ import annotations

import argparse

from webtune_tui import settings
from webtune_tui.cli.command import Access, CommandContext, Outcome

SUMMARY = "where the workspace, settings, base models and logs lie"
EXAMPLES = ("webtune paths", "webtune paths --json", "webtune paths -w ./my-project")
ACCESS = Access.NONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the common options."""


async def run(context: CommandContext) -> Outcome:
    """The absolute paths; none of them is made."""
    paths = {
        "workspace": context.workspace,
        "demo": settings.demo_workspace(),
        "config": settings.config_file(),
        "models": settings.models_folder(),
        "logs": settings.log_folder(),
    }
    lines = [f"{name:<9}  {path}{'' if path.exists() else '  (not there yet)'}" for name, path in paths.items()]
    return Outcome({name: str(path) for name, path in paths.items()}, "\n".join(lines))
