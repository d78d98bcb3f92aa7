"""``webtune dataset show``: the examples of a version that fulfil a condition, in an order."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from typing import Any

from webtune_tui.cli.command import Access, CommandContext, Outcome, add_subcommand, whole_number
from webtune_tui.domain.conditions import compiled
from webtune_tui.domain.errors import UsageError
from webtune_tui.domain.example_fields import condition_on_examples
from webtune_tui.domain.examples import Example, Split, chat_row

_SIGNS = re.compile(r"[=<>~()\"“”„]|\b\w+:\w")
_SPLIT = re.compile(r"split\s*==?\s*([\w-]+)", re.IGNORECASE)


def add_show_command(group: Any) -> None:
    """The command below ``webtune dataset``."""
    show = add_subcommand(
        group,
        "show",
        _show,
        access=Access.READ,
        summary="Print examples of a version (the working one without a name).",
        examples=(
            "webtune dataset show --limit 3",
            "webtune dataset show --where split=test",
            "webtune dataset show --where kettle",
            "webtune dataset show --where 'tokens > 800 and source ~ \"amazon\" and flag:near-duplicate'",
            "webtune dataset show --sort tokens --descending --limit 5",
        ),
    )
    show.add_argument("version", nargs="?", metavar="VERSION", help="a version's name or the head of it")
    show.add_argument("--limit", type=whole_number(0), default=20, metavar="N", help="at most N examples (20)")
    show.add_argument("--offset", type=whole_number(0), default=0, metavar="N", help="leave out the first N")
    show.add_argument(
        "--where",
        metavar="CONDITION",
        help="on index, id, split, tokens, turns, prompt, answer, system, text, source, flag, edited, group; joined by "
        "and, or, not and parentheses. Plain words are looked for in all messages",
    )
    show.add_argument(
        "--sort",
        default="index",
        metavar="COLUMN",
        help="by index, id, split, tokens, source, flags, prompt or answer (index)",
    )
    show.add_argument("--descending", action="store_true", help="the largest or last first")


@dataclass(frozen=True, slots=True)
class Asked:
    """What ``--where`` says: a condition, and words that any message has."""

    condition: str = ""
    text: str = ""


def asked(where: str) -> Asked:
    """A condition, plain words, or both joined by ``and``: ``split=test and kettle``.

    Raises:
        UsageError: it is meant as a condition and can't be read, or asks what examples don't have.
    """
    if not where.strip():
        return Asked()
    try:
        found = Asked(condition_on_examples(where).text)
    except UsageError:
        found = _with_words(where)
    for part in compiled(found.condition).parts if found.condition else ():
        named = _SPLIT.fullmatch(part)
        if named and named[1].lower() not in {one.value for one in Split}:
            raise UsageError(f"There is no split {named[1]!r}", hint="Give train, validation or test.")
    return found


def _with_words(where: str) -> Asked:
    """Its parts that are conditions, and its others as words; raises what is wrong where it can't be words."""
    conditions, words = [], []
    for part in where.split(" and "):
        if not part.strip():
            continue
        if _is_condition(part):
            conditions.append(condition_on_examples(part).text)
        elif _SIGNS.search(part) or _is_condition(where):
            condition_on_examples(where)
        else:
            words.append(part.strip())
    return Asked(" and ".join(conditions), " and ".join(words))


def _is_condition(text: str) -> bool:
    """Whether it reads as one, whatever it asks for."""
    try:
        compiled(text)
    except UsageError:
        return False
    return True


async def _show(context: CommandContext) -> Outcome:
    arguments: argparse.Namespace = context.arguments
    where = asked(arguments.where or "")
    async with context.services() as services:
        version = await services.curate.version(arguments.version)
        listing = await services.curate.listing(
            version.content_hash,
            where=where.condition,
            text=where.text,
            sort=arguments.sort,
            is_descending=arguments.descending,
        )
        async for _ in listing.find():
            pass
        page = await listing.page(arguments.offset, arguments.limit)
    body = {
        "dataset_version": version.dataset_version,
        "content_hash": version.content_hash,
        "total": page.total,
        "examples": [_example_json(example) for example in page.examples],
    }
    first, last = page.offset + 1, page.offset + len(page.examples)
    told = f"Examples {first:,}-{last:,} of {page.total:,}" if page.examples else _nothing(page.total, where)
    return Outcome(body, ["\n\n".join([*map(_example_text, page.examples), told])])


def _nothing(total: int, where: Asked) -> str:
    if total:
        return f"{total:,} examples fit; none of them is in this part of the list."
    words = f" It was looked for the words “{where.text}” in all messages." if where.text else ""
    return f"No example fits.{words}"


def _example_json(example: Example) -> dict[str, Any]:
    return {
        "id": example.example_id,
        "split": example.split.value,
        **chat_row(example.messages),
        "flags": list(example.flags),
        "tokens": example.tokens,
    }


def _example_text(example: Example) -> str:
    flags = f"  [{', '.join(example.flags)}]" if example.flags else ""
    lines = [f"{example.example_id}  {example.split.value}, {example.tokens} tokens{flags}"]
    lines += [f"  {message.role}: {message.content}".replace("\n", "\n    ") for message in example.messages]
    return "\n".join(lines)
