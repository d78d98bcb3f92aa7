"""``webtune doctor``: what works here and what is missing, with the exact remedy."""

from __future__ import annotations

import argparse

from webtune_tui import settings
from webtune_tui.cli.command import Access, CommandContext, Outcome
from webtune_tui.services.doctor import CheckState, DoctorService

SUMMARY = "what works on this machine, what is missing, and how to get it"
EXAMPLES = ("webtune doctor", "webtune doctor --json")
ACCESS = Access.NONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the common options."""


async def run(context: CommandContext) -> Outcome:
    """Every check with its remedy; a missing part is a finding, not a failure."""
    checks = await DoctorService(context.workspace, settings.models_folder()).examine()
    is_ok = all(check.state is CheckState.OK for check in checks)
    data = {
        "checks": [
            {"name": check.name, "state": check.state.value, "detail": check.detail, "remedy": check.remedy}
            for check in checks
        ],
        "ok": is_ok,
    }
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"{check.state.value:<7}  {check.name:<{width}}  {check.detail}")
        if check.remedy:
            lines.append(f"{'':<7}  {'':<{width}}  -> {check.remedy}")
    return Outcome(data, "\n".join(lines))
