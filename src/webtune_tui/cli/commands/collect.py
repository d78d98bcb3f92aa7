"""``webtune collect``: records through Bright Data, priced, capped and resumable."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from webtune_tui.cli.collecting import (
    access_of,
    add_deadline,
    add_sending,
    carry_out,
    collect_dataset,
    list_errors,
    retry,
)
from webtune_tui.cli.collection_commands import add_show_and_delete
from webtune_tui.cli.collection_drift import drift_fields, told
from webtune_tui.cli.collection_report import collection_fields, follow, outcome_of
from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, subcommands
from webtune_tui.cli.page_commands import add_page_commands, confirm_resend
from webtune_tui.domain.amounts import usd
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
    add_page_commands(group)
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
    resume_parser.add_argument(
        "--resend-unknown", action="store_true", help="ask again for paid pages of unknown end, at their price"
    )
    for following in (snapshot, resume_parser):
        add_deadline(following)
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
    add_show_and_delete(group)
    drift_parser = add_subcommand(
        group,
        "drift",
        drift,
        access=Access.READ,
        summary="what changed since the last collection of the same",
        examples=("webtune collect drift c261122-1a2b3c4d",),
    )
    drift_parser.add_argument("collection", metavar="ID")
    scrapers_parser = add_subcommand(
        group,
        "scrapers",
        scrapers,
        access=Access.NONE,
        summary="the scrapers that can be asked, with their inputs",
        examples=("webtune collect scrapers --search amazon",),
    )
    scrapers_parser.add_argument("--search", metavar="TEXT", default="", help="by name, site, id, use or field")
    scrapers_parser.add_argument("--refresh", action="store_true", help="ask for the service's own list first (free)")
    _add_failures(group)
    _add_dataset(group)


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
    add_sending(parser)


def _add_dataset(group: Any) -> None:
    parser = add_subcommand(
        group,
        "dataset",
        collect_dataset,
        access=Access.WRITE,
        summary="collect records of a ready dataset of the marketplace",
        examples=("webtune collect dataset gd_l7q7dkf244hwjntr0 --where 'rating >= 4.5' --max-records 100",),
    )
    parser.add_argument("dataset_id", metavar="DATASET_ID")
    parser.add_argument(
        "--where",
        metavar="CONDITION",
        action="append",
        default=[],
        help="such as 'rating >= 4.5', 'brand in [Lamy, Pilot]', 'categories includes Pens', 'upc is not null'",
    )
    parser.add_argument("--any", action="store_true", help="one of the conditions is enough; default: all of them")
    parser.add_argument("--filter", metavar="FILE", type=Path, help="the whole filter as JSON, nested up to 3 deep")
    parser.add_argument("--max-records", metavar="N", type=int, help="records the collection may bring")
    add_sending(parser)


def _add_failures(group: Any) -> None:
    errors_parser = add_subcommand(
        group,
        "errors",
        list_errors,
        access=Access.READ,
        summary="the inputs that failed, with their codes",
        examples=("webtune collect errors c261122-1a2b3c4d",),
    )
    retry_parser = add_subcommand(
        group,
        "retry",
        retry,
        access=Access.WRITE,
        summary="collect the failed inputs again, as a new and priced collection",
        examples=("webtune collect retry c261122-1a2b3c4d --dry-run",),
    )
    for parser in (errors_parser, retry_parser):
        parser.add_argument("collection", metavar="ID")
    retry_parser.add_argument("--all", action="store_true", help="dead pages and bad inputs too")
    add_sending(retry_parser)


async def collect(context: CommandContext) -> Outcome:
    """Checks, prices, asks, sends once and follows to the stored records."""
    given = context.arguments
    inputs = _inputs(given.input)
    if given.inputs:
        from webtune_tui.sources.input_files import inputs_of_file  # the readers are needed for this option alone

        inputs += inputs_of_file(given.inputs)
    async with context.services(access_of(context)) as services:
        plan = await services.collect.plan(
            given.scraper,
            inputs,
            discover_by=given.discover_by,
            limit_per_input=given.limit_per_input,
            max_records=given.max_records,
        )
        return await carry_out(context, services, plan)


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
        if given.resend_unknown:
            if not given.collection:
                raise UsageError("--resend-unknown needs the ID of a collection", hint="See: webtune collect list")
            await confirm_resend(context, services, given.collection)
        if given.collection:
            events = services.collect.resume(
                given.collection, deadline=given.deadline, resend_unknown=given.resend_unknown
            )
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


async def drift(context: CommandContext) -> Outcome:
    """One collection beside the last that asked for the same."""
    async with context.services() as services:
        found = await services.drift.report(context.arguments.collection)
    return Outcome({"collection_id": context.arguments.collection, "drift": None} | drift_fields(found), told(found))


async def scrapers(context: CommandContext) -> Outcome:
    """The list of scrapers: the service's own where it was asked for once, else the bundled one."""
    from webtune_tui.services.scraper_catalogue import KnownScrapers  # only this command needs no workspace
    from webtune_tui.sources import catalogue

    if context.arguments.refresh:
        context.progress.say("Asking the service for its list; this takes up to half a minute and is free")
        async with context.services(Access.WRITE_IF_FREE) as services:
            await services.collect.refresh_catalogue()
    known = KnownScrapers(context.settings())
    info = known.info()
    if info.notice:
        context.progress.say(info.notice)
    found = known.current().search(context.arguments.search)
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
                        {
                            "name": i.name,
                            "required": i.required,
                            "type": i.kind,
                            "example": i.example,
                            "description": i.description,
                        }
                        for i in door.inputs
                    ],
                }
                for door in scraper.doors
            ],
            "fields": list(scraper.fields),
            "description": scraper.description,
            "category": scraper.category,
            "use_cases": list(scraper.use_cases),
        }
        for scraper in found
    ]
    rows = [
        (catalogue.slug(s.name), s.domain, s.scraper_id, ", ".join(d.discover_by or "url" for d in s.doors))
        for s in found
    ]
    listed = Table(("scraper", "site", "id", "doors"), rows, empty="No scraper fits.")
    origin = f"{info.scrapers:,} scrapers by the {info.origin} list of {info.dated}"
    body = {"scrapers": data, "origin": info.origin, "dated": info.dated, "known": info.scrapers, "notice": info.notice}
    return Outcome(body, [listed, origin])


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
