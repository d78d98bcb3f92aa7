"""``webtune collect urls``, ``search`` and ``zones``: pages by address, results of searches, the account's zones."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from webtune_tui.cli.collecting import access_of, add_sending, carry_out
from webtune_tui.cli.command import Access, CommandContext, Outcome, Table, add_subcommand, whole_number
from webtune_tui.domain.amounts import usd
from webtune_tui.domain.errors import UsageError
from webtune_tui.sources.base import PagesRequest

if TYPE_CHECKING:
    from webtune_tui.bootstrap import Services
    from webtune_tui.services.collect import CollectPlan

MAX_PAGES = 50
_WAYS = ("crawl", "unlocker", "direct")
_ENGINES = ("google", "bing", "yandex")
_LARGEST_LIST = 64 * 1024**2
_COLLECTION = re.compile(r"c\d{6}-[0-9a-f]{8}")


def add_page_commands(group: Any) -> None:
    """Adds the subcommands to ``collect``."""
    urls = add_subcommand(
        group,
        "urls",
        collect_urls,
        access=Access.WRITE,
        summary="collect pages by their addresses, as Markdown",
        examples=(
            "webtune collect urls https://example.com/a https://example.com/b",
            "webtune collect urls --from urls.txt --via unlocker --zone web_unlocker1",
            "webtune collect urls --from c261122-1a2b3c4d --max-pages 20",
        ),
    )
    urls.add_argument("urls", metavar="URL", nargs="*")
    urls.add_argument(
        "--from",
        metavar="FILE_OR_ID",
        dest="list",
        help="more addresses: a file with one a line, - for stdin, or a collection whose records have them",
    )
    urls.add_argument(
        "--via", choices=_WAYS, help="default: crawl where a Bright Data key is found, else direct from this machine"
    )
    urls.add_argument("--zone", metavar="Z", default="", help="the zone for unlocker; see: webtune collect zones")
    urls.add_argument(
        "--markdown", action="store_true", help="let unlocker make the text (default: the main text by our own rules)"
    )
    urls.add_argument(
        "--max-pages",
        metavar="N",
        type=whole_number(1),
        help=f"take the first N addresses of --from (default for a collection: {MAX_PAGES})",
    )
    search = add_subcommand(
        group,
        "search",
        collect_search,
        access=Access.WRITE,
        summary="collect the results of a search engine through a SERP zone",
        examples=('webtune collect search "coffee grinder review" --engine google --country us --pages 2',),
    )
    search.add_argument("query", metavar="QUERY")
    search.add_argument("--engine", choices=_ENGINES, default="google")
    search.add_argument("--country", metavar="CC", default="", help="two letters, such as us or br")
    search.add_argument("--pages", metavar="N", type=whole_number(1), default=1, help="pages of about 10 results")
    search.add_argument("--zone", metavar="Z", default="", help="default: the account's only SERP zone")
    for parser in (urls, search):
        add_sending(parser)
    add_subcommand(
        group,
        "zones",
        list_zones,
        access=Access.WRITE_IF_FREE,
        summary="the zones of the Bright Data account; none is ever made",
        examples=("webtune collect zones",),
    )


async def collect_urls(context: CommandContext) -> Outcome:
    """Checks, prices, asks and fetches pages."""
    given = context.arguments
    async with context.services(access_of(context)) as services:
        urls = [*given.urls, *(await _listed(context, services) if given.list else [])]
        plan = await services.collect.plan_pages(urls, via=given.via, zone=given.zone, markdown=given.markdown)
        if given.via is None:
            context.progress.say(
                "Through the crawl scraper of Bright Data (a key was found)"
                if plan.source == "brightdata"
                else "No Bright Data key was found: the pages are fetched directly from this machine"
            )
        return await _carried_out(context, services, plan)


async def collect_search(context: CommandContext) -> Outcome:
    """Checks, prices, asks and fetches pages of results."""
    given = context.arguments
    async with context.services(access_of(context)) as services:
        plan = await services.collect.plan_search(
            given.query, engine=given.engine, zone=given.zone, pages=given.pages, country=given.country
        )
        return await _carried_out(context, services, plan)


async def list_zones(context: CommandContext) -> Outcome:
    """The account's zones."""
    async with context.services() as services:
        zones = await services.collect.zones()
    data = [{"name": zone.name, "type": zone.kind} for zone in zones]
    rows = [(zone.name, zone.kind) for zone in zones]
    return Outcome({"zones": data}, Table(("zone", "type"), rows, empty="The account has no zones."))


async def confirm_resend(context: CommandContext, services: Services, collection_id: str) -> None:
    """Tells the price of asking again for pages of unknown end, and asks for agreement where there are any."""
    again = await services.collect.unknown_pages(collection_id)
    if again.count:
        context.confirm(
            f"Ask again for {again.count:,} pages of unknown end, which may have been paid already, "
            f"for at most {usd(again.cost)} more ({again.basis})?"
        )


async def _carried_out(context: CommandContext, services: Services, plan: CollectPlan) -> Outcome:
    more = len(plan.request.urls) - 1 if isinstance(plan.request, PagesRequest) and plan.address else 0
    if more:
        context.progress.detail(f"{more:,} more requests like the shown one follow, each with its own url")
    return await carry_out(context, services, plan)


async def _listed(context: CommandContext, services: Services) -> list[str]:
    """The addresses of ``--from``."""
    source, most = context.arguments.list, context.arguments.max_pages
    if _COLLECTION.fullmatch(source) and not Path(source).exists():
        found, total = await services.collect.urls_of(source, limit=most or MAX_PAGES)
        if not found:
            raise UsageError(f"The records of {source} hold no addresses", hint="See: webtune collect list")
        if total > len(found):
            context.progress.say(f"{len(found):,} of the {total:,} addresses of {source}; --max-pages N takes more")
        return list(found)
    urls = _lines_of(source)
    if most is not None and len(urls) > most:
        context.progress.say(f"{most:,} of the {len(urls):,} addresses of {source}")
    return urls[:most]


def _lines_of(source: str) -> list[str]:
    if source == "-":
        return _lines(sys.stdin.buffer, "stdin")
    try:
        with Path(source).open("rb") as stream:
            return _lines(stream, source)
    except OSError as error:
        raise UsageError(f"{source} can't be read: {error.strerror or error}", hint="Check --from.") from error


def _lines(stream: BinaryIO, name: str) -> list[str]:
    """One address a line; empty lines and lines that begin with # are left out."""
    body = stream.read(_LARGEST_LIST + 1)
    if len(body) > _LARGEST_LIST:
        raise UsageError(f"{name} is larger than {_LARGEST_LIST // 1024**2} MB", hint="Split it.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text", hint="Give one address a line.") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
