"""``webtune view``: look into a file of examples as it lies on the disk, without importing it."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webtune_tui import settings
from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, whole_number
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.terminal_text import display_line

if TYPE_CHECKING:
    from webtune_tui.services.file_glance import FileGlance

SUMMARY = "look into any file of JSON lines at once, however large, without importing it"
EXAMPLES = (
    "webtune view train.jsonl",
    "webtune view train.jsonl --json --limit 3",
)
ACCESS = Access.NONE

_ROWS = 10
_ESCAPE_MILLISECONDS = "40"  # that textual waits for the rest of a key after esc; its own 100 are felt when one stops
_EXCERPT = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="chat or preference JSONL, ShareGPT, Alpaca or any other JSON lines"
    )
    parser.add_argument(
        "--limit",
        type=whole_number(0),
        metavar="N",
        default=_ROWS,
        help=f"with --json: the first N rows with their flags (default {_ROWS}); all rows are counted in any case",
    )


def takes_over(arguments: argparse.Namespace) -> int | None:
    """Opens the file in the app where there is a terminal; answers its exit code, else ``None``."""
    if arguments.json:
        return None
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") == "dumb":
        raise UsageError(
            "view shows the file in the app, which needs a terminal",
            hint="Add --json for the number of rows and the first ones, or see: webtune validate --help",
        )
    os.environ.setdefault("ESCDELAY", _ESCAPE_MILLISECONDS)
    gc.disable()  # the app looks for cycles once it is loaded: doing so meanwhile took a tenth of the start
    from webtune_tui.tui.viewing.app import run_viewer  # textual is loaded for the app alone

    return run_viewer(settings.workspace_path(arguments.workspace), arguments.file)


async def run(context: CommandContext) -> Outcome:
    """Tells how many rows the file has, and the first ones with what a provider would say of them."""
    from webtune_tui.services.file_glance import glance

    file: Path = context.arguments.file
    found = await asyncio.to_thread(glance, file.absolute(), context.arguments.limit)
    return Outcome(_body(found), _text(found))


def _body(found: FileGlance) -> dict[str, Any]:
    return {
        "file": str(found.path),
        "bytes": found.bytes,
        "rows": found.rows,
        "format": found.form or None,
        "first": [
            {
                "row": number,
                "offset": row.offset,
                "bytes": row.size,
                "format": row.form or None,
                "turns": row.turns,
                "prompt": row.prompt[:_EXCERPT],
                "answer": row.answer[:_EXCERPT],
                "errors": list(row.errors),
                "warnings": list(row.warnings),
            }
            for number, row in enumerate(found.first, start=1)
        ],
    }


def _text(found: FileGlance) -> list[str | Table]:
    rows = [
        (number, display_line(row.prompt, limit=60), display_line(row.answer, limit=60), " ".join(row.errors))
        for number, row in enumerate(found.first, start=1)
    ]
    return [f"{found.path}: {found.rows:,} rows", Table(("row", "prompt", "answer", "refused"), rows)]
