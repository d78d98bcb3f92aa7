"""``webtune dataset export``: the files of a version, in the form that others take."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webtune_tui import registry
from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand
from webtune_tui.domain.events import Progressed
from webtune_tui.domain.pace import Pace

if TYPE_CHECKING:
    from webtune_tui.services.export import Exported


def add_export_command(group: Any) -> None:
    """The command."""
    export = add_subcommand(
        group,
        "export",
        _export,
        access=Access.WRITE,
        summary="Write train, validation and test files; the version is kept for good.",
        examples=("webtune dataset export", "webtune dataset export --format dpo --out ready/"),
    )
    export.add_argument("version", nargs="?", metavar="VERSION")
    export.add_argument(
        "--format", default="openai", metavar="FORMAT", help=f"{', '.join(registry.names('pipeline.formats'))} (openai)"
    )
    export.add_argument("--out", type=Path, metavar="DIR", help="another folder than exports/VERSION")
    export.add_argument(
        "--raw-cells", action="store_true", help="csv: no apostrophe before cells that a spreadsheet takes for formulas"
    )


async def _export(context: CommandContext) -> Outcome:
    arguments, pace = context.arguments, Pace()
    done: Exported | None = None
    async with context.services() as services:
        events = services.export.exporting(
            version=arguments.version, format=arguments.format, out=arguments.out, raw_cells=arguments.raw_cells
        )
        async with aclosing(events):
            async for event in events:
                match event:
                    case Progressed(stage):
                        context.progress.update(pace.line(stage, event))
                    case _:
                        done = event
    assert done is not None
    body = {
        "paths": {split: str(path) for split, path in done.paths.items()},
        "format": done.format,
        "examples": dict(done.examples),
        "content_hash": done.content_hash,
        "left_out": dict(done.left_out),
    }
    lines = [f"{done.examples[split]:>8,}  {path}" for split, path in done.paths.items()]
    lines += [f"{count:>8,}  left out: {reason.replace('_', ' ')}" for reason, count in done.left_out.items()]
    return Outcome(body, "\n".join(lines))
