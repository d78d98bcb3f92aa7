"""``webtune dataset pairs``: the answers that a person marked as the better ones in the chat, as preference rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand

_SHOWN_CHARACTERS = 200


def add_pairs_command(group: Any) -> None:
    """The command."""
    pairs = add_subcommand(
        group,
        "pairs",
        _pairs,
        access=Access.READ,
        summary="List the answers marked as the better one of two in the chat; write them as preference rows.",
        examples=(
            "webtune dataset pairs",
            "webtune dataset pairs --out pairs.jsonl && webtune import pairs.jsonl",
        ),
    )
    pairs.add_argument("--out", type=Path, metavar="FILE", help="a new file of prompt, chosen and rejected")


async def _pairs(context: CommandContext) -> Outcome:
    from webtune_tui.services.preference_pairs import preference_row

    out: Path | None = context.arguments.out
    async with context.services() as services:
        found = await services.chat.chosen_pairs(out.absolute() if out is not None else None)
    body = {
        "pairs": [
            preference_row(one)
            | {
                "conversation": one.conversation,
                "chosen_model": one.chosen_model,
                "rejected_model": one.rejected_model,
            }
            for one in found.pairs
        ],
        "left_out": found.left_out,
        "path": str(out.absolute()) if out is not None else None,
    }
    rows = [
        (one.question[:_SHOWN_CHARACTERS], one.chosen[:_SHOWN_CHARACTERS], one.rejected[:_SHOWN_CHARACTERS])
        for one in found.pairs
    ]
    table = Table(("question", "better", "worse"), rows, empty="No answer was marked as the better one of two.")
    told = [f"{count:,} left out: {reason.replace('_', ' ')}" for reason, count in found.left_out.items()]
    if out is not None:
        told.append(
            f"{len(found.pairs):,} pairs are in {out.absolute()}. To train on them: webtune import {out},"
            " webtune recipe set build.preferences=true, webtune prepare, webtune dataset export --format dpo"
        )
    return Outcome(body, [table, "\n".join(told)])
