"""``webtune ledger``: what the workspace was expected to cost, did cost, and may still cost."""

from __future__ import annotations

import argparse

from webtune_tui.cli.command import Access, CommandContext, Outcome, Table
from webtune_tui.domain.amounts import usd

SUMMARY = "money: estimates, charges, the cap, and operations whose outcome is unknown"
EXAMPLES = ("webtune ledger", "webtune ledger --json")
ACCESS = Access.READ


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the common options."""


async def run(context: CommandContext) -> Outcome:
    """Every entry and the balance, USD."""
    async with context.services() as services:
        entries = await services.money.ledger()
        balance = await services.money.balance()
        unknown = await services.money.unknown()
    data = {
        "entries": [
            {
                "entry_id": entry.entry_id,
                "operation_id": entry.operation_id,
                "subject_id": entry.subject_id,
                "kind": entry.kind,
                "amount": entry.amount,
                "basis": entry.basis,
                "time": entry.created_at,
            }
            for entry in entries
        ],
        "balance": {
            "estimated_open": balance.estimated_open,
            "charged": balance.charged,
            "cap": balance.cap,
            "left": balance.left,
        },
        "unknown": [
            {
                "operation_id": operation.operation_id,
                "kind": operation.kind,
                "service": operation.service,
                "subject_id": operation.subject_id,
                "sent_at": operation.sent_at,
                "message": operation.message,
            }
            for operation in unknown
        ],
    }
    table = Table(
        ("time", "for", "kind", "USD", "basis"),
        [(entry.created_at, entry.subject_id, entry.kind, f"{entry.amount:.4f}", entry.basis) for entry in entries],
        empty="Nothing was estimated or charged yet.",
    )
    summary = f"charged {usd(balance.charged)}   expected for open work {usd(balance.estimated_open)}   " + (
        "no cap (set cap_usd in [money] of webtune.toml)"
        if balance.cap is None
        else f"cap {usd(balance.cap)}   left {usd(balance.left or 0.0)}"
    )
    doubts = "\n".join(
        f"UNKNOWN: the {operation.kind} of {operation.subject_id} at {operation.service}, sent {operation.sent_at}; "
        "it is looked up when you resume it, never sent again by itself"
        for operation in unknown
    )
    return Outcome(data, [table, summary, doubts])
