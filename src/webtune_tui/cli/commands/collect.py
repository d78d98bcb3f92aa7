"""``webtune collect``: records through Bright Data, priced, capped and resumable."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from webtune_tui.cli.collection_report import collection_fields, follow, outcome_of, usd
from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, subcommands
from webtune_tui.domain.errors import UsageError, WebtuneError, WorkFailed
from webtune_tui.domain.records import Collection, CollectionState

SUMMARY = "collect records through Bright Data, priced, capped and resumable"
EXAMPLES = (
    "webtune collect brightdata --scraper amazon-products "
    "--input category_url=https://www.amazon.com/gp/bestsellers/office-products",
    "webtune collect resume",
    "webtune collect scrapers --search amazon",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One subcommand per verb."""
    group = subcommands(parser)
    _add_brightdata(group)
    snapshot = add_subcommand(
        group,
        "snapshot",
        adopt,
        access=Access.WRITE,
        summary="take over an existing snapshot of the account",
        examples=("webtune collect snapshot sd_mu3j5zf4i64vu5aoj",),
    )
    snapshot.add_argument("snapshot_id", metavar="SNAPSHOT_ID")
    resume_parser = add_subcommand(
        group,
        "resume",
        resume,
        access=Access.WRITE,
        summary="go on with what is unfinished; nothing is ever sent again",
        examples=("webtune collect resume", "webtune collect resume c261122-1a2b3c4d"),
    )
    resume_parser.add_argument("collection", metavar="ID", nargs="?", help="default: every unfinished one")
    for following in (snapshot, resume_parser):
        _add_deadline(following)
    cancel_parser = add_subcommand(
        group,
        "cancel",
        cancel,
        access=Access.WRITE,
        summary="ask the service to stop a collection",
        examples=("webtune collect cancel c261122-1a2b3c4d --yes",),
    )
    cancel_parser.add_argument("collection", metavar="ID")
    add_subcommand(
        group,
        "list",
        list_collections,
        access=Access.READ,
        summary="every collection, newest first",
        examples=("webtune collect list",),
    )
    scrapers_parser = add_subcommand(
        group,
        "scrapers",
        scrapers,
        access=Access.NONE,
        summary="the scrapers that can be asked, with their inputs",
        examples=("webtune collect scrapers --search amazon",),
    )
    scrapers_parser.add_argument("--search", metavar="TEXT", default="", help="by name, site or id")


def _add_brightdata(group: Any) -> None:
    parser = add_subcommand(
        group,
        "brightdata",
        collect,
        access=Access.WRITE,
        summary="collect through a scraper of Bright Data",
        examples=EXAMPLES[:1],
    )
    parser.add_argument("--scraper", metavar="ID_OR_NAME", required=True, help="see: webtune collect scrapers")
    parser.add_argument(
        "--input",
        metavar="k=v",
        nargs="+",
        action="extend",
        default=[],
        help="a field of an input; a field given again begins the next input",
    )
    parser.add_argument("--inputs", metavar="FILE", type=Path, help="many inputs: JSON, JSON lines or CSV")
    parser.add_argument("--discover-by", metavar="DOOR", help="default: told by the fields of the inputs")
    parser.add_argument("--limit-per-input", metavar="N", type=int, help="records an input may bring")
    parser.add_argument("--max-records", metavar="N", type=int, help="records the whole collection may bring")
    _add_deadline(parser)


def _add_deadline(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--deadline", metavar="S", type=_seconds, help="stop waiting after S seconds (exit 3); the work goes on"
    )


async def collect(context: CommandContext) -> Outcome:
    """Checks, prices, asks, sends once and follows to the stored records."""
    given = context.arguments
    inputs = _inputs(given.input)
    if given.inputs:
        from webtune_tui.sources.input_files import inputs_of_file  # the readers are needed for this option alone

        inputs += inputs_of_file(given.inputs)
    async with context.services() as services:
        plan = await services.collect.plan(
            given.scraper,
            inputs,
            discover_by=given.discover_by,
            limit_per_input=given.limit_per_input,
            max_records=given.max_records,
        )
        place = f"{plan.address} (sandbox)" if plan.is_sandbox else plan.address
        context.progress.detail(f"POST {place} {dict(plan.query)} {plan.body}")
        context.progress.detail(plan.command)
        context.confirm(f"Collect from {plan.label} at {place} for at most {usd(plan.estimated_cost)} ({plan.basis})?")
        context.progress.say(f"{plan.label}: at most {usd(plan.estimated_cost)} ({plan.basis})")
        events = services.collect.start(plan, deadline=given.deadline)
        try:
            collection = await follow(events, context.progress, context.workspace, context.known)
        except WebtuneError as error:
            stored = [c for c in await services.collect.collections() if c.collection_id == plan.collection_id]
            known = collection_fields(stored[0], context.workspace) if stored else {}
            error.fields = {"estimated_cost": plan.estimated_cost} | error.fields | known
            raise
    return outcome_of(collection, context.workspace, {"basis": plan.basis, "command": plan.command, "curl": plan.curl})


async def adopt(context: CommandContext) -> Outcome:
    """Follows a snapshot that exists already."""
    async with context.services() as services:
        events = services.collect.adopt(context.arguments.snapshot_id, deadline=context.arguments.deadline)
        collection = await follow(events, context.progress, context.workspace, context.known)
    return outcome_of(collection, context.workspace)


async def resume(context: CommandContext) -> Outcome:
    """Goes on with one collection or with all that are unfinished."""
    given = context.arguments
    async with context.services() as services:
        if given.collection:
            events = services.collect.resume(given.collection, deadline=given.deadline)
            collection = await follow(events, context.progress, context.workspace, context.known)
            return outcome_of(collection, context.workspace)
        ended: list[Collection] = []
        failure: WebtuneError | None = None
        for unfinished in await services.collect.unfinished():
            events = services.collect.resume(unfinished.collection_id, deadline=given.deadline)
            try:
                ended.append(await follow(events, context.progress, context.workspace))
            except WebtuneError as error:  # the others go on; the first failure is told at the end
                context.progress.error(error)
                failure = failure or error
                ended.append(await services.collect.collection(unfinished.collection_id))
    return _resumed(ended, failure, context)


def _resumed(ended: Sequence[Collection], failure: WebtuneError | None, context: CommandContext) -> Outcome:
    rows = [collection_fields(collection, context.workspace) for collection in ended]
    data = (rows[-1] if rows else {}) | {"collections": rows}
    if failure is not None:
        failure.fields = data | failure.fields
        raise failure
    failed = [c for c in ended if c.state in (CollectionState.FAILED, CollectionState.EMPTY)]
    if failed:
        raise WorkFailed(failed[0].message or f"{failed[0].collection_id} {failed[0].state.value}", fields=data)
    return Outcome(data, _table(ended, "Nothing to resume."))


async def cancel(context: CommandContext) -> Outcome:
    """Asks the service to stop one collection."""
    async with context.services() as services:
        known = await services.collect.collection(context.arguments.collection)
        if not known.state.is_final:
            context.confirm(f"Cancel {known.collection_id} ({known.label})? What was delivered may be charged.")
        collection = await services.collect.cancel(known.collection_id)
    fields = collection_fields(collection, context.workspace)
    return Outcome(fields, f"{collection.collection_id}: {collection.state.value} {collection.message}".rstrip())


async def list_collections(context: CommandContext) -> Outcome:
    """Every collection of the workspace."""
    async with context.services() as services:
        collections = await services.collect.collections()
    rows = [collection_fields(collection, context.workspace) for collection in collections]
    return Outcome({"collections": rows}, _table(collections, "No collections yet. Start one: webtune collect --help"))


async def scrapers(context: CommandContext) -> Outcome:
    """The bundled catalogue."""
    from webtune_tui.sources import catalogue  # only this command reads it without a workspace

    found = catalogue.search(context.arguments.search)
    data = [
        {
            "scraper_id": scraper.scraper_id,
            "name": scraper.name,
            "slug": catalogue.slug(scraper.name),
            "domain": scraper.domain,
            "doors": [
                {
                    "discover_by": door.discover_by,
                    "inputs": [
                        {"name": i.name, "required": i.required, "type": i.kind, "example": i.example}
                        for i in door.inputs
                    ],
                }
                for door in scraper.doors
            ],
            "fields": list(scraper.fields),
        }
        for scraper in found
    ]
    rows = [
        (catalogue.slug(s.name), s.domain, s.scraper_id, ", ".join(d.discover_by or "url" for d in s.doors))
        for s in found
    ]
    return Outcome({"scrapers": data}, Table(("scraper", "site", "id", "doors"), rows, empty="No scraper fits."))


def _table(collections: Sequence[Collection], empty: str) -> Table:
    rows = [
        (
            c.collection_id,
            c.state.value,
            c.label + (" (sandbox)" if c.is_sandbox else ""),
            c.records,
            c.errors,
            "" if c.cost is None else usd(c.cost),
            c.created_at[:16],
        )
        for c in collections
    ]
    return Table(("collection", "state", "source", "records", "errors", "cost", "created"), rows, empty=empty)


def _inputs(pairs: Sequence[str]) -> list[Mapping[str, Any]]:
    """``k=v`` words as inputs; a name that comes again begins the next one."""
    inputs: list[dict[str, Any]] = []
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name.strip():
            raise UsageError(f"--input {pair!r} is not k=v", hint="For example --input url=https://example.com")
        if not inputs or name.strip() in inputs[-1]:
            inputs.append({})
        inputs[-1][name.strip()] = value
    return list(inputs)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("seconds, 0 or more")
    return value
