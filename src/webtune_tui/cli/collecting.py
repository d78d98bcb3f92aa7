"""What every paid way of collecting has in common on the command line, and the commands for filters and retries."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webtune_tui.cli.collection_drift import drift_fields
from webtune_tui.cli.collection_report import collection_fields, follow, outcome_of
from webtune_tui.cli.command import Access, CommandContext, Outcome, Table
from webtune_tui.cli.notice import tell_notice
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.errors import UsageError, WebtuneError

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services
    from webtune_tui.services.collect import CollectPlan

_LARGEST_FILTER = 4 * 1024**2


def access_of(context: CommandContext) -> Access:
    """A dry run writes nothing: it goes on beside another process that does."""
    return Access.WRITE_IF_FREE if context.arguments.dry_run else Access.WRITE


def add_sending(parser: argparse.ArgumentParser) -> None:
    """The options of whatever sends a request that may be paid."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be sent and its price; send nothing")
    add_deadline(parser)


def add_deadline(parser: argparse.ArgumentParser) -> None:
    """The option of whatever waits for a collection."""
    parser.add_argument(
        "--deadline", metavar="S", type=_seconds, help="stop waiting after S seconds (exit 3); resume goes on"
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("seconds, 0 or more")
    return value


async def carry_out(context: CommandContext, services: Services, plan: CollectPlan) -> Outcome:
    """Asks, sends once and follows to the stored records; with ``--dry-run`` only tells what would be sent."""
    if context.arguments.dry_run:
        return await _dry_run(services, plan)
    place = f"{plan.address} (sandbox)" if plan.is_sandbox else plan.address
    context.progress.detail(plan.command)
    again = f" The same was asked for as {plan.earlier} within thirty days." if plan.earlier else ""
    tell_notice(context)
    if plan.address:
        context.progress.detail(f"POST {place}{plan.path} {dict(plan.query)} {plan.body}")
        context.confirm(
            f"Collect from {plan.label} at {place} for at most {usd(plan.estimated_cost)} ({plan.basis})?{again}"
        )
        context.progress.say(f"{plan.label}: at most {usd(plan.estimated_cost)} ({plan.basis})")
    else:  # no service is asked, so nothing is paid
        context.progress.say(f"{plan.label}: {plan.basis}")
    events = services.collect.start(plan, deadline=context.arguments.deadline)
    try:
        collection = await follow(events, context.progress, context.workspace, context.known)
    except WebtuneError as error:
        stored = [c for c in await services.collect.collections() if c.collection_id == plan.collection_id]
        known = collection_fields(stored[0], context.workspace) if stored else {}
        error.fields = {"estimated_cost": plan.estimated_cost} | error.fields | known
        raise
    receipt = {
        "estimated": plan.estimated_cost,
        "delivered": collection.records,
        "charged": collection.cost,
        "snapshot_id": collection.snapshot_id,
        "basis": plan.basis,
    }
    extra = {"basis": plan.basis, "command": plan.command, "curl": plan.curl, "earlier": plan.earlier}
    drift = drift_fields(await services.drift.report(collection.collection_id))
    return outcome_of(collection, context.workspace, extra | drift | {"receipt": receipt})


async def collect_dataset(context: CommandContext) -> Outcome:
    """A filter over a dataset of the marketplace."""
    from webtune_tui.sources import conditions  # this command alone reads them

    given = context.arguments
    if given.filter and given.where:
        raise UsageError("--filter and --where don't go together", hint="Write all of it in the file.")
    async with context.services(access_of(context)) as services:
        if given.filter:
            condition = _filter_of_file(given.filter)
        else:
            fields = await services.collect.dataset_fields(given.dataset_id)
            condition = conditions.joined([conditions.parse(text, fields) for text in given.where], any_of=given.any)
        plan = await services.collect.plan_filter(given.dataset_id, condition, max_records=given.max_records)
        return await carry_out(context, services, plan)


async def retry(context: CommandContext) -> Outcome:
    """A new, priced collection of the failed inputs alone."""
    given = context.arguments
    async with context.services(access_of(context)) as services:
        plan = await services.collect.retry_plan(given.collection, every=given.all)
        return await carry_out(context, services, plan)


async def list_errors(context: CommandContext) -> Outcome:
    """The failed inputs of a collection with their codes."""
    async with context.services() as services:
        failures = await services.collect.failed_inputs(context.arguments.collection)
    data = [
        {
            "input": dict(failure.input),
            "code": failure.code,
            "message": failure.message,
            "rows": failure.rows,
            "may_be_retried": failure.may_be_retried,
        }
        for failure in failures
    ]
    rows = [
        (failure.code, "yes" if failure.may_be_retried else "no", failure.rows, _shown(failure.input), failure.message)
        for failure in failures
    ]
    table = Table(("code", "retry", "rows", "input", "message"), rows, empty="No input failed.")
    return Outcome({"collection_id": context.arguments.collection, "failed_inputs": data}, table)


async def _dry_run(services: Services, plan: CollectPlan) -> Outcome:
    balance = await services.money.balance()
    data = {
        "dry_run": True,
        "source": plan.source,
        "label": plan.label,
        "address": plan.address,
        "is_sandbox": plan.is_sandbox,
        "path": plan.path,
        "query": dict(plan.query),
        "body": plan.body,
        "worst_case_records": plan.worst_case_records,
        "estimated_cost": plan.estimated_cost,
        "basis": plan.basis,
        "cap": balance.cap,
        "cap_left": balance.left,
        "earlier": plan.earlier,
        "command": plan.command,
        "curl": plan.curl,
    }
    query = "".join(f"\n  {name}={value}" for name, value in plan.query.items())
    left = (
        "no cap is set" if balance.left is None else f"{usd(balance.left)} left of the cap of {usd(balance.cap or 0)}"
    )
    again = (
        f"\nThe same was asked for as {plan.earlier} within thirty days; sending it pays again." if plan.earlier else ""
    )
    return Outcome(
        data,
        (
            f"Nothing was sent. It would be, to {plan.address}{' (sandbox)' if plan.is_sandbox else ''}:\n"
            f"POST {plan.path}{query}\n{plan.body}\n\n"
            if plan.address
            else "Nothing was fetched.\n\n"
        )
        + f"At most {usd(plan.estimated_cost)}: {plan.basis}; {left}.{again}\n\n{plan.command}\n{plan.curl}",
    )


def _filter_of_file(path: Path) -> Any:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_FILTER + 1)
        if len(content) > _LARGEST_FILTER:
            raise UsageError(f"{path} is larger than {_LARGEST_FILTER // 1024**2} MB", hint="Check --filter.")
        return json.loads(content)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}", hint="Check --filter.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid JSON", hint="It holds one condition or a group of them.") from error


def _shown(given: Any) -> str:
    return " ".join(f"{name}={value}" for name, value in given.items())
