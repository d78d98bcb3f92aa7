"""``webtune dataset private``: where personal data and secrets stand in the records, masked."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, whole_number
from webtune_tui.domain.pace import Pace

if TYPE_CHECKING:
    from webtune_tui.services.private_data import PrivateHit


def add_private_command(group: Any) -> None:
    """The command."""
    private = add_subcommand(
        group,
        "private",
        _private,
        access=Access.READ,
        summary="List personal data and secrets in the records of the working version, masked.",
        examples=("webtune dataset private", "webtune dataset private --kind email --limit 20"),
    )
    private.add_argument("--kind", metavar="KIND", help="only this kind: email, phone, card, iban, api_key ...")
    private.add_argument("--limit", type=whole_number(0), default=50, metavar="N", help="list at most N finds (50)")


async def _private(context: CommandContext) -> Outcome:
    from webtune_tui.services.private_data import PrivateFindings  # the other commands do without

    arguments, pace, findings = context.arguments, Pace(), PrivateFindings()
    async with (
        context.services() as services,
        aclosing(services.private_data.finding(arguments.kind, limit=arguments.limit)) as events,
    ):
        async for event in events:
            if isinstance(event, PrivateFindings):
                findings = event
                continue
            context.progress.update(pace.line("Looking", event))
    kinds = {kind: dict(sorted(domains.items())) for kind, domains in sorted(findings.kinds.items())}
    table = Table(
        ("example", "field", "kind", "value"),
        [(hit.example_id, hit.found.field_path, hit.found.kind, hit.found.masked) for hit in findings.hits],
        empty="The records hold no personal data or secrets that the rules know.",
    )
    return Outcome({"kinds": kinds, "hits": [_hit_json(hit) for hit in findings.hits]}, table)


def _hit_json(hit: PrivateHit) -> dict[str, Any]:
    return {
        "example_id": hit.example_id,
        "record_id": hit.record_id,
        "field": hit.found.field_path,
        "kind": hit.found.kind,
        "masked": hit.found.masked,
    }
