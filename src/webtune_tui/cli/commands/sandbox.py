"""``webtune sandbox``: a loopback Bright Data with invented sample records."""

from __future__ import annotations

import argparse
from pathlib import Path

from webtune_tui.cli.command import Access, CommandContext, Outcome
from webtune_tui.domain.errors import UsageError

SUMMARY = "serve Bright Data's API on this machine from invented sample records; nothing is charged"
EXAMPLES = (
    "webtune sandbox --port 8123",
    "WEBTUNE_BRIGHTDATA_URL=http://127.0.0.1:8123 BRIGHTDATA_API_TOKEN=sandbox-key webtune collect brightdata "
    "--scraper amazon-products --input category_url=https://www.amazon.com/gp/bestsellers/office-products --yes",
)
ACCESS = Access.NONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it listens and how fast its clock runs."""
    parser.add_argument("--port", metavar="N", type=int, default=0, help="default: a free one")
    parser.add_argument("--state", metavar="DIR", type=Path, help="remember snapshots and triggers in a folder")
    parser.add_argument("--speed", metavar="X", type=float, default=1.0, help="its clock runs X times faster")


async def run(context: CommandContext) -> Outcome:
    """Serves until it is stopped; the first line on stdout is the JSON object with its address."""
    from webtune_tui.cli.output import write_json
    from webtune_tui.sandbox.server import serve  # uvicorn is loaded for this command alone

    given = context.arguments
    if not 0 <= given.port <= 65535 or not 0 < given.speed < float("inf"):
        raise UsageError("A port lies between 0 and 65535, a speed above 0", hint="See: webtune sandbox --help")
    context.progress.say("The sandbox serves invented records on this machine; stop it with ctrl+c.")
    try:
        await serve(given.port, given.state, given.speed, announce=write_json)
    except OSError as error:
        raise UsageError(
            f"The sandbox can't start: {error.strerror or error}", hint="Choose another --port or --state."
        ) from error
    return Outcome({}, "")
