"""``webtune dataset packing``: what sharing sequences would save in local training."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand, whole_number


def add_packing_command(group: Any) -> None:
    """The command."""
    packing = add_subcommand(
        group,
        "packing",
        _packing,
        access=Access.READ,
        summary="Tell what packing the training examples into shared sequences would save.",
        examples=("webtune dataset packing", "webtune dataset packing --sequence-length 2048"),
    )
    packing.add_argument("version", nargs="?", metavar="VERSION")
    packing.add_argument(
        "--sequence-length", type=whole_number(16), default=1024, metavar="N", help="tokens of a sequence (1024)"
    )
    packing.add_argument("--batch-size", type=whole_number(1), default=4, metavar="N", help="sequences a step (4)")


async def _packing(context: CommandContext) -> Outcome:
    given = context.arguments
    async with context.services() as services:
        version = await services.curate.version(given.version)
        plan = await services.curate.packing(
            version.content_hash, sequence_length=given.sequence_length, batch_size=given.batch_size
        )
    lines = [
        f"{plan.examples:,} training examples of {plan.tokens:,} tokens in sequences of {plan.sequence_length:,}",
        f"  one a sequence   {plan.steps_alone:>9,} steps an epoch, {plan.padding_alone:>11,} tokens of padding",
        f"  packed           {plan.steps_packed:>9,} steps an epoch, {plan.padding_packed:>11,} tokens of padding,"
        f" {plan.sequences:,} sequences",
    ]
    if plan.too_long:
        lines.append(f"  {plan.too_long:,} examples are longer than a sequence and would be left out")
    body = {"dataset_version": version.dataset_version, "encoding": version.encoding} | asdict(plan)
    return Outcome(body, "\n".join(lines))
